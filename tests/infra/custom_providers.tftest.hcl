# What is refused of custom definitions. `balancectl provider check` holds them against the whole schema.

variables {
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

run "a_list_of_definitions_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = ["kiosk"]
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.form == tolist(["Custom providers: custom_providers must be a map of definitions by name; correct it."])
    error_message = jsonencode(output.problems.custom_providers.form)
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { "Kiosk" = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.name == tolist(["Custom provider \"Kiosk\": a name has lower-case letters, digits and underscores, begins with a letter, and is at most 40 long; rename it."])
    error_message = jsonencode(output.problems.custom_providers.name)
  }
}

run "the_name_of_a_shipped_provider_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { openrouter = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.shipped == tolist(["Custom provider \"openrouter\": a provider of that name is shipped; choose another name."])
    error_message = jsonencode(output.problems.custom_providers.shipped)
  }
}

run "a_request_with_plain_http_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "http://kiosk.example" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.url == tolist(["Custom provider \"kiosk\": request.url must be an https:// address without credentials, query and fragment; correct it."])
    error_message = jsonencode(output.problems.custom_providers.url)
  }
}

run "a_request_with_credentials_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://me:word@kiosk.example" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.url == tolist(["Custom provider \"kiosk\": request.url must be an https:// address without credentials, query and fragment; correct it."])
    error_message = jsonencode(output.problems.custom_providers.url)
  }
}

run "a_request_with_no_address_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "balance" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.url == tolist(["Custom provider \"kiosk\": request.url must be an https:// address without credentials, query and fragment; correct it."])
    error_message = jsonencode(output.problems.custom_providers.url)
  }
}

run "a_query_in_a_definitions_url_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance?v=2" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = length(output.problems.custom_providers.url) == 1
    error_message = jsonencode(output.problems.custom_providers.url)
  }
}

run "a_definition_without_a_request_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { wallets = { main = { unit = "USD", remaining = "left" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.url == tolist(["Custom provider \"kiosk\": request.url must be an https:// address without credentials, query and fragment; correct it."])
    error_message = jsonencode(output.problems.custom_providers.url)
  }
}

run "a_definition_without_wallets_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance" } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.wallets == tolist(["Custom provider \"kiosk\": wallets must have at least one wallet; describe what is left of it."])
    error_message = jsonencode(output.problems.custom_providers.wallets)
  }
}

run "a_wallet_without_unit_or_remaining_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { used = "spent" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.wallet_fields == tolist(["Custom provider \"kiosk\": wallets.main.unit is missing; set it.", "Custom provider \"kiosk\": wallets.main.remaining is missing; set it."])
    error_message = jsonencode(output.problems.custom_providers.wallet_fields)
  }
}

run "several_wallets_without_a_default_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance" }, wallets = { a = { unit = "USD", remaining = "a" }, b = { unit = "USD", remaining = "b" } } } }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.default_wallet == tolist(["Custom provider \"kiosk\": default_wallet must name one of a, b; set it."])
    error_message = jsonencode(output.problems.custom_providers.default_wallet)
  }
}

run "a_definition_that_is_text_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = "https://kiosk.example" }
    accounts         = { main = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.custom_providers.wallets == tolist(["Custom provider \"kiosk\": wallets must have at least one wallet; describe what is left of it."])
    error_message = jsonencode(output.problems.custom_providers.wallets)
  }
}
