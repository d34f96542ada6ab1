# The courier posts messages to chats and pagers. It exists only if a subscriber is a channel.
#
# Its dead letters go to the common queue for failures, which has an alarm anyway: channels then
# cost no more than their secret and the polling of their queue (docs/cost.md).

# Only the secret itself: addresses are written with balancectl and never pass through Terraform.
resource "aws_secretsmanager_secret" "channels" {
  #checkov:skip=CKV_AWS_149:kms_key_arn is the deployment's to choose
  #checkov:skip=CKV2_AWS_57:services have no interface to rotate an address; balancectl channels set replaces one
  count = local.has_channels ? 1 : 0

  name                    = local.names.channels_secret
  description             = "Addresses of the channels of Balance Monitor ${var.name}, one JSON object by channel. Write with balancectl channels."
  recovery_window_in_days = var.secret_recovery_days
  kms_key_id              = var.kms_key_arn
  tags                    = local.tags
}

resource "aws_sqs_queue" "channels" {
  count = local.has_channels ? 1 : 0

  name                      = local.names.channels_queue
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 345600
  # Six times the function's timeout, as Lambda recommends.
  visibility_timeout_seconds = 180
  policy                     = data.aws_iam_policy_document.channels_queue[0].json

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failures.arn
    maxReceiveCount     = 5
  })
  tags = local.tags
}

data "aws_iam_policy_document" "channels_queue" {
  count = local.has_channels ? 1 : 0

  statement {
    sid       = "EventsTopicSends"
    actions   = ["sqs:SendMessage"]
    resources = [local.arns.channels_queue]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.arns.events_topic]
    }
  }

  source_policy_documents = [data.aws_iam_policy_document.queue_tls["channels"].json]
}

# No filter: a change to one takes up to 15 minutes to apply, and a new channel would miss messages
# (docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html, read 2026-11). Each message
# carries the names of its recipients.
resource "aws_sns_topic_subscription" "channels" {
  count = local.has_channels ? 1 : 0

  topic_arn      = local.form_topics["events"]
  protocol       = "sqs"
  endpoint       = aws_sqs_queue.channels[0].arn
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failures.arn })

  depends_on = [aws_lambda_function.router, aws_dynamodb_table_item.subscribers]
}

resource "aws_cloudwatch_log_group" "courier" {
  #checkov:skip=CKV_AWS_158:kms_key_arn is the deployment's to choose; logs hold no addresses
  #checkov:skip=CKV_AWS_338:log_retention_days is the deployment's to choose
  count = local.has_channels ? 1 : 0

  name              = "/aws/lambda/${local.names.courier_function}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "courier" {
  #checkov:skip=CKV_AWS_50:xray_tracing is the deployment's to choose
  #checkov:skip=CKV_AWS_115:new accounts have no concurrency to reserve; its queue limits it
  #checkov:skip=CKV_AWS_116:the queue has a dead-letter queue
  #checkov:skip=CKV_AWS_117:it talks to AWS and to public services
  #checkov:skip=CKV_AWS_173:the environment holds names, no secrets
  #checkov:skip=CKV_AWS_272:the zips are built where they are deployed from, reproducibly
  count = local.has_channels ? 1 : 0

  function_name     = local.names.courier_function
  description       = "Posts messages to chats and pagers."
  role              = aws_iam_role.courier[0].arn
  handler           = "courier.handler.lambda_handler"
  runtime           = "python3.13"
  architectures     = [var.architecture]
  memory_size       = 1024 # CPU: a cold start loads 150 services
  timeout           = 30
  filename          = local.packages.courier.filename
  source_code_hash  = try(filebase64sha256(local.packages.courier.filename), null)
  s3_bucket         = local.packages.courier.s3_bucket
  s3_key            = local.packages.courier.s3_key
  s3_object_version = local.packages.courier.s3_object_version
  tags              = local.tags

  environment {
    variables = {
      ALERTS_TABLE         = local.names.alerts_table
      BALANCE_MONITOR_NAME = var.name
      CHANNELS_SECRET      = local.names.channels_secret
      POWERTOOLS_LOG_LEVEL = var.log_level
    }
  }

  tracing_config {
    mode = var.xray_tracing ? "Active" : "PassThrough"
  }

  depends_on = [aws_cloudwatch_log_group.courier, aws_iam_role_policy.courier]
}

resource "aws_lambda_event_source_mapping" "channels" {
  count = local.has_channels ? 1 : 0

  event_source_arn        = aws_sqs_queue.channels[0].arn
  function_name           = aws_lambda_function.courier[0].arn
  batch_size              = 1 # a slow service delays no other message
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = local.tags

  scaling_config {
    maximum_concurrency = 2
  }
}
