# Problems of the accounts' thresholds and times.

locals {
  positive_fields = ["stale_after_minutes", "runway_warning_hours", "runway_critical_hours", "max_burn_per_day", "expiry_warning_days"]

  balance_fields = ["warning", "critical"]
  balance_thresholds = {
    for id, account in var.accounts : id => [for field in local.balance_fields : account[field] if account[field] != null]
  }

  account_threshold_problems = {
    threshold = [
      for id, account in var.accounts :
      "Account \"${id}\": nothing is watched; set at least one of warning, critical, runway_warning_hours, runway_critical_hours, max_burn_per_day, drain_sensitivity, expiry_warning_days."
      if alltrue([for kind in values(local.kinds) : account[kind.field] == null])
    ]
    zero = [
      for id, account in var.accounts :
      "Account \"${id}\": a threshold of 0 alone never alerts before the balance is negative; set warning, or raise critical."
      if length(local.balance_thresholds[id]) > 0 && alltrue([for value in local.balance_thresholds[id] : value == 0]) && alltrue([for kind in values(local.kinds) : account[kind.field] == null || contains(local.balance_fields, kind.field)])
    ]
    order = [
      for id, account in var.accounts :
      "Account \"${id}\": critical (${account.critical}) must be below warning (${account.warning}); lower critical or raise warning."
      if account.critical != null && account.warning != null && try(account.critical >= account.warning, false)
    ]
    runway_order = [
      for id, account in var.accounts :
      "Account \"${id}\": runway_critical_hours (${account.runway_critical_hours}) must be below runway_warning_hours (${account.runway_warning_hours}); lower the one or raise the other."
      if account.runway_critical_hours != null && account.runway_warning_hours != null && try(account.runway_critical_hours >= account.runway_warning_hours, false)
    ]
    amount = flatten([
      for id, account in var.accounts : [
        for field in ["warning", "critical", "max_burn_per_day"] :
        "Account \"${id}\": ${field} must lie within -1e15 and 1e15, as balances do; correct it."
        if try(abs(account[field]) >= 1000000000000000, false)
      ]
    ])
    positive = flatten([
      for id, account in var.accounts : [
        for field in local.positive_fields :
        "Account \"${id}\": ${field} (${account[field]}) must be more than 0; correct or remove it."
        if try(account[field] <= 0, false)
      ]
    ])
    drain_sensitivity = [
      for id, account in var.accounts :
      "Account \"${id}\": drain_sensitivity (${account.drain_sensitivity}) must be from 1.2 to 10, the factor on the most that was ever consumed; 2 suits most accounts."
      if try(account.drain_sensitivity < 1.2 || account.drain_sensitivity > 10, false)
    ]
    one_drain = [
      for id, account in var.accounts :
      "Account \"${id}\": max_burn_per_day and drain_sensitivity make the same alarm; keep one of them."
      if account.max_burn_per_day != null && account.drain_sensitivity != null
    ]
    budget = [
      for id, account in var.accounts :
      "Account \"${id}\": provider ${account.provider} needs budget, what may be spent in a calendar month; set it to more than 0."
      if local.provider_of[id].budget && try(account.budget <= 0, true)
    ]
    no_budget = [
      for id, account in var.accounts :
      "Account \"${id}\": budget is for providers that count what is spent in a month, and ${account.provider} does not; remove it."
      if account.budget != null && can(local.definitions[account.provider]) && !local.provider_of[id].budget
    ]
    budget_threshold = flatten([
      for id, account in var.accounts : [
        for field in local.balance_fields :
        "Account \"${id}\": ${field} (${account[field]}) must be below budget (${account.budget}), or it alerts all month; lower it."
        if local.provider_of[id].budget && try(account[field] >= account.budget, false)
      ]
    ])
    expiry = [
      for id, account in var.accounts :
      "Account \"${id}\": expiry_warning_days needs a provider that says when credit or key expires, and ${account.provider} does not; remove it."
      if account.expiry_warning_days != null && can(local.definitions[account.provider]) && !local.wallet_of[id].expires
    ]
  }

  # What depends on the deployment, too.
  account_plan_problems = {
    interval = [
      for id, account in var.accounts :
      "Account \"${id}\": provider ${account.provider} asks for at least ${local.provider_of[id].min_interval_seconds} seconds between two polls, and poll_interval_minutes is ${var.poll_interval_minutes}; raise it to ${ceil(local.provider_of[id].min_interval_seconds / 60)}."
      if local.period_seconds < local.provider_of[id].min_interval_seconds
    ]
    stale_short = [
      for id, account in var.accounts :
      "Account \"${id}\": stale_after_minutes (${account.stale_after_minutes}) is less than two poll intervals, and a single slow poll would alert; raise it to ${2 * var.poll_interval_minutes}."
      if try(account.stale_after_minutes > 0 && account.stale_after_minutes < 2 * var.poll_interval_minutes, false)
    ]
    stale_window = [
      for id, account in var.accounts :
      "Account \"${id}\": stale_after_minutes (${local.stale_after_minutes[id]}) with poll_interval_minutes ${var.poll_interval_minutes} makes an alarm over ${local.stale_periods[id]} periods of ${local.period_seconds} s, and CloudWatch evaluates at most ${local.longest_window_seconds} s; lower stale_after_minutes."
      if local.stale_periods[id] * local.period_seconds > local.longest_window_seconds
    ]
    description = flatten([
      for alarms in values(local.alarms) : [
        for id, alarm in alarms.accounts :
        "Account \"${id}\": the description of alarm ${alarms.kind.name} is longer than CloudWatch's 1,024 characters; shorten top_up_url, runbook_url or the provider's title."
        if length(alarm.description) > 1024
      ]
    ])
    payload = [
      for shard, bytes in local.schedule_input_bytes :
      "Accounts: schedule ${local.names.poll_schedule_prefix}${shard} would carry ${bytes} bytes of accounts, and a run that fails must fit into a queue, at most 240,000; lower shard_size, which is ${var.shard_size}."
      if bytes >= 240000
    ]
    dashboard = [
      for id in coalesce(var.dashboard_accounts, []) :
      "Account \"${id}\" of dashboard_accounts is not one of accounts; correct or remove it."
      if !can(var.accounts[id])
    ]
    dashboard_size = length(coalesce(var.dashboard_accounts, [])) <= 100 ? [] : [
      "Accounts: dashboard_accounts has ${length(var.dashboard_accounts)} and a readable dashboard at most 100; remove some."
    ]
  }

  # A day, or a week from a period of an hour (PutMetricAlarm, EvaluationPeriods).
  longest_window_seconds = local.period_seconds < 3600 ? 86400 : 604800
}
