# The alarms of one kind, for every account that has one.
#
# A module for each kind, with little in its map: Terraform reads the whole of for_each again for
# each instance, so its time to plan grows with the square of a resource's instances and with the
# size of each (3,000 alarms, two cores, Terraform 1.11: minutes for one resource of full objects).
resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.accounts

  alarm_name          = "${var.stack_name}/${each.key}/${var.kind.name}"
  alarm_description   = each.value.description
  namespace           = var.namespace
  metric_name         = var.kind.metric
  statistic           = var.kind.statistic
  comparison_operator = var.kind.comparison
  threshold           = each.value.threshold
  period              = var.period_seconds
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = coalesce(var.kind.datapoints, each.value.periods)
  treat_missing_data  = var.kind.missing
  actions_enabled     = var.actions_enabled
  # On both changes: the router decides what to announce, and CloudWatch's mute rules and
  # suppression still apply.
  alarm_actions = [var.topic_arn]
  ok_actions    = [var.topic_arn]

  dimensions = {
    Account  = each.key
    Provider = each.value.provider
  }
  tags = var.tags
}
