# The input that the schedules send to the poller.

variables {
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

run "the_input_carries_the_literal_that_the_scheduler_replaces" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "browser_use", warning = 20, top_up_url = "https://pay.example/\\u003c<aws.scheduler.execution-id>" } }
  }

  assert {
    condition     = strcontains(output.schedule_inputs["0"], "\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"")
    error_message = output.schedule_inputs["0"]
  }

  assert {
    condition     = jsondecode(output.schedule_inputs["0"]).accounts[0].top_up_url == "https://pay.example/\\u003c<aws.scheduler.execution-id>"
    error_message = output.schedule_inputs["0"]
  }

  assert {
    condition     = !strcontains(output.schedule_inputs["0"], "<aws.scheduler.execution-id>")
    error_message = "The scheduler must fill in only our own placeholder."
  }
}

run "an_account_gets_defaults_and_no_unset_fields" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 20.5, params = {}, secret = null } }
  }

  assert {
    condition = jsondecode(output.schedule_inputs["0"]) == {
      scheduled_at = "<aws.scheduler.scheduled-time>"
      shard        = 0
      accounts     = [{ id = "main", provider = "openrouter", secret = "balance-monitor/api-keys#main", warning = 20.5, stale_after_minutes = 30 }]
      providers    = {}
    }
    error_message = output.schedule_inputs["0"]
  }
}

run "a_schedule_contains_the_intervals_and_a_providers_minimum_if_it_matters" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    close_interval_minutes = 1
    accounts = {
      quick = { provider = "openrouter", warning = 5 }
      slow  = { provider = "tavily", warning = 5 }
    }
  }

  assert {
    condition     = jsondecode(output.schedule_inputs["0"]).poll_interval_minutes == 5 && jsondecode(output.schedule_inputs["0"]).close_interval_minutes == 1
    error_message = output.schedule_inputs["0"]
  }

  assert {
    condition     = [for account in jsondecode(output.schedule_inputs["0"]).accounts : try(account.min_interval_seconds, null)] == [null, 120]
    error_message = output.schedule_inputs["0"]
  }
}

run "a_definition_travels_with_the_shards_that_use_it" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    shard_size       = 1
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { a = { provider = "kiosk", warning = 5, params = {} }, b = { provider = "openrouter", warning = 5, params = {} } }
  }

  assert {
    condition     = jsondecode(output.schedule_inputs["0"]).providers == { kiosk = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    error_message = output.schedule_inputs["0"]
  }

  assert {
    condition     = jsondecode(output.schedule_inputs["1"]).providers == {} && jsondecode(output.schedule_inputs["1"]).shard == 1
    error_message = output.schedule_inputs["1"]
  }
}

run "more_accounts_than_a_shard_holds_are_two_schedules" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    secret_prefixes = ["team/"]
    accounts        = { for number in range(501) : format("account-%04d", number) => { provider = "openrouter", warning = 5, secret = "team/keys#${number}" } }
  }

  assert {
    condition     = { for shard, input in output.schedule_inputs : shard => length(jsondecode(input).accounts) } == { "0" = 500, "1" = 1 }
    error_message = jsonencode(keys(output.schedule_inputs))
  }
}

run "an_input_of_more_bytes_than_the_scheduler_takes_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  # 130,000 characters, which are 260,000 bytes.
  variables {
    custom_providers = { kiosk = { title = join("", [for thousand in range(130) : join("", [for number in range(1000) : "é"])]), request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "kiosk", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = length(output.problems.accounts.payload) == 1 && can(regex("^Accounts: schedule balance-monitor-poll-0 would carry 260[0-9]{3} bytes of accounts, and the event of a failed run must fit into a queue, which takes 240,000; lower shard_size, which is 500.$", output.problems.accounts.payload[0]))
    error_message = jsonencode(output.problems.accounts.payload)
  }
}
