# The accounts' alarms.

variables {
  runbook_url            = "https://wiki.example/runbook"
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

run "every_threshold_has_its_alarm" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = {
      kiosk = {
        title      = "Kiosk"
        top_up_url = "https://kiosk.example/pay"
        request    = { url = "https://kiosk.example/balance" }
        wallets    = { main = { unit = "USD", remaining = "left", expires_at = "until" } }
      }
    }
    accounts = {
      main = {
        provider              = "kiosk", warning = 20, critical = 5, stale_after_minutes = 31, runway_warning_hours = 48
        runway_critical_hours = 12, max_burn_per_day = 100, expiry_warning_days = 14
      }
    }
  }

  assert {
    condition     = keys(output.alarms) == ["critical", "drain", "expiry", "runway-critical", "runway-warning", "stale", "warning"]
    error_message = jsonencode(keys(output.alarms))
  }

  assert {
    condition     = output.alarms["warning"].kind == { name = "warning", metric = "Balance", statistic = "Minimum", comparison = "LessThanThreshold", missing = "ignore", datapoints = 1 } && output.alarms["warning"].accounts["main"].threshold == 20 && output.alarms["warning"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms["warning"])
  }

  assert {
    condition     = output.alarms["critical"].kind == { name = "critical", metric = "Balance", statistic = "Minimum", comparison = "LessThanThreshold", missing = "ignore", datapoints = 1 } && output.alarms["critical"].accounts["main"].threshold == 5 && output.alarms["critical"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms["critical"])
  }

  assert {
    condition     = output.alarms["runway-warning"].kind == { name = "runway-warning", metric = "RunwayHours", statistic = "Minimum", comparison = "LessThanThreshold", missing = "ignore", datapoints = 1 } && output.alarms["runway-warning"].accounts["main"].threshold == 48 && output.alarms["runway-warning"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms["runway-warning"])
  }

  assert {
    condition     = output.alarms["runway-critical"].kind == { name = "runway-critical", metric = "RunwayHours", statistic = "Minimum", comparison = "LessThanThreshold", missing = "ignore", datapoints = 1 } && output.alarms["runway-critical"].accounts["main"].threshold == 12 && output.alarms["runway-critical"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms["runway-critical"])
  }

  assert {
    condition     = output.alarms["drain"].kind == { name = "drain", metric = "BurnPerDay", statistic = "Maximum", comparison = "GreaterThanThreshold", missing = "ignore", datapoints = 1 } && output.alarms["drain"].accounts["main"].threshold == 100 && output.alarms["drain"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms["drain"])
  }

  assert {
    condition     = output.alarms["expiry"].kind == { name = "expiry", metric = "ExpiresInDays", statistic = "Minimum", comparison = "LessThanThreshold", missing = "ignore", datapoints = 1 } && output.alarms["expiry"].accounts["main"].threshold == 14 && output.alarms["expiry"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms["expiry"])
  }

  assert {
    condition     = output.alarms["stale"].kind.missing == "breaching" && output.alarms["stale"].kind.datapoints == null && output.alarms["stale"].kind.statistic == "SampleCount" && output.alarms["stale"].accounts["main"] == { provider = "kiosk", threshold = 1, periods = 7, description = output.alarms["stale"].accounts["main"].description }
    error_message = jsonencode(output.alarms["stale"])
  }
}

run "a_description_has_the_threshold_its_unit_and_both_links" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = {
      kiosk = {
        title      = "Kiosk"
        top_up_url = "https://kiosk.example/pay"
        request    = { url = "https://kiosk.example/balance" }
        wallets    = { main = { unit = "USD", remaining = "left", expires_at = "until" } }
      }
    }
    accounts = {
      main = {
        provider              = "kiosk", warning = 20, critical = 5, stale_after_minutes = 31, runway_warning_hours = 48
        runway_critical_hours = 12, max_burn_per_day = 100, expiry_warning_days = 14
      }
    }
  }

  assert {
    condition     = output.alarms["warning"].accounts["main"].description == "Kiosk account main has less than 20 USD left. Top up: https://kiosk.example/pay Runbook: https://wiki.example/runbook#warning"
    error_message = output.alarms["warning"].accounts["main"].description
  }

  assert {
    condition     = output.alarms["critical"].accounts["main"].description == "Kiosk account main has less than 5 USD left. Top up: https://kiosk.example/pay Runbook: https://wiki.example/runbook#critical"
    error_message = output.alarms["critical"].accounts["main"].description
  }

  assert {
    condition     = output.alarms["stale"].accounts["main"].description == "Kiosk account main has had no readable balance for 35 minutes. Top up: https://kiosk.example/pay Runbook: https://wiki.example/runbook#stale"
    error_message = output.alarms["stale"].accounts["main"].description
  }

  assert {
    condition     = output.alarms["runway-warning"].accounts["main"].description == "Kiosk account main may be empty in less than 48 hours. Top up: https://kiosk.example/pay Runbook: https://wiki.example/runbook#runway-warning"
    error_message = output.alarms["runway-warning"].accounts["main"].description
  }

  assert {
    condition     = output.alarms["runway-critical"].accounts["main"].description == "Kiosk account main may be empty in less than 12 hours. Top up: https://kiosk.example/pay Runbook: https://wiki.example/runbook#runway-critical"
    error_message = output.alarms["runway-critical"].accounts["main"].description
  }

  assert {
    condition     = output.alarms["drain"].accounts["main"].description == "Kiosk account main consumes more than 100 USD a day. Top up: https://kiosk.example/pay Runbook: https://wiki.example/runbook#drain"
    error_message = output.alarms["drain"].accounts["main"].description
  }

  assert {
    condition     = output.alarms["expiry"].accounts["main"].description == "Kiosk account main has credit or a key that expires in less than 14 days. Top up: https://kiosk.example/pay Runbook: https://wiki.example/runbook#expiry"
    error_message = output.alarms["expiry"].accounts["main"].description
  }
}

run "only_thresholds_that_are_set_have_alarms" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", critical = 5, top_up_url = "https://pay.example" } }
  }

  assert {
    condition     = output.alarm_names == { main = ["balance-monitor/main/critical", "balance-monitor/main/stale"] }
    error_message = jsonencode(output.alarm_names)
  }

  assert {
    condition     = strcontains(output.alarms["critical"].accounts["main"].description, "Top up: https://pay.example ")
    error_message = output.alarms["critical"].accounts["main"].description
  }
}

run "a_drain_sensitivity_watches_the_factor" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", drain_sensitivity = 2 } }
  }

  assert {
    condition     = output.alarms["drain-by-factor"].kind.metric == "DrainFactor" && output.alarm_names.main == ["balance-monitor/main/drain", "balance-monitor/main/stale"]
    error_message = jsonencode(output.alarms)
  }

  assert {
    condition     = output.alarms["drain-by-factor"].accounts["main"].description == "OpenRouter account main consumes more than 2 times its previous maximum, relative to what is usual at the time. Top up: https://openrouter.ai/settings/credits Runbook: https://wiki.example/runbook#drain"
    error_message = jsonencode(output.alarms)
  }
}

run "a_unit_that_only_the_answer_knows_is_not_invented" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = { path = "currency" }, remaining = "left" } } } }
    accounts         = { main = { provider = "kiosk", warning = 5 } }
  }

  assert {
    condition     = output.alarms["warning"].accounts["main"].description == "kiosk account main has less than 5 of its unit left. Runbook: https://wiki.example/runbook#warning"
    error_message = jsonencode(output.alarms)
  }
}

run "stale_never_rests_on_one_period" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    poll_interval_minutes = 60
    accounts              = { main = { provider = "openrouter", warning = 5 } }
  }

  assert {
    condition     = output.alarms["stale"].accounts["main"].periods == 2
    error_message = jsonencode(output.alarms)
  }
}
