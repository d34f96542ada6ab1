# Every name that Python knows too: functions/shared/names.py has the same ones, and a test
# compares the two. The keys are the properties of StackNames.

locals {
  names = {
    poller_function      = "${var.name}-balance-poller"
    router_function      = "${var.name}-alert-router"
    schedule_group       = var.name
    poll_schedule_prefix = "${var.name}-poll-"
    tick_schedule        = "${var.name}-tick"
    balances_table       = "${var.name}-balances"
    alerts_table         = "${var.name}-alerts"
    secret               = "${var.name}/api-keys"
    alarms_topic         = "${var.name}-alarms"
    intake_queue         = "${var.name}-alarms"
    notifications_topic  = "${var.name}-notifications"
    operations_topic     = "${var.name}-operations"
    chat_topic           = "${var.name}-chat"
  }

  severities = ["critical", "warning"]
  statuses   = ["digest", "firing", "reminder", "resolved", "test"]

  # The value of the attributes provider and account in messages about no account of ours.
  no_subject = "-"
}
