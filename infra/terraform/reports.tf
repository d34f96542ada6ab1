# The weekly reports: a schedule in the subscribers' time zone requests them from the router. It
# exists only if somebody wants them.

locals {
  # EventBridge Scheduler replaces the placeholder; jsonencode escapes its angle brackets.
  report_input = replace(replace(jsonencode({ kind = "report", due = "<aws.scheduler.scheduled-time>" }), "\\u003c", "<"), "\\u003e", ">")
}

resource "aws_dynamodb_table_item" "reports" {
  for_each = module.configuration.report_items

  table_name = aws_dynamodb_table.alerts.name
  hash_key   = aws_dynamodb_table.alerts.hash_key
  range_key  = aws_dynamodb_table.alerts.range_key
  item       = jsonencode({ for name, text in each.value : name => { S = text } })
}

resource "aws_scheduler_schedule" "report" {
  #checkov:skip=CKV_AWS_297:the input holds a word and a time
  count = length(module.configuration.report_items) > 0 ? 1 : 0

  name                         = local.names.report_schedule
  description                  = "Lets the router send the weekly reports."
  group_name                   = aws_scheduler_schedule_group.this.name
  kms_key_arn                  = var.kms_key_arn
  schedule_expression          = "cron(0 ${var.weekly_report.hour} ? * ${upper(substr(var.weekly_report.day, 0, 3))} *)"
  schedule_expression_timezone = var.weekly_report.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  # The router marks what it sends, so that no retry repeats a report.
  target {
    arn      = aws_lambda_function.router.arn
    role_arn = aws_iam_role.scheduler.arn
    input    = local.report_input

    retry_policy {
      maximum_event_age_in_seconds = 21600
      maximum_retry_attempts       = 10
    }

    dead_letter_config {
      arn = aws_sqs_queue.failures.arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler, aws_lambda_function_event_invoke_config.router, aws_dynamodb_table_item.reports]
}
