# What the runbook says under each operations alarm's heading, in one line: it stands in the alarm
# where no runbook is published.

locals {
  queue_advice = "Read what the queue holds, see its sender's log for the reason, then send it again or delete it."
  topic_advice = "See who does not get messages with balancectl subscribers."
  grant_advice = "See the function's log; if a permission is missing, make plan shows what was changed."

  advice = merge(
    { for topic in keys(local.topic_alarms) : topic => local.topic_advice },
    { for topic in keys(local.filter_alarms) : topic => "The router's version does not fit its subscriptions: run make deploy." },
    { for queue in keys(local.queue_alarms) : queue => local.queue_advice },
    {
      poller-errors          = local.grant_advice
      poller-throttles       = "Raise reserved_concurrency.poller, or ask AWS for a higher quota."
      poller-not-running     = "See whether the schedules are enabled and balancectl poll works."
      router-errors          = local.grant_advice
      router-throttles       = "Raise reserved_concurrency.router, or ask AWS for a higher quota; nothing is lost meanwhile."
      router-not-running     = "See whether the tick's schedule is enabled."
      intake-delayed         = "See the router's log, and whether its event source mapping is enabled."
      invalid-scheduled-time = "Run make deploy: the schedule's input was changed."
      write-failures         = local.grant_advice
      publish-failures       = local.grant_advice
      reduced-messages       = "See the accounts with balancectl status."
    },
  )

  directions = {
    for what in keys(local.operations_alarms) :
    what => var.runbook_url == null ? local.advice[what] : "Runbook: ${var.runbook_url}#${what}"
  }
}
