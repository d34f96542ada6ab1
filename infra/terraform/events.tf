# CloudWatch's event about a deleted alarm ends its incident at once, for which nothing else sends
# the router a notification
# (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html, read
# 2026-11). Any alarm of this account and Region may be routed, so the rule names none; the router
# ignores those that it does not know. Events of AWS's own services are free of charge.
resource "aws_cloudwatch_event_rule" "alarm_deleted" {
  name        = local.names.alarm_deleted_rule
  description = "Tells the router of ${var.name} which alarms were deleted."

  event_pattern = jsonencode({
    source      = ["aws.cloudwatch"]
    detail-type = ["CloudWatch Alarm Configuration Change"]
    detail      = { operation = ["delete"] }
  })
  tags = local.tags
}

# No dead-letter queue: what is lost here, the router's next run finds by itself.
resource "aws_cloudwatch_event_target" "alarm_deleted" {
  rule      = aws_cloudwatch_event_rule.alarm_deleted.name
  target_id = "router"
  arn       = aws_sqs_queue.intake.arn
}
