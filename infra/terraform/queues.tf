locals {
  # Two queues for failures, each with an alarm: one for alarms, which can be sent again unchanged,
  # and one for everything else, which a person has to read.
  failure_queues = {
    intake_dead_letters = "${var.name}-alarms-dead-letters"
    failures            = "${var.name}-failures"
  }
}

resource "aws_sqs_queue" "intake" {
  name                      = local.names.intake_queue
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 345600
  # Six times the function's timeout, as Lambda recommends.
  visibility_timeout_seconds = 6 * var.router_timeout_seconds
  policy                     = data.aws_iam_policy_document.intake_queue.json

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 5
  })
  tags = local.tags
}

# Two resources, not one with two keys: if an upgrade removed one of its queues, Terraform would
# destroy it before updating whatever uses the others, and after the subscriptions that used it: a
# cycle.
resource "aws_sqs_queue" "dead_letters" {
  name                      = local.failure_queues.intake_dead_letters
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
  policy                    = data.aws_iam_policy_document.dead_letters_queue.json
  tags                      = local.tags
}

resource "aws_sqs_queue" "failures" {
  name                      = local.failure_queues.failures
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
  policy                    = data.aws_iam_policy_document.failures_queue.json
  tags                      = local.tags
}

data "aws_iam_policy_document" "intake_queue" {
  statement {
    sid       = "AlarmsTopicSends"
    actions   = ["sqs:SendMessage"]
    resources = [local.arns.intake_queue]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.arns.alarms_topic]
    }
  }

  statement {
    sid       = "DeletedAlarmsArrive"
    actions   = ["sqs:SendMessage"]
    resources = [local.arns.intake_queue]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.arns.alarm_deleted]
    }
  }

  dynamic "statement" {
    for_each = length(local.notice_rules) > 0 ? ["notices"] : []

    content {
      sid       = "NoticesArrive"
      actions   = ["sqs:SendMessage"]
      resources = [local.arns.intake_queue]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [for service in keys(local.notice_rules) : "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.name}-notices-${service}"]
      }
    }
  }

  source_policy_documents = [data.aws_iam_policy_document.queue_tls["intake"].json]
}

data "aws_iam_policy_document" "failures_queue" {
  statement {
    sid       = "TopicsSend"
    actions   = ["sqs:SendMessage"]
    resources = [local.arns.failed["failures"]]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for topic in local.topics : local.arns["${topic}_topic"]]
    }
  }

  source_policy_documents = [data.aws_iam_policy_document.queue_tls["failures"].json]
}

data "aws_iam_policy_document" "dead_letters_queue" {
  source_policy_documents = [data.aws_iam_policy_document.queue_tls["intake_dead_letters"].json]
}

# Queues refuse requests without TLS.
data "aws_iam_policy_document" "queue_tls" {
  for_each = merge(local.arns.failed, { intake = local.arns.intake_queue }, local.has_channels ? { channels = local.arns.channels_queue } : {})

  statement {
    sid       = "TlsAlone"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
