# What is refused of accounts: thresholds, times, and what does not fit the deployment.

variables {
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

run "an_account_without_a_threshold_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.threshold == tolist(["Account \"main\": nothing is watched; set at least one of warning, critical, runway_warning_hours, runway_critical_hours, max_burn_per_day, drain_factor, expiry_warning_days."])
    error_message = jsonencode(output.problems.accounts.threshold)
  }
}

run "critical_that_is_not_below_warning_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, critical = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.order == tolist(["Account \"main\": critical (5) must be below warning (5); lower critical or raise warning."])
    error_message = jsonencode(output.problems.accounts.order)
  }
}

run "runway_critical_that_is_not_below_runway_warning_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", runway_warning_hours = 12, runway_critical_hours = 48 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.runway_order == tolist(["Account \"main\": runway_critical_hours (48) must be below runway_warning_hours (12); lower the one or raise the other."])
    error_message = jsonencode(output.problems.accounts.runway_order)
  }
}

run "an_amount_beyond_what_cloudwatch_takes_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 1e15 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.amount == tolist(["Account \"main\": warning must lie within -1e15 and 1e15, as balances do; correct it."])
    error_message = jsonencode(output.problems.accounts.amount)
  }
}

run "stale_after_minutes_of_zero_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, stale_after_minutes = 0 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.positive == tolist(["Account \"main\": stale_after_minutes (0) must be more than 0; correct or remove it."])
    error_message = jsonencode(output.problems.accounts.positive)
  }
}

run "runway_warning_hours_of_zero_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, runway_warning_hours = 0 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.positive == tolist(["Account \"main\": runway_warning_hours (0) must be more than 0; correct or remove it."])
    error_message = jsonencode(output.problems.accounts.positive)
  }
}

run "runway_critical_hours_of_zero_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, runway_critical_hours = 0 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.positive == tolist(["Account \"main\": runway_critical_hours (0) must be more than 0; correct or remove it."])
    error_message = jsonencode(output.problems.accounts.positive)
  }
}

run "max_burn_per_day_of_zero_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, max_burn_per_day = 0 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.positive == tolist(["Account \"main\": max_burn_per_day (0) must be more than 0; correct or remove it."])
    error_message = jsonencode(output.problems.accounts.positive)
  }
}

run "expiry_warning_days_of_zero_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, expiry_warning_days = 0 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.positive == tolist(["Account \"main\": expiry_warning_days (0) must be more than 0; correct or remove it."])
    error_message = jsonencode(output.problems.accounts.positive)
  }
}

run "a_drain_factor_that_every_hour_exceeds_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", drain_factor = 1 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.drain_factor == tolist(["Account \"main\": drain_factor (1) must be more than 1, the account's usual consumption; raise it."])
    error_message = jsonencode(output.problems.accounts.drain_factor)
  }
}

run "two_drain_thresholds_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", drain_factor = 5, max_burn_per_day = 100 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.one_drain == tolist(["Account \"main\": max_burn_per_day and drain_factor make the same alarm; keep one of them."])
    error_message = jsonencode(output.problems.accounts.one_drain)
  }
}

run "expiry_of_a_provider_that_does_not_say_it_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", expiry_warning_days = 14 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.expiry == tolist(["Account \"main\": expiry_warning_days needs a provider that says when credit or key expires, and openrouter does not; remove it."])
    error_message = jsonencode(output.problems.accounts.expiry)
  }
}

run "polling_more_often_than_a_provider_allows_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { slow = { request = { url = "https://slow.example" }, wallets = { main = { unit = "USD", remaining = "left" } }, min_interval_seconds = 3600 } }
    accounts         = { main = { provider = "slow", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.interval == tolist(["Account \"main\": provider slow asks for at least 3600 seconds between two polls, and poll_interval_minutes is 5; raise it to 60."])
    error_message = jsonencode(output.problems.accounts.interval)
  }
}

run "a_stale_window_longer_than_a_day_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, stale_after_minutes = 1445 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.stale_window == tolist(["Account \"main\": stale_after_minutes (1445) with poll_interval_minutes 5 makes an alarm over 289 periods of 300 s, and CloudWatch evaluates at most 86400 s; lower stale_after_minutes."])
    error_message = jsonencode(output.problems.accounts.stale_window)
  }
}

run "a_stale_window_longer_than_a_week_is_refused_for_hourly_polls" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    poll_interval_minutes = 60
    accounts              = { main = { provider = "openrouter", warning = 5, stale_after_minutes = 10081 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.stale_window == tolist(["Account \"main\": stale_after_minutes (10081) with poll_interval_minutes 60 makes an alarm over 169 periods of 3600 s, and CloudWatch evaluates at most 604800 s; lower stale_after_minutes."])
    error_message = jsonencode(output.problems.accounts.stale_window)
  }
}

run "a_description_longer_than_cloudwatch_takes_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, top_up_url = "https://example.com/${join("", [for number in range(1000) : "x"])}" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.description == tolist(["Account \"main\": the description of alarm stale is longer than CloudWatch's 1,024 characters; shorten top_up_url, runbook_url or the provider's title.", "Account \"main\": the description of alarm warning is longer than CloudWatch's 1,024 characters; shorten top_up_url, runbook_url or the provider's title."])
    error_message = jsonencode(output.problems.accounts.description)
  }
}

run "a_dashboard_account_that_is_none_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    dashboard_accounts = ["mian"]
    accounts           = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.dashboard == tolist(["Account \"mian\" of dashboard_accounts is not one of accounts; correct or remove it."])
    error_message = jsonencode(output.problems.accounts.dashboard)
  }
}

run "a_dashboard_of_more_than_100_accounts_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    dashboard_accounts = [for number in range(101) : "account-${number}"]
    accounts           = { for number in range(101) : "account-${number}" => { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.dashboard_size == tolist(["Accounts: dashboard_accounts has 101 and a readable dashboard at most 100; remove some."])
    error_message = jsonencode(output.problems.accounts.dashboard_size)
  }
}

run "a_week_of_hourly_polls_is_accepted" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    poll_interval_minutes = 60
    accounts              = { main = { provider = "openrouter", warning = 5, stale_after_minutes = 10080 } }
  }

  assert {
    condition     = output.alarms["stale"].accounts["main"].periods == 168
    error_message = jsonencode(output.alarms)
  }
}

run "daily_polls_are_accepted" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    poll_interval_minutes = 1440
    accounts              = { main = { provider = "openrouter", warning = 5 } }
  }

  assert {
    condition     = output.alarms["stale"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms)
  }
}
