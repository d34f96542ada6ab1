# Problems of pushed accounts.

locals {
  pushed_accounts            = { for id, account in var.accounts : id => account if local.is_pushed[id] }
  unit_pattern               = "^[A-Za-z][A-Za-z0-9_-]{0,23}$"
  longest_pushed_age_minutes = 44640

  pushed_problems = {
    unit = [
      for id, account in local.pushed_accounts :
      "Account \"${id}\": a pushed account needs unit, a currency such as \"USD\" or a word such as \"credits\"; set it."
      if !can(regex(local.unit_pattern, account.unit))
    ]
    unit_elsewhere = [
      for id in keys(local.given.unit) :
      "Account \"${id}\": only pushed accounts have a unit, and provider ${var.accounts[id].provider} reports its own; remove it."
      if !local.is_pushed[id]
    ]
    no_request = flatten([
      for id, account in local.pushed_accounts : [
        for field in ["secret", "params", "wallet", "base_url"] :
        "Account \"${id}\": a pushed account makes no request and has no ${field}; remove it."
        if try(length(account[field]) > 0, false)
      ]
    ])
    age = [
      for id, account in local.pushed_accounts :
      "Account \"${id}\": stale_after_minutes (${account.stale_after_minutes}) must be at most ${local.longest_pushed_age_minutes}, which is 31 days; lower it."
      if try(account.stale_after_minutes > local.longest_pushed_age_minutes, false)
    ]
  }
}
