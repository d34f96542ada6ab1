# Every name that Python knows, too: functions/shared/names.py has the same ones, and a test compares
# the two. The keys are the properties of StackNames.

locals {
  names = {
    poller_function      = "${var.name}-balance-poller"
    push_alias           = "push"
    router_function      = "${var.name}-alert-router"
    status_page_function = "${var.name}-status-page"
    courier_function     = "${var.name}-courier"
    schedule_group       = var.name
    poll_schedule_prefix = "${var.name}-poll-"
    reconcile_schedule   = "${var.name}-tick"
    report_schedule      = "${var.name}-weekly-report"
    alarm_deleted_rule   = "${var.name}-alarm-deleted"
    balances_table       = "${var.name}-balances"
    alerts_table         = "${var.name}-alerts"
    secret               = "${var.name}/api-keys"
    channels_secret      = "${var.name}/channels"
    heartbeat_secret     = "${var.name}/heartbeat"
    alarms_topic         = "${var.name}-alarms"
    intake_queue         = "${var.name}-alarms"
    channels_queue       = "${var.name}-channels"
    notifications_topic  = "${var.name}-notifications"
    sms_topic            = "${var.name}-notifications-sms"
    events_topic         = "${var.name}-notifications-events"
    operations_topic     = "${var.name}-operations"
    chat_topic           = "${var.name}-chat"
  }

  severities = ["critical", "warning"]
  statuses   = ["firing", "reminder", "resolved"]

  # Each form of a message has its own topic, with plain String messages: SNS sends attributes,
  # which all filters use, only with those
  # (docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html, read 2026-11).
  forms = { email = "email", sms = "sms", https = "events", sqs = "events", lambda = "events", channel = "events" }
  topic_of_form = {
    email  = "notifications_topic"
    sms    = "sms_topic"
    events = "events_topic"
  }

  # The item of table alerts that tells the router who gets what. As in
  # functions/alert_router/incidents/subscriber.py.
  subscribers_item = { scope = "subscribers", id = "declared" }

  # The console's host in each partition, which {region}. precedes.
  console_hosts = {
    aws        = "console.aws.amazon.com"
    aws-cn     = "console.amazonaws.cn"
    aws-eusc   = "console.amazonaws-eusc.eu"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }

  # The value of the attributes provider and account in messages about no account of ours.
  no_subject = "-"
}
