module "account_alarms" {
  source   = "./modules/account_alarms"
  for_each = module.configuration.alarms

  accounts        = each.value.accounts
  actions_enabled = var.alarm_actions_enabled
  kind            = each.value.kind
  namespace       = local.metric_namespace
  period_seconds  = var.poll_interval_minutes * 60
  stack_name      = var.name
  tags            = local.tags
  # Through the policy and the subscription: an alarm that fires before they exist is lost.
  topic_arn = one(distinct([aws_sns_topic_policy.alarms.arn, aws_sns_topic_subscription.intake.topic_arn]))
}
