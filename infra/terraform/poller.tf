resource "aws_cloudwatch_log_group" "poller" {
  #checkov:skip=CKV_AWS_158:kms_key_arn is the deployment's to choose; logs hold no keys
  #checkov:skip=CKV_AWS_338:log_retention_days is the deployment's to choose
  name              = "/aws/lambda/${local.names.poller_function}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "poller" {
  #checkov:skip=CKV_AWS_50:xray_tracing is the deployment's to choose
  #checkov:skip=CKV_AWS_115:reserved_concurrency is the deployment's to choose; new accounts have none to reserve
  #checkov:skip=CKV_AWS_116:asynchronous invocations have an on-failure destination instead
  #checkov:skip=CKV_AWS_117:vpc is the deployment's to choose; providers are on the public Internet
  #checkov:skip=CKV_AWS_173:the environment holds names, no secrets
  #checkov:skip=CKV_AWS_272:the zips are built where they are deployed from, reproducibly
  function_name                  = local.names.poller_function
  description                    = "Reads the balances of prepaid accounts from their providers."
  role                           = aws_iam_role.poller.arn
  handler                        = "balance_poller.handler.lambda_handler"
  runtime                        = "python3.13"
  architectures                  = [var.architecture]
  memory_size                    = var.poller_memory_mb
  timeout                        = local.poller_timeout_seconds
  reserved_concurrent_executions = local.reserved_concurrency.poller
  filename                       = local.packages.poller.filename
  source_code_hash               = try(filebase64sha256(local.packages.poller.filename), null)
  s3_bucket                      = local.packages.poller.s3_bucket
  s3_key                         = local.packages.poller.s3_key
  s3_object_version              = local.packages.poller.s3_object_version
  tags                           = local.tags

  environment {
    variables = {
      ALLOW_HTTP_LOOPBACK     = tostring(var.allow_http_loopback)
      ALLOW_PRIVATE_ADDRESSES = tostring(var.allow_private_addresses)
      BALANCES_TABLE          = local.names.balances_table
      BALANCE_MONITOR_NAME    = var.name
      HISTORY_DAYS            = tostring(var.history_days)
      KEY_HOSTS               = join(" ", sort(var.key_hosts))
      MAX_IN_FLIGHT           = tostring(var.max_in_flight)
      METRIC_NAMESPACE        = local.metric_namespace
      POWERTOOLS_LOG_LEVEL    = var.log_level
      REQUEST_TIMEOUT_SECONDS = tostring(var.request_timeout_seconds)
    }
  }

  tracing_config {
    mode = var.xray_tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    # Without it, Lambda deletes the network interfaces, for which the role keeps its permissions.
    for_each = [for vpc in var.vpc[*] : vpc if !vpc.leaving]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  depends_on = [aws_cloudwatch_log_group.poller, aws_iam_role_policy.poller]
}

# The scheduler's retries end when Lambda has accepted the event. A failed run is not repeated: the
# next one is due anyway, and its event goes to a queue that an alarm watches. An event that waits
# may be as old as the accounts' interval, however often the schedule fires: accounts polled since
# then are no longer due, and losing a minute is no reason for an alarm.
resource "aws_lambda_function_event_invoke_config" "poller" {
  function_name                = aws_lambda_function.poller.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = min(21600, max(60, var.poll_interval_minutes * 60))

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures.arn
    }
  }
}
