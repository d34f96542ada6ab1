# Actions in both directions: the router decides what is told, and CloudWatch's own mute rules and
# suppression stay in force.
resource "aws_cloudwatch_metric_alarm" "account" {
  for_each = module.configuration.alarms

  alarm_name          = each.value.name
  alarm_description   = each.value.description
  namespace           = var.metric_namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = each.value.missing
  actions_enabled     = var.alarm_actions_enabled
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  dimensions = {
    Account  = each.value.account
    Provider = each.value.provider
  }

  # An alarm that fires before anybody listens is lost.
  depends_on = [aws_sns_topic_policy.alarms, aws_sns_topic_subscription.intake, module.configuration]
}
