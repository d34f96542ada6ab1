locals {
  # Queues that hold what failed; an alarm watches each.
  failure_queues = {
    intake_dead_letters   = "${var.name}-alarms-dead-letters"
    poller_failures       = "${var.name}-poller-failures"
    router_failures       = "${var.name}-router-failures"
    schedule_dead_letters = "${var.name}-schedule-dead-letters"
    undelivered           = "${var.name}-undelivered"
  }
}

resource "aws_sqs_queue" "intake" {
  name                      = local.names.intake_queue
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 345600
  # Six times the function's timeout, as Lambda asks for.
  visibility_timeout_seconds = 6 * var.router_timeout_seconds
  policy                     = data.aws_iam_policy_document.intake_queue.json

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed["intake_dead_letters"].arn
    maxReceiveCount     = 5
  })
  tags = local.tags
}

resource "aws_sqs_queue" "failed" {
  for_each = local.failure_queues

  name                      = each.value
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600
  policy                    = each.key == "undelivered" ? data.aws_iam_policy_document.undelivered_queue.json : null
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
}

data "aws_iam_policy_document" "undelivered_queue" {
  statement {
    sid       = "TopicsSend"
    actions   = ["sqs:SendMessage"]
    resources = [local.arns.failed["undelivered"]]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values = concat(
        [local.arns.alarms_topic, local.arns.operations_topic],
        [for form in keys(local.form_topics) : local.arns[module.configuration.topic_of_form[form]]],
      )
    }
  }
}
