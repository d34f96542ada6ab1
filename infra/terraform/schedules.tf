resource "aws_scheduler_schedule_group" "this" {
  name = local.names.schedule_group
  tags = local.tags
}

resource "aws_scheduler_schedule" "poll" {
  #checkov:skip=CKV_AWS_297:the input holds names and thresholds, no secrets
  for_each = module.configuration.schedule_inputs

  name                = "${local.names.poll_schedule_prefix}${each.key}"
  description         = "Polls shard ${each.key} of the accounts."
  group_name          = aws_scheduler_schedule_group.this.name
  schedule_expression = "rate(${local.schedule_interval_minutes} ${local.schedule_interval_minutes == 1 ? "minute" : "minutes"})"
  kms_key_arn         = var.kms_key_arn
  state               = var.polling_enabled ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.poller.arn
    role_arn = aws_iam_role.scheduler.arn
    input    = each.value

    retry_policy {
      maximum_event_age_in_seconds = max(60, var.poll_interval_minutes * 60)
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = aws_sqs_queue.failures.arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler, aws_lambda_function_event_invoke_config.poller]
}

resource "aws_scheduler_schedule" "reconcile" {
  #checkov:skip=CKV_AWS_297:the input contains one word
  name                = local.names.reconcile_schedule
  description         = "Lets the router reconcile open incidents: reminders, and alarms that vanished."
  group_name          = aws_scheduler_schedule_group.this.name
  kms_key_arn         = var.kms_key_arn
  schedule_expression = "rate(${var.reconcile_interval_minutes} ${var.reconcile_interval_minutes == 1 ? "minute" : "minutes"})"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.router.arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ kind = "tick" })

    retry_policy {
      maximum_event_age_in_seconds = max(60, var.reconcile_interval_minutes * 60)
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = aws_sqs_queue.failures.arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler, aws_lambda_function_event_invoke_config.router]
}
