# What is refused of subscribers, and what their filters become.

variables {
  accounts               = { main = { provider = "openrouter", warning = 20, critical = 5 } }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
}

run "no_operations_subscriber_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    operations_subscribers = {}
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.operations == tolist(["Operations subscribers: there is none, and nobody would hear that the monitor itself fails; name at least one."])
    error_message = jsonencode(output.problems.subscribers.operations)
  }
}

run "a_name_with_a_slash_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { "team/a" = { protocol = "email", endpoint = "team@example.com" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.name == tolist(["Subscriber \"team/a\": a name has letters, digits, dots, underscores and dashes, begins with a letter or digit, and is at most 64 long; rename it."])
    error_message = jsonencode(output.problems.subscribers.name)
  }
}

run "an_unknown_protocol_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "pager", endpoint = "team" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.protocol == tolist(["Subscriber \"team\": protocol \"pager\" is not one of email, https, lambda, sms, sqs; use one of them."])
    error_message = jsonencode(output.problems.subscribers.protocol)
  }
}

run "an_address_without_a_domain_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol email must be an e-mail address such as team@example.com; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "a_number_without_its_country_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "sms", endpoint = "015112345678" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol sms must be a telephone number in E.164 form such as +4915112345678; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "a_number_with_spaces_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "sms", endpoint = "+49 151 12345678" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol sms must be a telephone number in E.164 form such as +4915112345678; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "a_number_longer_than_e164_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "sms", endpoint = "+4915112345678901" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol sms must be a telephone number in E.164 form such as +4915112345678; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "plain_http_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "https", endpoint = "http://hooks.example/a" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol https must be an https:// address without credentials; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "a_webhook_with_credentials_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "https", endpoint = "https://me:word@hooks.example/a" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol https must be an https:// address without credentials; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "a_fifo_queue_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "sqs", endpoint = "arn:aws:sqs:eu-central-1:123456789012:team.fifo" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol sqs must be the ARN of a standard SQS queue; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "the_url_of_a_queue_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "sqs", endpoint = "https://sqs.eu-central-1.amazonaws.com/123456789012/team" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol sqs must be the ARN of a standard SQS queue; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "a_function_by_name_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "lambda", endpoint = "team" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Subscriber \"team\": the endpoint of protocol lambda must be the ARN of a Lambda function, optionally with a version or alias (not $LATEST); correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "a_wrong_endpoint_of_operations_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    operations_subscribers = { ops = { protocol = "sms", endpoint = "112" } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.endpoint == tolist(["Operations subscriber \"ops\": the endpoint of protocol sms must be a telephone number in E.164 form such as +4915112345678; correct it."])
    error_message = jsonencode(output.problems.subscribers.endpoint)
  }
}

run "one_endpoint_twice_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { a = { protocol = "email", endpoint = "team@example.com" }, b = { protocol = "email", endpoint = "team@example.com", severities = ["critical"] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.twice == tolist(["Subscribers \"a\" and \"b\": SNS keeps one subscription for one endpoint; make them one."])
    error_message = jsonencode(output.problems.subscribers.twice)
  }
}

run "an_unknown_severity_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = ["critical", "page"] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.severity == tolist(["Subscriber \"team\": severity \"page\" is not one of critical, warning; correct it."])
    error_message = jsonencode(output.problems.subscribers.severity)
  }
}

run "an_unknown_status_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", statuses = ["open"] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.status == tolist(["Subscriber \"team\": status \"open\" is not one of digest, firing, reminder, resolved, test; correct it."])
    error_message = jsonencode(output.problems.subscribers.status)
  }
}

run "an_unknown_provider_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", providers = ["openruter", "-"] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.provider == tolist(["Subscriber \"team\": provider \"openruter\" is not known; correct it (\"-\" stands for alarms about no account)."])
    error_message = jsonencode(output.problems.subscribers.provider)
  }
}

run "an_unknown_account_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", accounts = ["mian", "-"] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.account == tolist(["Subscriber \"team\": account \"mian\" is not one of accounts; correct it (\"-\" stands for alarms about no account)."])
    error_message = jsonencode(output.problems.subscribers.account)
  }
}

run "an_empty_filter_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = [] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.empty == tolist(["Subscriber \"team\": severities is empty, and nothing would ever be sent; leave it out for everything."])
    error_message = jsonencode(output.problems.subscribers.empty)
  }
}

run "more_than_150_combinations_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts    = { for number in range(76) : "account-${number}" => { provider = "openrouter", warning = 5 } }
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = ["critical", "warning"], accounts = [for number in range(76) : "account-${number}"] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.combinations == tolist(["Subscriber \"team\": severities × providers × accounts × statuses make more than the 150 combinations that SNS takes; leave one of them out, or divide the subscriber."])
    error_message = jsonencode(output.problems.subscribers.combinations)
  }
}

run "more_than_200_filters_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { for number in range(201) : "team-${number}" => { protocol = "email", endpoint = "team-${number}@example.com", severities = ["critical"] } }
  }

  expect_failures = [output.subscriptions]

  assert {
    condition     = output.problems.subscribers.policies == tolist(["Subscribers: more than 200 have a filter, and SNS takes 200 filters on a topic; send some of them through one queue."])
    error_message = jsonencode(output.problems.subscribers.policies)
  }
}

run "a_filter_names_what_is_set_and_lets_digests_and_tests_through" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = ["critical"], statuses = ["firing"] } }
  }

  assert {
    condition     = jsondecode(output.subscriptions.team.filter_policy) == { severity = ["critical"], status = ["digest", "firing", "test"] }
    error_message = output.subscriptions.team.filter_policy
  }
}

run "without_a_filter_everything_is_told" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com" } }
  }

  assert {
    condition     = output.subscriptions.team.filter_policy == null && output.untold == []
    error_message = jsonencode([output.subscriptions, output.untold])
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

run "a_filter_of_150_combinations_are_accepted" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    accounts    = { for number in range(75) : "account-${number}" => { provider = "openrouter", warning = 5 } }
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = ["critical", "warning"], accounts = [for number in range(75) : "account-${number}"] } }
  }

  assert {
    condition     = length(jsondecode(output.subscriptions.team.filter_policy).account) == 75
    error_message = output.subscriptions.team.filter_policy
  }
}

run "accounts_that_nobody_is_told_of_are_listed" {
  command = plan

  module {
    source = "../../infra/terraform/modules/configuration"
  }

  variables {
    subscribers = { team = { protocol = "email", endpoint = "team@example.com", severities = ["critical"] } }
  }

  assert {
    condition     = output.untold == ["main (warning)"]
    error_message = jsonencode(output.untold)
  }
}
