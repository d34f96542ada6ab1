# CloudWatch's event about a deleted alarm ends its incident immediately; nothing else notifies the
# router of the deletion
# (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html, read
# 2026-11). Any alarm of this account and Region may be routed, so the rule names none; the router
# ignores those that it does not know. Events of AWS's own services are free of charge.
resource "aws_cloudwatch_event_rule" "alarm_deleted" {
  name        = local.names.alarm_deleted_rule
  description = "Sends CloudWatch's events about deleted alarms to the router of ${var.name}."

  event_pattern = jsonencode({
    source      = ["aws.cloudwatch"]
    detail-type = ["CloudWatch Alarm Configuration Change"]
    detail      = { operation = ["delete"] }
  })
  tags = local.tags
}

# No dead-letter queue: the router's next run finds by itself what is lost here.
resource "aws_cloudwatch_event_target" "alarm_deleted" {
  rule      = aws_cloudwatch_event_rule.alarm_deleted.name
  target_id = "router"
  arn       = aws_sqs_queue.intake.arn
}
