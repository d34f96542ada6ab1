# Problems of the accounts' thresholds and times.

locals {
  # The accounts' values of each field, so that a rule only evaluates those that it is about.
  given = {
    for field in concat(["wallet", "unit", "budget", "drain_sensitivity"], local.balance_fields, local.positive_fields) : field => {
      for id, account in var.accounts : id => account[field] if account[field] != null
    }
  }
  positive_fields = ["stale_after_minutes", "runway_warning_hours", "runway_critical_hours", "max_burn_per_day", "expiry_warning_days"]

  balance_fields = ["warning", "critical"]
  balance_thresholds = {
    for id, account in var.accounts : id => [for field in local.balance_fields : account[field] if account[field] != null]
  }

  # Whether nothing watches the account before its balance is used up.
  is_late = {
    for id, account in var.accounts : id => length(local.balance_thresholds[id]) > 0 && max(0, local.balance_thresholds[id]...) == 0 && length(setsubtract(local.watched_fields[id], local.balance_fields)) == 0
  }
  only_overdrawn = [for id, is_late in local.is_late : id if is_late && min(0, local.balance_thresholds[id]...) < 0]

  account_threshold_problems = {
    threshold = [
      for id, account in var.accounts :
      "Account \"${id}\": nothing is watched; set at least one of warning, critical, runway_warning_hours, runway_critical_hours, max_burn_per_day, drain_sensitivity, expiry_warning_days."
      if length(local.watched_fields[id]) == 0
    ]
    zero = [
      for id, account in var.accounts :
      "Account \"${id}\": a threshold of 0 alone never alerts before the balance is negative; set warning, or raise critical."
      if local.is_late[id] && alltrue([for value in local.balance_thresholds[id] : value == 0])
    ]
    order = [
      for id, critical in local.given.critical :
      "Account \"${id}\": critical (${critical}) must be below warning (${var.accounts[id].warning}); lower critical or raise warning."
      if critical >= coalesce(var.accounts[id].warning, critical + 1)
    ]
    runway_order = [
      for id, hours in local.given.runway_critical_hours :
      "Account \"${id}\": runway_critical_hours (${hours}) must be below runway_warning_hours (${var.accounts[id].runway_warning_hours}); lower one or raise the other."
      if hours >= coalesce(var.accounts[id].runway_warning_hours, hours + 1)
    ]
    amount = flatten([
      for field in ["warning", "critical", "max_burn_per_day"] : [
        for id, amount in local.given[field] :
        "Account \"${id}\": ${field} must be between -1e15 and 1e15, as balances are; correct it."
        if amount >= 1000000000000000 || amount <= -1000000000000000
      ]
    ])
    positive = flatten([
      for field in local.positive_fields : [
        for id, value in local.given[field] :
        "Account \"${id}\": ${field} (${value}) must be more than 0; correct or remove it."
        if value <= 0
      ]
    ])
    drain_sensitivity = [
      for id, factor in local.given.drain_sensitivity :
      "Account \"${id}\": drain_sensitivity (${factor}) must be from 1.2 to 10: it multiplies the highest consumption so far, and 2 suits most accounts."
      if factor < 1.2 || factor > 10
    ]
    one_drain = [
      for id in keys(local.given.drain_sensitivity) :
      "Account \"${id}\": max_burn_per_day and drain_sensitivity create the same alarm; keep one of them."
      if var.accounts[id].max_burn_per_day != null
    ]
    budget = [
      for id, account in var.accounts :
      "Account \"${id}\": provider ${account.provider} needs budget, the amount that may be spent in a calendar month; set it to more than 0."
      if local.provider_of[id].budget && coalesce(account.budget, 0) <= 0
    ]
    no_budget = [
      for id in keys(local.given.budget) :
      "Account \"${id}\": budget is for providers that count what is spent in a month, and ${var.accounts[id].provider} does not; remove it."
      if local.provider_of[id].is_known && !local.provider_of[id].budget
    ]
    budget_threshold = flatten([
      for id, budget in local.given.budget : [
        for field in local.balance_fields :
        "Account \"${id}\": ${field} (${var.accounts[id][field]}) must be below budget (${budget}), or it alerts all month; lower it."
        if local.provider_of[id].budget && coalesce(var.accounts[id][field], budget - 1) >= budget
      ]
    ])
    expiry = [
      for id in keys(local.given.expiry_warning_days) :
      "Account \"${id}\": expiry_warning_days needs a provider that reports when the credit or key expires, and ${var.accounts[id].provider} does not; remove it."
      if local.provider_of[id].is_known && !local.wallet_of[id].expires
    ]
  }

  # Problems that also depend on the deployment.
  account_plan_problems = {
    interval = [
      for id, account in var.accounts :
      "Account \"${id}\": provider ${account.provider} asks for at least ${local.provider_of[id].min_interval_seconds} seconds between two polls, and poll_interval_minutes is ${var.poll_interval_minutes}; raise it to ${ceil(local.provider_of[id].min_interval_seconds / 60)}."
      if local.period_seconds < local.provider_of[id].min_interval_seconds
    ]
    stale_short = [
      for id, minutes in local.given.stale_after_minutes :
      "Account \"${id}\": stale_after_minutes (${minutes}) is less than two poll intervals, so a single slow poll would raise an alert; raise it to ${2 * var.poll_interval_minutes}."
      if minutes > 0 && minutes < 2 * var.poll_interval_minutes
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
      "Accounts: schedule ${local.names.poll_schedule_prefix}${shard} would carry ${bytes} bytes of accounts, and the event of a failed run must fit into a queue, which takes 240,000; lower shard_size, which is ${var.shard_size}."
      if bytes >= 240000
    ]
    dashboard = [
      for id in coalesce(var.dashboard_accounts, []) :
      "Account \"${id}\" of dashboard_accounts is not one of accounts; correct or remove it."
      if !can(var.accounts[id])
    ]
    dashboard_size = length(coalesce(var.dashboard_accounts, [])) <= 100 ? [] : [
      "Accounts: dashboard_accounts has ${length(var.dashboard_accounts)} accounts, and a readable dashboard has at most 100; remove some."
    ]
  }

  # A day, or a week if the period is an hour or more (PutMetricAlarm, EvaluationPeriods).
  longest_window_seconds = local.period_seconds < 3600 ? 86400 : 604800
}
