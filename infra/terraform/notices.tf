# Problems that AWS's other services report, for the router to pass on. Events of AWS's own services are
# free of charge.

locals {
  notice_rules = { for service, pattern in local.notice_patterns : service => pattern if contains(var.aws_notices, service) }
}

resource "aws_cloudwatch_event_rule" "notices" {
  for_each = local.notice_rules

  name          = "${var.name}-notices-${each.key}"
  description   = "Sends notices of ${each.key} to the router of ${var.name}."
  event_pattern = jsonencode(each.value)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "notices" {
  for_each = local.notice_rules

  rule      = aws_cloudwatch_event_rule.notices[each.key].name
  target_id = "router"
  arn       = aws_sqs_queue.intake.arn
}
