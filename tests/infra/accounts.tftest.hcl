# What is refused of accounts: who they are and where they are read. Each run breaks one rule.

variables {
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

run "no_account_at_all_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = {}
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.some == tolist(["Accounts: there is none; name at least one."])
    error_message = jsonencode(output.problems.accounts.some)
  }
}

run "a_name_with_a_space_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { "my key" = { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.name == tolist(["Account \"my key\": a name has letters, digits, dots, underscores and dashes, begins with a letter or digit, and is at most 64 long; rename it."])
    error_message = jsonencode(output.problems.accounts.name)
  }
}

run "a_missing_param_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = "USD", remaining = "left" } }, params = { shop = { description = "Which shop" } } } }
    accounts         = { main = { provider = "kiosk", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.missing_param == tolist(["Account \"main\": provider kiosk needs param \"shop\"; set it in params."])
    error_message = jsonencode(output.problems.accounts.missing_param)
  }
}

run "a_param_that_the_provider_does_not_have_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, params = { region = "eu" } } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.unknown_param == tolist(["Account \"main\": provider openrouter has no param \"region\"; it has none."])
    error_message = jsonencode(output.problems.accounts.unknown_param)
  }
}

run "a_param_outside_of_its_choices_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    custom_providers = { kiosk = { request = { url = "https://kiosk.example/balance" }, wallets = { main = { unit = "USD", remaining = "left" } }, params = { shop = { description = "Which shop", one_of = ["north", "south"] } } } }
    accounts         = { main = { provider = "kiosk", warning = 5, params = { shop = "west" } } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.param_value == tolist(["Account \"main\": param \"shop\" of provider kiosk must be one of north, south."])
    error_message = jsonencode(output.problems.accounts.param_value)
  }
}

run "a_wallet_that_the_provider_does_not_have_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", wallet = "gold", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.wallet == tolist(["Account \"main\": provider openrouter has no wallet \"gold\"; use one of credits."])
    error_message = jsonencode(output.problems.accounts.wallet)
  }
}

run "a_base_url_with_plain_http_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, base_url = "http://proxy.example" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.base_url == tolist(["Account \"main\": base_url must be https://host[:port][/path], with no credentials, query or fragment; correct it."])
    error_message = jsonencode(output.problems.accounts.base_url)
  }
}

run "a_base_url_with_loopback_on_aws_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, base_url = "http://127.0.0.1:8080" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.base_url == tolist(["Account \"main\": base_url must be https://host[:port][/path], with no credentials, query or fragment; correct it."])
    error_message = jsonencode(output.problems.accounts.base_url)
  }
}

run "a_base_url_with_credentials_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, base_url = "https://me:word@proxy.example" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.base_url == tolist(["Account \"main\": base_url must be https://host[:port][/path], with no credentials, query or fragment; correct it."])
    error_message = jsonencode(output.problems.accounts.base_url)
  }
}

run "a_base_url_with_a_query_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, base_url = "https://proxy.example/?a=b" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.base_url == tolist(["Account \"main\": base_url must be https://host[:port][/path], with no credentials, query or fragment; correct it."])
    error_message = jsonencode(output.problems.accounts.base_url)
  }
}

run "a_base_url_with_plain_http_elsewhere_is_refused_in_the_local_cloud_too" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    allow_http_loopback = true
    accounts            = { main = { provider = "openrouter", warning = 5, base_url = "http://proxy.example" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.base_url == tolist(["Account \"main\": base_url must be https://host[:port][/path], with no credentials, query or fragment (or http:// on loopback); correct it."])
    error_message = jsonencode(output.problems.accounts.base_url)
  }
}

run "a_top_up_url_without_https_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, top_up_url = "javascript:alert(1)" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.top_up_url == tolist(["Account \"main\": top_up_url must be an https:// address without credentials; correct it."])
    error_message = jsonencode(output.problems.accounts.top_up_url)
  }
}

run "a_secret_with_a_space_is_refused_without_repeating_it" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, secret = "my secret" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.secret == tolist(["Account \"main\": secret must be a Secrets Manager name or ARN, optionally with #json_key; correct it."])
    error_message = jsonencode(output.problems.accounts.secret)
  }
}

run "a_secret_arn_without_its_suffix_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.secret == tolist(["Account \"main\": secret must be a Secrets Manager name or ARN, optionally with #json_key; correct it."])
    error_message = jsonencode(output.problems.accounts.secret)
  }
}

run "a_key_in_the_place_of_a_secret_is_refused_without_repeating_it" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { main = { provider = "openrouter", warning = 5, secret = "sk-or-v1-canary" } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.key_as_secret == tolist(["Account \"main\": secret looks like an API key. It must be the name of a secret: remove the key from the file, revoke it at the provider, and store a new one with balancectl keys set."])
    error_message = jsonencode(output.problems.accounts.key_as_secret)
  }
}

run "more_than_400_accounts_on_the_default_secret_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts = { for number in range(401) : "account-${number}" => { provider = "openrouter", warning = 5 } }
  }

  expect_failures = [output.accounts]

  assert {
    condition     = output.problems.accounts.default_secret == tolist(["Accounts: 401 keep their key in balance-monitor/api-keys, and a secret holds 64 KiB, some 400 keys; set secret of the others to a second secret, as in secret = \"balance-monitor/api-keys-2#account-name\"."])
    error_message = jsonencode(output.problems.accounts.default_secret)
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

run "what_is_right_is_accepted" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    allow_http_loopback = true
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
      proxied      = { provider = "kiosk", wallet = "bonus", params = { shop = "south" }, drain_factor = 3, base_url = "https://proxy.example:8443/kiosk", top_up_url = "https://kiosk.example/pay?x=1#top" }
    }
  }

  assert {
    condition     = length(flatten([for rules in values(output.problems) : values(rules)])) == 0
    error_message = jsonencode(output.problems)
  }
}
