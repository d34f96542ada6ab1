# For state of 0.1, where the module was the root: its resources move into the module, and none is
# created again. Resources that are newer than 0.1 must not be listed.

moved {
  from = aws_cloudwatch_dashboard.this
  to   = module.balance_monitor.aws_cloudwatch_dashboard.this
}

moved {
  from = aws_cloudwatch_log_group.poller
  to   = module.balance_monitor.aws_cloudwatch_log_group.poller
}

moved {
  from = aws_cloudwatch_log_group.router
  to   = module.balance_monitor.aws_cloudwatch_log_group.router
}

moved {
  from = aws_cloudwatch_metric_alarm.operations
  to   = module.balance_monitor.aws_cloudwatch_metric_alarm.operations
}

moved {
  from = aws_dynamodb_table.alerts
  to   = module.balance_monitor.aws_dynamodb_table.alerts
}

moved {
  from = aws_dynamodb_table.balances
  to   = module.balance_monitor.aws_dynamodb_table.balances
}

moved {
  from = aws_iam_role.poller
  to   = module.balance_monitor.aws_iam_role.poller
}

moved {
  from = aws_iam_role.router
  to   = module.balance_monitor.aws_iam_role.router
}

moved {
  from = aws_iam_role.scheduler
  to   = module.balance_monitor.aws_iam_role.scheduler
}

moved {
  from = aws_iam_role_policy.poller
  to   = module.balance_monitor.aws_iam_role_policy.poller
}

moved {
  from = aws_iam_role_policy.router
  to   = module.balance_monitor.aws_iam_role_policy.router
}

moved {
  from = aws_iam_role_policy.scheduler
  to   = module.balance_monitor.aws_iam_role_policy.scheduler
}

moved {
  from = aws_lambda_event_source_mapping.intake
  to   = module.balance_monitor.aws_lambda_event_source_mapping.intake
}

moved {
  from = aws_lambda_function.poller
  to   = module.balance_monitor.aws_lambda_function.poller
}

moved {
  from = aws_lambda_function.router
  to   = module.balance_monitor.aws_lambda_function.router
}

moved {
  from = aws_lambda_function_event_invoke_config.poller
  to   = module.balance_monitor.aws_lambda_function_event_invoke_config.poller
}

moved {
  from = aws_lambda_function_event_invoke_config.router
  to   = module.balance_monitor.aws_lambda_function_event_invoke_config.router
}

moved {
  from = aws_lambda_permission.subscriber
  to   = module.balance_monitor.aws_lambda_permission.subscriber
}

moved {
  from = aws_scheduler_schedule.poll
  to   = module.balance_monitor.aws_scheduler_schedule.poll
}

moved {
  from = aws_scheduler_schedule.tick
  to   = module.balance_monitor.aws_scheduler_schedule.tick
}

moved {
  from = aws_scheduler_schedule_group.this
  to   = module.balance_monitor.aws_scheduler_schedule_group.this
}

moved {
  from = aws_secretsmanager_secret.api_keys
  to   = module.balance_monitor.aws_secretsmanager_secret.api_keys
}

moved {
  from = aws_sns_topic.alarms
  to   = module.balance_monitor.aws_sns_topic.alarms
}

moved {
  from = aws_sns_topic.chat
  to   = module.balance_monitor.aws_sns_topic.chat
}

moved {
  from = aws_sns_topic.notifications
  to   = module.balance_monitor.aws_sns_topic.notifications
}

moved {
  from = aws_sns_topic.operations
  to   = module.balance_monitor.aws_sns_topic.operations
}

moved {
  from = aws_sns_topic_policy.alarms
  to   = module.balance_monitor.aws_sns_topic_policy.alarms
}

moved {
  from = aws_sns_topic_policy.operations
  to   = module.balance_monitor.aws_sns_topic_policy.operations
}

moved {
  from = aws_sns_topic_subscription.intake
  to   = module.balance_monitor.aws_sns_topic_subscription.intake
}

moved {
  from = aws_sns_topic_subscription.notifications
  to   = module.balance_monitor.aws_sns_topic_subscription.notifications
}

moved {
  from = aws_sns_topic_subscription.operations
  to   = module.balance_monitor.aws_sns_topic_subscription.operations
}

moved {
  from = aws_sqs_queue.failed["intake_dead_letters"]
  to   = module.balance_monitor.aws_sqs_queue.dead_letters
}

moved {
  from = aws_sqs_queue.intake
  to   = module.balance_monitor.aws_sqs_queue.intake
}

moved {
  from = module.account_alarms
  to   = module.balance_monitor.module.account_alarms
}
