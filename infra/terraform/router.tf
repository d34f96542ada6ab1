resource "aws_cloudwatch_log_group" "router" {
  #checkov:skip=CKV_AWS_158:kms_key_arn is the deployment's to choose; logs hold no keys
  #checkov:skip=CKV_AWS_338:log_retention_days is the deployment's to choose
  name              = "/aws/lambda/${local.names.router_function}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "router" {
  #checkov:skip=CKV_AWS_50:xray_tracing is the deployment's to choose
  #checkov:skip=CKV_AWS_115:reserved_concurrency is the deployment's to choose; new accounts have none to reserve
  #checkov:skip=CKV_AWS_116:the queue has a dead-letter queue, asynchronous invocations a destination
  #checkov:skip=CKV_AWS_117:it talks to AWS alone
  #checkov:skip=CKV_AWS_173:the environment holds names, no secrets
  #checkov:skip=CKV_AWS_272:the zips are built where they are deployed from, reproducibly
  function_name                  = local.names.router_function
  description                    = "Turns alarms into few messages, each at the right time."
  role                           = aws_iam_role.router.arn
  handler                        = "alert_router.handler.lambda_handler"
  runtime                        = "python3.13"
  architectures                  = [var.architecture]
  memory_size                    = var.router_memory_mb
  timeout                        = var.router_timeout_seconds
  reserved_concurrent_executions = local.reserved_concurrency.router
  filename                       = local.packages.router.filename
  source_code_hash               = try(filebase64sha256(local.packages.router.filename), null)
  s3_bucket                      = local.packages.router.s3_bucket
  s3_key                         = local.packages.router.s3_key
  s3_object_version              = local.packages.router.s3_object_version
  tags                           = local.tags

  environment {
    variables = {
      ALERTS_TABLE            = local.names.alerts_table
      BALANCES_TABLE          = local.names.balances_table
      BALANCE_MONITOR_NAME    = var.name
      CHAT_TOPIC_ARN          = try(aws_sns_topic.chat[0].arn, "")
      EVENTS_TOPIC_ARN        = lookup(local.form_topics, "events", "")
      SMS_TOPIC_ARN           = lookup(local.form_topics, "sms", "")
      DASHBOARD_URL           = local.dashboard_url
      DIGEST_ABOVE            = tostring(var.digest_above)
      FOREIGN_EXPIRY_DAYS     = tostring(var.foreign_expiry_days)
      GROUP_WAIT_SECONDS      = tostring(var.group_wait_seconds)
      INTAKE_QUEUE_URL        = aws_sqs_queue.intake.url
      METRIC_NAMESPACE        = local.metric_namespace
      NOTIFICATIONS_TOPIC_ARN = aws_sns_topic.notifications.arn
      POLL_INTERVAL_MINUTES   = tostring(var.poll_interval_minutes)
      POWERTOOLS_LOG_LEVEL    = var.log_level
      REPEAT_HOURS_CRITICAL   = tostring(local.repeat_hours.critical)
      REPEAT_HOURS_WARNING    = tostring(local.repeat_hours.warning)
      RUNBOOK_URL             = var.runbook_url == null ? "" : var.runbook_url
    }
  }

  tracing_config {
    mode = var.xray_tracing ? "Active" : "PassThrough"
  }

  # What it publishes to is subscribed first: see subscriptions.tf.
  depends_on = [
    aws_cloudwatch_log_group.router,
    aws_iam_role_policy.router,
    aws_lambda_permission.subscriber,
    aws_sns_topic_subscription.form,
  ]
}

resource "aws_lambda_event_source_mapping" "intake" {
  event_source_arn        = aws_sqs_queue.intake.arn
  function_name           = aws_lambda_function.router.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  # Lambda starts with five batches side by side and does not know what is reserved: a batch that it
  # takes but may not run stays hidden for minutes, and counts as received. One execution is left for
  # the router's own schedule (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html, read
  # 2026-11).
  scaling_config {
    maximum_concurrency = local.reserved_concurrency.router == -1 ? 5 : max(2, min(5, local.reserved_concurrency.router - 1))
  }
  tags = local.tags
}

# For invocations that bypass the queue: its schedule, and alarms with the function as their action.
resource "aws_lambda_function_event_invoke_config" "router" {
  function_name                = aws_lambda_function.router.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures.arn
    }
  }
}
