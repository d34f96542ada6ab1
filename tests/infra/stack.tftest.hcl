# The stack as a whole, made by a mocked provider: the functions, their schedules and what ties
# them together.

mock_provider "aws" {
  source = "./mocks"
}

variables {
  accounts               = { main = { provider = "openrouter", warning = 20, critical = 5 } }
  subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
  operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
  package_dir            = "fixtures"
}

run "a_run_that_fails_is_kept_and_not_repeated" {
  command = apply

  module {
    source = "../../infra/terraform"
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.poller.maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.poller.maximum_event_age_in_seconds == 300
    error_message = "The next run is due anyway."
  }

  assert {
    condition     = alltrue([for config in [aws_lambda_function_event_invoke_config.poller, aws_lambda_function_event_invoke_config.router] : length(config.destination_config[0].on_failure[0].destination) > 0])
    error_message = "What fails must be kept."
  }

  assert {
    condition     = aws_lambda_function.poller.timeout == 290 && aws_lambda_function.poller.handler == "balance_poller.handler.lambda_handler" && aws_lambda_function.router.handler == "alert_router.handler.lambda_handler"
    error_message = "A run ends before the next begins."
  }

  assert {
    condition     = aws_scheduler_schedule.poll["0"].flexible_time_window[0].mode == "OFF" && aws_scheduler_schedule.poll["0"].schedule_expression == "rate(5 minutes)" && aws_scheduler_schedule.poll["0"].state == "ENABLED" && length(aws_scheduler_schedule.poll["0"].target[0].dead_letter_config) == 1
    error_message = jsonencode(aws_scheduler_schedule.poll["0"])
  }

  assert {
    condition     = strcontains(aws_scheduler_schedule.poll["0"].target[0].input, "<aws.scheduler.scheduled-time>")
    error_message = aws_scheduler_schedule.poll["0"].target[0].input
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.tick.target[0].input) == { kind = "tick" }
    error_message = aws_scheduler_schedule.tick.target[0].input
  }

  assert {
    condition = keys(aws_lambda_function.poller.environment[0].variables) == tolist([
      "ALLOW_HTTP_LOOPBACK", "BALANCES_TABLE", "BALANCE_MONITOR_NAME", "HISTORY_DAYS", "MAX_IN_FLIGHT",
      "METRIC_NAMESPACE", "POWERTOOLS_LOG_LEVEL", "REQUEST_TIMEOUT_SECONDS",
    ])
    error_message = jsonencode(aws_lambda_function.poller.environment[0].variables)
  }

  assert {
    condition = keys(aws_lambda_function.router.environment[0].variables) == tolist([
      "ALERTS_TABLE", "BALANCES_TABLE", "BALANCE_MONITOR_NAME", "CHAT_TOPIC_ARN", "DASHBOARD_URL",
      "DIGEST_ABOVE", "GROUP_WAIT_SECONDS", "INTAKE_QUEUE_URL", "METRIC_NAMESPACE",
      "NOTIFICATIONS_TOPIC_ARN", "POWERTOOLS_LOG_LEVEL", "REPEAT_HOURS_CRITICAL",
      "REPEAT_HOURS_WARNING", "RUNBOOK_URL",
    ])
    error_message = jsonencode(aws_lambda_function.router.environment[0].variables)
  }

  assert {
    condition     = aws_sqs_queue.intake.visibility_timeout_seconds == 6 * aws_lambda_function.router.timeout && jsondecode(aws_sqs_queue.intake.redrive_policy).maxReceiveCount == 5
    error_message = "Lambda asks for six times the function's timeout."
  }

  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.failed), [aws_sqs_queue.intake]) : queue.sqs_managed_sse_enabled])
    error_message = "Every queue is encrypted."
  }

  assert {
    condition     = tolist(aws_lambda_event_source_mapping.intake.function_response_types) == tolist(["ReportBatchItemFailures"]) && aws_sns_topic_subscription.intake.raw_message_delivery
    error_message = "One bad alarm must not bring back its batch."
  }

  assert {
    condition     = alltrue([for subscription in concat(values(aws_sns_topic_subscription.notifications), values(aws_sns_topic_subscription.operations), [aws_sns_topic_subscription.intake]) : can(jsondecode(subscription.redrive_policy).deadLetterTargetArn)])
    error_message = "What SNS cannot deliver must be kept."
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.balances, aws_dynamodb_table.alerts] : table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled && table.ttl[0].attribute_name == "expires_at" && table.billing_mode == "PAY_PER_REQUEST"])
    error_message = "Tables are protected, restorable and forget."
  }

  assert {
    condition     = aws_secretsmanager_secret.api_keys.name == "balance-monitor/api-keys" && aws_secretsmanager_secret.api_keys.recovery_window_in_days == 30
    error_message = jsonencode(aws_secretsmanager_secret.api_keys)
  }

  assert {
    condition     = aws_cloudwatch_log_group.poller.retention_in_days == 30 && aws_cloudwatch_log_group.router.name == "/aws/lambda/balance-monitor-alert-router"
    error_message = "Logs end."
  }

  assert {
    condition     = aws_sns_topic.notifications.display_name == null
    error_message = "SNS puts the display name in front of every SMS, which then has two parts."
  }

  assert {
    condition     = length(aws_sns_topic.chat) == 0 && length(aws_lambda_permission.subscriber) == 0 && length(aws_lambda_function.poller.vpc_config) == 0
    error_message = "What nobody asked for is not made."
  }

  assert {
    condition     = strcontains(output.next_steps, "balancectl --name balance-monitor test-alert main") && output.shard_count == 1 && output.alarm_count.accounts == 3
    error_message = output.next_steps
  }
}

run "every_alarm_says_what_missing_data_means_and_where_its_runbook_is" {
  command = apply

  module {
    source = "../../infra/terraform"
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.operations) : contains(["ignore", "breaching", "notBreaching"], alarm.treat_missing_data)])
    error_message = "Missing data always means something."
  }

  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.operations : endswith(alarm.alarm_description, " Runbook: docs/runbook.md#${key}") && length(alarm.alarm_description) <= 1024])
    error_message = jsonencode([for alarm in values(aws_cloudwatch_metric_alarm.operations) : alarm.alarm_description])
  }

  assert {
    condition = keys(aws_cloudwatch_metric_alarm.operations) == [
      "failed-alarms", "failed-notifications", "failed-operations", "intake-dead-letters", "intake-delayed",
      "invalid-scheduled-time", "poller-errors", "poller-failures", "poller-not-running", "poller-throttles",
      "publish-failures", "reduced-messages", "router-errors", "router-failures", "router-not-running",
      "router-throttles", "schedule-dead-letters", "undelivered", "write-failures",
    ]
    error_message = jsonencode(keys(aws_cloudwatch_metric_alarm.operations))
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.operations["poller-not-running"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.operations["poller-not-running"].period == 300
    error_message = "A poller that stands still has no data."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.operations["write-failures"].namespace == "BalanceMonitor/Runs" && aws_cloudwatch_metric_alarm.operations["write-failures"].dimensions == tomap({ service = "balance_poller" })
    error_message = jsonencode(aws_cloudwatch_metric_alarm.operations["write-failures"])
  }
}

run "operations_alarms_send_no_ok_for_what_merely_did_not_happen" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  assert {
    condition = alltrue([
      for alarm in values(aws_cloudwatch_metric_alarm.operations) :
      length(coalesce(alarm.ok_actions, [])) == (alarm.treat_missing_data == "breaching" ? 1 : 0)
    ])
    error_message = "A new alarm's first evaluation is an OK, and would be sent by each after every deployment."
  }

  assert {
    condition     = alltrue([for subscription in values(aws_sns_topic_subscription.operations) : subscription.filter_policy == null])
    error_message = "What an e-mail subscriber gets of an alarm is text, which passes no filter on a body."
  }
}

run "a_paused_monitor_is_silent" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    polling_enabled       = false
    alarm_actions_enabled = false
  }

  assert {
    condition     = aws_scheduler_schedule.poll["0"].state == "DISABLED" && !can(aws_cloudwatch_metric_alarm.operations["poller-not-running"])
    error_message = "A paused poller is no failure."
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.operations) : !alarm.actions_enabled])
    error_message = "Alarms keep watching and tell nobody."
  }
}

run "a_minute_is_singular" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    poll_interval_minutes = 1
  }

  assert {
    condition     = aws_scheduler_schedule.poll["0"].schedule_expression == "rate(1 minute)" && aws_lambda_function.poller.timeout == 50 && aws_lambda_function_event_invoke_config.poller.maximum_event_age_in_seconds == 60
    error_message = "EventBridge Scheduler refuses rate(1 minutes)."
  }
}

run "a_subscription_is_known_by_its_endpoint_and_a_second_deployment_by_its_namespace" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    name = "staging"
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.notifications) == ["email team@example.com"]
    error_message = "Renaming a subscriber must not unsubscribe anybody."
  }

  assert {
    condition     = aws_lambda_function.poller.environment[0].variables.METRIC_NAMESPACE == "BalanceMonitor/staging"
    error_message = "Two deployments must not share a series."
  }
}

run "a_subscribed_function_may_be_invoked_where_we_can_say_so" {
  command = plan

  module {
    source = "../../infra/terraform"
  }

  variables {
    subscribers = {
      billing = { protocol = "lambda", endpoint = "arn:aws:lambda:eu-central-1:123456789012:function:billing:live" }
      other   = { protocol = "lambda", endpoint = "arn:aws:lambda:eu-central-1:999999999999:function:billing" }
      far     = { protocol = "lambda", endpoint = "arn:aws:lambda:us-east-1:123456789012:function:billing" }
    }
  }

  assert {
    condition     = keys(aws_lambda_permission.subscriber) == ["notifications-billing"]
    error_message = "Another account's or Region's function must be opened there."
  }

  assert {
    condition     = aws_lambda_permission.subscriber["notifications-billing"].function_name == "arn:aws:lambda:eu-central-1:123456789012:function:billing" && aws_lambda_permission.subscriber["notifications-billing"].qualifier == "live" && aws_lambda_permission.subscriber["notifications-billing"].principal == "sns.amazonaws.com"
    error_message = jsonencode(aws_lambda_permission.subscriber)
  }
}
