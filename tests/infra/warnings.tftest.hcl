# What a plan warns of, and does not refuse.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  accounts               = { main = { provider = "openrouter", warning = 20, critical = 5 } }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
  package_dir            = "fixtures"
}

run "accounts_that_nobody_hears_of_are_warned_of" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    subscribers = { on-call = { protocol = "sms", endpoint = "+4915112345678", severities = ["critical"] } }
  }

  expect_failures = [check.everybody_is_told]
}

run "more_alarms_than_a_region_allows_are_warned_of" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  # The alarms themselves are not made: planning 5,000 takes a minute.
  override_module {
    target = module.account_alarms
  }

  variables {
    accounts = { for number in range(1000) : "account-${number}" => { provider = "openrouter", secret = "team/keys#${number}", warning = 5, critical = 1, runway_warning_hours = 9, runway_critical_hours = 3 } }
  }

  expect_failures = [check.alarm_quota]
}
