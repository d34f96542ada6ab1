# Run with -test-directory=refused: the root must fail with the sentences of the configuration. A
# run cannot expect failures of a module within the tested one, so test_terraform.py reads them.

mock_provider "aws" {
  source = "./mocks"
}

run "the_root_refuses_what_the_configuration_refuses" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    package_dir            = "fixtures"
    accounts               = { main = { provider = "openrouter", warning = 5, critical = 20 } }
    custom_providers       = { kiosk = { request = { url = "http://kiosk.example" }, wallets = { main = { unit = "USD", remaining = "left" } } } }
    subscribers            = { team = { protocol = "sms", endpoint = "112" } }
    operations_subscribers = { ops = { protocol = "lambda", endpoint = "ops" } }
  }
}
