# Configurations that are accepted, and their results. test_refused_configurations.py has those that
# are refused.

variables {
  accounts               = { main = { provider = "openrouter", warning = 20, critical = 5 } }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

run "a_correct_configuration_is_accepted" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    allow_http_loopback = true
    secret_prefixes     = ["team/"]
    custom_providers = {
      kiosk = {
        title   = "Kiosk"
        request = { url = "https://kiosk.example/balance" }
        wallets = { main = { unit = "USD", remaining = "left" }, bonus = { unit = { path = "unit" }, remaining = { sum = ["a", "b"] } } }

        default_wallet = "main"
        params         = { shop = { description = "Which shop", one_of = ["north", "south"], default = "north" } }
      }
    }
    accounts = {
      "Main.1_a-b" = { provider = "openrouter", warning = 20, critical = 5 }
      arn          = { provider = "openrouter", critical = -5, secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/keys-AbC123#part" }
      local        = { provider = "kiosk", warning = 1, base_url = "http://127.0.0.1:8080/api", secret = "team/keys" }
      openai       = { provider = "openai_ledger", warning = 50, critical = 10 }
      web          = { provider = "openai_budget", budget = 200, warning = 40, params = { project = "proj_7" } }
      proxied      = { provider = "kiosk", wallet = "bonus", params = { shop = "south" }, drain_sensitivity = 3, base_url = "https://proxy.example:8443/kiosk", top_up_url = "https://kiosk.example/pay?x=1#top" }
    }
  }

  assert {
    condition     = length(flatten([for rules in values(output.problems) : values(rules)])) == 0
    error_message = jsonencode(output.problems)
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

run "a_subscriber_is_addressed_by_name_and_the_router_knows_the_filter" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = ["critical"], statuses = ["firing"] } }
  }

  assert {
    condition     = jsondecode(output.subscriptions.team.filter_policy) == { to = ["team"] }
    error_message = output.subscriptions.team.filter_policy
  }

  assert {
    condition     = jsondecode(output.subscribers_item.filters) == [{ name = "team", form = "email", severities = ["critical"], statuses = ["firing"] }]
    error_message = output.subscribers_item.filters
  }
}

run "without_a_filter_everything_is_sent" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com" } }
  }

  assert {
    condition     = jsondecode(output.subscribers_item.filters) == [{ name = "team", form = "email" }] && output.without_recipient == []
    error_message = jsonencode([output.subscribers_item, output.without_recipient])
  }
}

run "alerts_without_a_recipient_are_found_through_filters_on_accounts_and_providers" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = {
      one   = { provider = "openrouter", warning = 5 }
      two   = { provider = "openrouter", warning = 5 }
      three = { provider = "firecrawl", warning = 5 }
      four  = { provider = "deepl", warning = 5 }
    }
    subscribers = {
      by_provider = { protocol = "email", endpoint = "a@example.com", providers = ["firecrawl"], severities = ["critical"] }
      by_account  = { protocol = "email", endpoint = "b@example.com", accounts = ["one"] }
      by_both     = { protocol = "email", endpoint = "c@example.com", accounts = ["two", "four"], providers = ["openrouter"] }
      only_ends   = { protocol = "email", endpoint = "d@example.com", statuses = ["resolved"] }
    }
  }

  assert {
    condition     = output.without_recipient == ["four (critical)", "four (warning)", "three (warning)"]
    error_message = jsonencode(output.without_recipient)
  }
}

run "private_addresses_are_accepted_if_they_are_allowed" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    allow_private_addresses = true
    accounts                = { main = { provider = "litellm_key", warning = 5, base_url = "https://10.0.0.5:4000" } }
  }

  assert {
    condition     = length(flatten([for rules in values(output.problems) : values(rules)])) == 0
    error_message = jsonencode(output.problems)
  }
}

run "every_protocol_is_accepted" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = {
      mail     = { protocol = "email", endpoint = "a.b+c@mail.example.com" }
      phone    = { protocol = "sms", endpoint = "+4915112345678" }
      hook     = { protocol = "https", endpoint = "https://hooks.example:8443/a?token=b" }
      queue    = { protocol = "sqs", endpoint = "arn:aws:sqs:eu-central-1:123456789012:team" }
      function = { protocol = "lambda", endpoint = "arn:aws:lambda:eu-central-1:123456789012:function:team:live" }
    }
  }

  assert {
    condition     = length(output.subscriptions) == 5
    error_message = jsonencode(output.problems.subscribers)
  }
}

run "accounts_without_a_recipient_are_listed" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = ["critical"] } }
  }

  assert {
    condition     = output.without_recipient == ["main (warning)"]
    error_message = jsonencode(output.without_recipient)
  }
}

run "an_unknown_provider_is_refused_with_the_known_ones" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openruter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = length(output.problems.accounts.provider) == 1 && startswith(output.problems.accounts.provider[0], "Account \"main\": provider \"openruter\" is not known; use one of ") && strcontains(output.problems.accounts.provider[0], "openrouter")
    error_message = jsonencode(output.problems.accounts.provider)
  }
}
