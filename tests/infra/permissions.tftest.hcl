# Who may do what: each role's statements in full, and who may publish and send.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  accounts = {
    main = { provider = "openrouter", warning = 20 }
    own  = { provider = "openrouter", warning = 20, secret = "team/keys#own" }
    arn  = { provider = "openrouter", warning = 20, secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys-AbC123" }
  }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
  package_dir            = "fixtures"
}

run "a_secret_of_another_region_is_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    accounts = { arn = { provider = "openrouter", warning = 20, secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys-AbC123" } }
  }

  expect_failures = [aws_iam_role_policy.poller]
}

run "more_secrets_than_a_policy_can_list_are_refused" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    accounts = { for n in range(120) : "account-${n}" => { provider = "openrouter", warning = 20, secret = "team/keys-${n}" } }
  }

  expect_failures = [aws_iam_role_policy.poller]
}

run "eighty_secrets_are_listed" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    accounts = { for n in range(80) : "account-${n}" => { provider = "openrouter", warning = 20, secret = "team/keys-${n}" } }
  }

  assert {
    condition     = length(one([for statement in data.aws_iam_policy_document.poller.statement : statement.resources if statement.sid == "ReadKeys"])) == 80
    error_message = jsonencode(data.aws_iam_policy_document.poller.statement)
  }
}

run "the_functions_may_do_what_they_do_and_nothing_else" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.poller.statement : statement.sid => concat(sort(statement.actions), ["on"], sort(statement.resources)) } == {
      ReadKeys = ["secretsmanager:GetSecretValue", "on",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:balance-monitor/api-keys-??????",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys-AbC123",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/keys-??????",
      ]
      ReadKeysInBatches = ["secretsmanager:BatchGetSecretValue", "on", "*"]
      KeepBalances      = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:PutItem", "on", "arn:aws:dynamodb:eu-central-1:123456789012:table/balance-monitor-balances"]
      PublishBalances   = ["cloudwatch:PutMetricData", "on", "*"]
      WriteLogs         = ["logs:CreateLogStream", "logs:PutLogEvents", "on", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/balance-monitor-balance-poller:log-stream:*"]
      KeepFailedRuns    = ["sqs:SendMessage", "on", "arn:aws:sqs:eu-central-1:123456789012:balance-monitor-poller-failures"]
    }
    error_message = jsonencode(data.aws_iam_policy_document.poller.statement)
  }

  assert {
    condition     = [for condition in one([for statement in data.aws_iam_policy_document.poller.statement : statement.condition if statement.sid == "PublishBalances"]) : "${condition.test} ${condition.variable} ${join(",", condition.values)}"] == ["StringEquals cloudwatch:namespace BalanceMonitor"]
    error_message = "PutMetricData knows no resource, so its namespace bounds it."
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.router.statement : statement.sid => concat(sort(statement.actions), ["on"], sort(statement.resources)) } == {
      TakeAlarms        = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage", "on", "arn:aws:sqs:eu-central-1:123456789012:balance-monitor-alarms"]
      ReadBalances      = ["dynamodb:BatchGetItem", "dynamodb:Query", "on", "arn:aws:dynamodb:eu-central-1:123456789012:table/balance-monitor-balances"]
      KeepAlerts        = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "on", "arn:aws:dynamodb:eu-central-1:123456789012:table/balance-monitor-alerts"]
      Tell              = ["sns:Publish", "on", "arn:aws:sns:eu-central-1:123456789012:balance-monitor-notifications"]
      CompareWithAlarms = ["cloudwatch:DescribeAlarms", "on", "*"]
      WriteLogs         = ["logs:CreateLogStream", "logs:PutLogEvents", "on", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/balance-monitor-alert-router:log-stream:*"]
      KeepFailedEvents  = ["sqs:SendMessage", "on", "arn:aws:sqs:eu-central-1:123456789012:balance-monitor-router-failures"]
    }
    error_message = jsonencode(data.aws_iam_policy_document.router.statement)
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.scheduler.statement : statement.sid => concat(sort(statement.actions), ["on"], sort(statement.resources)) } == {
      Invoke          = ["lambda:InvokeFunction", "on", "arn:aws:lambda:eu-central-1:123456789012:function:balance-monitor-alert-router", "arn:aws:lambda:eu-central-1:123456789012:function:balance-monitor-balance-poller"]
      KeepUndelivered = ["sqs:SendMessage", "on", "arn:aws:sqs:eu-central-1:123456789012:balance-monitor-schedule-dead-letters"]
    }
    error_message = jsonencode(data.aws_iam_policy_document.scheduler.statement)
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.read_only.statement : statement.sid => concat(sort(statement.actions), ["on"], sort(statement.resources)) } == {
      ReadBalances = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "on", "arn:aws:dynamodb:eu-central-1:123456789012:table/balance-monitor-balances"]
      ReadAccounts = ["scheduler:GetSchedule", "on", "arn:aws:scheduler:eu-central-1:123456789012:schedule/balance-monitor/*"]
    }
    error_message = jsonencode(data.aws_iam_policy_document.read_only.statement)
  }
}

run "only_the_scheduler_and_lambda_take_the_roles" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  assert {
    condition     = tolist([for principal in data.aws_iam_policy_document.lambda_assumes.statement[0].principals : principal.identifiers]) == tolist([toset(["lambda.amazonaws.com"])])
    error_message = jsonencode(data.aws_iam_policy_document.lambda_assumes.statement)
  }

  assert {
    condition     = toset([for condition in data.aws_iam_policy_document.scheduler_assumes.statement[0].condition : "${condition.variable} ${join(",", condition.values)}"]) == toset(["aws:SourceAccount 123456789012", "aws:SourceArn arn:aws:scheduler:eu-central-1:123456789012:schedule-group/balance-monitor"])
    error_message = jsonencode(data.aws_iam_policy_document.scheduler_assumes.statement)
  }
}

run "only_our_alarms_publish_and_only_our_topics_send" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  assert {
    condition     = toset([for condition in data.aws_iam_policy_document.alarms_topic.statement[0].condition : "${condition.test} ${condition.variable} ${join(",", condition.values)}"]) == toset(["StringEquals aws:SourceAccount 123456789012", "ArnLike aws:SourceArn arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"])
    error_message = jsonencode(data.aws_iam_policy_document.alarms_topic.statement)
  }

  assert {
    condition     = toset([for condition in data.aws_iam_policy_document.operations_topic.statement[0].condition : "${condition.test} ${condition.variable} ${join(",", condition.values)}"]) == toset(["StringEquals aws:SourceAccount 123456789012", "ArnLike aws:SourceArn arn:aws:cloudwatch:eu-central-1:123456789012:alarm:balance-monitor-operations/*"])
    error_message = jsonencode(data.aws_iam_policy_document.operations_topic.statement)
  }

  assert {
    condition     = [for condition in data.aws_iam_policy_document.intake_queue.statement[0].condition : join(",", condition.values)] == ["arn:aws:sns:eu-central-1:123456789012:balance-monitor-alarms"]
    error_message = jsonencode(data.aws_iam_policy_document.intake_queue.statement)
  }

  assert {
    condition     = one([for condition in data.aws_iam_policy_document.undelivered_queue.statement[0].condition : length(condition.values)]) == 3
    error_message = jsonencode(data.aws_iam_policy_document.undelivered_queue.statement)
  }
}

run "what_is_asked_for_is_granted_and_bounded" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    kms_key_arns             = ["arn:aws:kms:eu-central-1:123456789012:key/1234abcd"]
    vpc                      = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    xray_tracing             = true
    enable_chat              = true
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = slice(tolist([for statement in data.aws_iam_policy_document.poller.statement : statement.sid]), 6, 9) == tolist(["DecryptKeys", "JoinVpc", "Trace"])
    error_message = jsonencode([for statement in data.aws_iam_policy_document.poller.statement : statement.sid])
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.poller.statement : statement if statement.sid == "DecryptKeys"]).resources == toset(["arn:aws:kms:eu-central-1:123456789012:key/1234abcd"])
    error_message = "Only with the keys that are named."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.router.statement : statement if statement.sid == "Tell"]).resources == toset(["arn:aws:sns:eu-central-1:123456789012:balance-monitor-chat", "arn:aws:sns:eu-central-1:123456789012:balance-monitor-notifications"])
    error_message = jsonencode(data.aws_iam_policy_document.router.statement)
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.poller, aws_iam_role.router, aws_iam_role.scheduler] : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "Every role has the boundary."
  }

  assert {
    condition     = aws_lambda_function.poller.tracing_config[0].mode == "Active" && aws_lambda_function.poller.vpc_config[0].subnet_ids == toset(["subnet-1"]) && length(aws_lambda_function.router.vpc_config) == 0
    error_message = "The poller alone reaches providers."
  }

  assert {
    condition     = contains(keys(local.operations_alarms), "failed-chat")
    error_message = "The chat's failures are watched, too."
  }
}
