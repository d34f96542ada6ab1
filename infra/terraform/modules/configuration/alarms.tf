# One alarm per account and threshold, and one per account for missing balances: by kind, then by
# account.

locals {
  period_seconds = var.poll_interval_minutes * 60

  # What each kind watches, and which of an account's fields is its threshold. In words, %s is the
  # threshold, with the wallet's unit if it is an amount.
  below = { statistic = "Minimum", comparison = "LessThanThreshold", missing = "ignore", datapoints = 1 }
  above = { statistic = "Maximum", comparison = "GreaterThanThreshold", missing = "ignore", datapoints = 1 }
  kinds = {
    warning         = merge(local.below, { metric = "Balance", field = "warning", amount = true, words = "has less than %s left" })
    critical        = merge(local.below, { metric = "Balance", field = "critical", amount = true, words = "has less than %s left" })
    runway-warning  = merge(local.below, { metric = "RunwayHours", field = "runway_warning_hours", amount = false, words = "may be empty in less than %s hours" })
    runway-critical = merge(local.below, { metric = "RunwayHours", field = "runway_critical_hours", amount = false, words = "may be empty in less than %s hours" })
    expiry          = merge(local.below, { metric = "ExpiresInDays", field = "expiry_warning_days", amount = false, words = "has credit or a key that expires in less than %s days" })
    # Two fields for the same kind; account_problems refuses an account with both.
    drain           = merge(local.above, { metric = "BurnPerDay", field = "max_burn_per_day", amount = true, words = "consumes more than %s a day" })
    drain-by-factor = merge(local.above, { metric = "DrainFactor", field = "drain_sensitivity", amount = false, words = "consumes more than %s times its previous maximum, relative to what is usual at the time" })
  }

  # Two periods, of which one must breach: alarms fire immediately, and clear after two good polls,
  # because providers' caches bounce.
  threshold_periods = 2

  # No extra series: stale is the absence of samples of the balance. CloudWatch looks further back
  # than the periods requested, so this fires some two periods later.
  stale_kind            = { metric = "Balance", statistic = "SampleCount", comparison = "LessThanThreshold", missing = "breaching", datapoints = null }
  default_stale_minutes = max(30, 2 * var.poll_interval_minutes)
  # The poller repeats a pushed balance until it is this old: a day and two hours, so a daily job may
  # be late.
  stale_after_minutes = {
    for id, account in var.accounts :
    id => account.stale_after_minutes != null ? account.stale_after_minutes : local.is_pushed[id] ? 1560 : local.default_stale_minutes
  }
  # The poller itself checks the age, so no long alarm is needed; none could look back that far.
  stale_periods = {
    for id, account in var.accounts :
    id => max(2, ceil((local.is_pushed[id] ? local.default_stale_minutes : local.stale_after_minutes[id]) / var.poll_interval_minutes))
  }

  watched_fields = {
    for id, account in var.accounts : id => [for kind in values(local.kinds) : kind.field if account[kind.field] != null]
  }

  threshold_alarms = {
    for key, kind in local.kinds : key => {
      kind = { name = trimsuffix(key, "-by-factor"), metric = kind.metric, statistic = kind.statistic, comparison = kind.comparison, missing = kind.missing, datapoints = kind.datapoints }
      accounts = {
        for id, account in var.accounts : id => {
          provider  = account.provider
          threshold = account[kind.field]
          periods   = local.threshold_periods
          words     = format(kind.words, kind.amount ? "${account[kind.field]} ${coalesce(local.wallet_of[id].unit, "of its unit")}" : tostring(account[kind.field]))
        } if account[kind.field] != null
      }
    }
  }

  stale_alarms = {
    stale = {
      kind = merge(local.stale_kind, { name = "stale" })
      accounts = {
        for id, account in var.accounts : id => {
          provider  = account.provider
          threshold = 1
          periods   = local.stale_periods[id]
          words = (
            local.is_pushed[id]
            ? "has had no new balance pushed for ${local.stale_after_minutes[id]} minutes"
            : "has had no readable balance for ${local.stale_periods[id] * var.poll_interval_minutes} minutes"
          )
        }
      }
    }
  }

  alarms = {
    for key, alarms in merge(local.threshold_alarms, local.stale_alarms) : key => {
      kind = alarms.kind
      accounts = {
        for id, alarm in alarms.accounts : id => {
          provider  = alarm.provider
          threshold = alarm.threshold
          periods   = alarm.periods
          # Plain text, because readers of the console see it too.
          description = join(" ", compact([
            "${local.provider_of[id].title} account ${id} ${alarm.words}.",
            local.top_up_of[id] == null ? "" : "Top up: ${local.top_up_of[id]}",
            var.runbook_url == null ? (local.is_pushed[id] && key == "stale" ? local.advice_unpushed : local.advice[alarms.kind.name]) : "Runbook: ${var.runbook_url}#${alarms.kind.name}",
          ]))
        }
      }
    } if length(alarms.accounts) > 0
  }

  # The runbook's advice under each heading, in one line, in case no runbook is published. As in
  # functions/alert_router/messages/wording/links.py.
  advice = {
    warning         = "Advice: top up, or lower the threshold if this level is no cause for concern."
    critical        = "Advice: top up now, or stop what can wait: calls will soon fail."
    stale           = "Advice: balancectl status says why; replace a rejected key, wait for an outage to end."
    runway-warning  = "Advice: top up, or find out what consumes more than planned."
    runway-critical = "Advice: top up now, or stop what can wait: it will soon be empty."
    drain           = "Advice: find out who is using the key; if nobody knows, revoke it at the provider."
    expiry          = "Advice: use the credit, or renew the key, before it expires."
  }

  advice_unpushed = "Advice: find out why the job that pushes the balance no longer does."

  alarm_names = {
    for id, account in var.accounts : id => [
      for name in sort(concat(["stale"], [for key, kind in local.kinds : local.threshold_alarms[key].kind.name if account[kind.field] != null])) :
      "${var.name}/${id}/${name}"
    ]
  }

  top_up_of = {
    for id, account in var.accounts : id => account.top_up_url != null ? account.top_up_url : local.provider_of[id].top_up_url
  }
}
