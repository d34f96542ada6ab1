# The runbook's advice for each operations alarm, in one line, for alarms if no runbook is
# published.

locals {
  queue_advice = "Read the messages in the queue, see their sender's log for the reason, then send them again or delete them."
  topic_advice = "balancectl subscribers shows who does not get messages."
  grant_advice = "See the function's log; if a permission is missing, make plan shows what was changed."

  advice = merge(
    { for what in keys(local.topic_alarms) : what => strcontains(what, "addressed-") ? "The router's version does not fit its subscriptions: run make deploy." : local.topic_advice },
    { for what in keys(local.queue_alarms) : what => local.queue_advice },
    merge([for function in ["poller", "router"] : {
      "${function}-errors"         = local.grant_advice
      "${function}-throttles"      = "Raise reserved_concurrency.${function}, or ask AWS for a higher quota."
      "${function}-faults"         = "See the log line fault of the function, and the lines before it."
      "${function}-events-dropped" = "Check whether the function is throttled; its next run makes up for this one."
      "${function}-failures-lost"  = "Run make deploy: the role or the queue was changed."
    }]...),
    {
      poller-not-running = "Check whether the schedules are enabled and balancectl poll works."
      router-not-running = "Check whether the router's schedule is enabled."
      intake-delayed     = "See the router's log, and check whether its event source mapping is enabled."
    },
  )

  directions = {
    for what in keys(local.operations_alarms) :
    what => var.runbook_url == null ? local.advice[what] : "Runbook: ${var.runbook_url}#${what}"
  }
}
