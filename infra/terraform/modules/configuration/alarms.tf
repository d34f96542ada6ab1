# One alarm per account and threshold, and one for its silence.

locals {
  period_seconds = var.poll_interval_minutes * 60

  # Which field of an account makes which alarm. Words: %s is the threshold, with its unit where
  # it is an amount.
  threshold_kinds = {
    warning          = { field = "warning", metric = "Balance", unit = true, words = "has less than %s left" }
    critical         = { field = "critical", metric = "Balance", unit = true, words = "has less than %s left" }
    runway-warning   = { field = "runway_warning_hours", metric = "RunwayHours", unit = false, words = "will be empty in less than %s hours at the current rate" }
    runway-critical  = { field = "runway_critical_hours", metric = "RunwayHours", unit = false, words = "will be empty in less than %s hours at the current rate" }
    drain            = { field = "max_burn_per_day", metric = "BurnPerDay", unit = true, words = "consumes more than %s a day" }
    drain-by-profile = { field = "drain_factor", metric = "DrainFactor", unit = false, words = "consumes more than %s times as fast as it usually does" }
    expiry           = { field = "expiry_warning_days", metric = "ExpiresInDays", unit = false, words = "has credit or a key that expires in less than %s days" }
  }

  # No extra series: stale is the absence of samples in the balance's own. CloudWatch looks further
  # back than the periods it is asked for, so that this fires some two periods later.
  stale_periods = {
    for id, account in var.accounts :
    id => max(2, ceil(account.stale_after_minutes / var.poll_interval_minutes))
  }

  threshold_alarms = merge([
    for id, account in var.accounts : {
      for kind, spec in local.threshold_kinds : "${id}/${trimsuffix(kind, "-by-profile")}" => {
        account     = id
        kind        = trimsuffix(kind, "-by-profile")
        provider    = account.provider
        metric      = spec.metric
        statistic   = startswith(kind, "drain") ? "Maximum" : "Minimum"
        comparison  = startswith(kind, "drain") ? "GreaterThanThreshold" : "LessThanThreshold"
        threshold   = account[spec.field]
        periods     = 2
        datapoints  = 1 # fires at once, and clears after two good polls: providers' caches bounce
        missing     = "ignore"
        explanation = format(spec.words, spec.unit ? "${account[spec.field]} ${coalesce(local.wallet_of[id].unit, "of its unit")}" : tostring(account[spec.field]))
        # Both drain thresholds would make two alarms of one name; account_problems refuses them.
      } if account[spec.field] != null && !(kind == "drain-by-profile" && account.max_burn_per_day != null)
    }
  ]...)

  stale_alarms = {
    for id, account in var.accounts : "${id}/stale" => {
      account     = id
      kind        = "stale"
      provider    = account.provider
      metric      = "Balance"
      statistic   = "SampleCount"
      comparison  = "LessThanThreshold"
      threshold   = 1
      periods     = local.stale_periods[id]
      datapoints  = local.stale_periods[id]
      missing     = "breaching"
      explanation = "has had no readable balance for ${account.stale_after_minutes} minutes"
    }
  }

  alarms = {
    for key, alarm in merge(local.threshold_alarms, local.stale_alarms) : key => merge(alarm, {
      name   = "${var.name}/${key}"
      period = local.period_seconds
      # Plain text: this is also what a reader of the console sees.
      description = join(" ", compact([
        "${local.provider_of[alarm.account].title} account ${alarm.account} ${alarm.explanation}.",
        local.top_up_of[alarm.account] == null ? "" : "Top up: ${local.top_up_of[alarm.account]}",
        "Runbook: ${var.runbook_url}#${alarm.kind}",
      ]))
    })
  }

  top_up_of = {
    for id, account in var.accounts : id => try(coalesce(account.top_up_url, local.provider_of[id].top_up_url), null)
  }
}
