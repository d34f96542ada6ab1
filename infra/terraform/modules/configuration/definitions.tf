# The parts of the providers' definitions that the plan needs. A custom definition may be anything
# at all, so everything is read with try(); custom_problems.tf reports what is wrong with it.

locals {
  definitions_dir = "${path.module}/../../../../functions/balance_poller/providers"

  shipped_names = toset([for file in fileset(local.definitions_dir, "*.json") : trimsuffix(file, ".json")])
  has_shipped   = length(local.shipped_names) > 0
  custom_names  = try(keys(var.custom_providers), [])
  used_names    = toset([for account in values(var.accounts) : account.provider])
  # The provider of accounts with a pushed balance, as in functions/shared/names.py.
  pushed         = "pushed"
  provider_names = sort(setunion(local.shipped_names, local.custom_names, [local.pushed]))

  # Only those that accounts use.
  shipped = {
    for name in setintersection(local.shipped_names, local.used_names) :
    name => jsondecode(file("${local.definitions_dir}/${name}.json"))
  }

  definitions = merge({ (local.pushed) = merge(local.unknown, { is_known = true, title = "Pushed" }) }, {
    for name, definition in merge(local.shipped, try({ for k, v in var.custom_providers : k => v }, {})) :
    name => {
      is_known             = true
      title                = try(tostring(definition.title), name)
      top_up_url           = try(tostring(definition.top_up_url), null)
      self_hosted          = try(tobool(definition.self_hosted) == true, false)
      min_interval_seconds = try(tonumber(definition.min_interval_seconds), 60)
      # If the provider reports costs, what is left is computed from a budget or a ledger.
      budget         = try(definition.spend.counts_from == "month", false)
      default_wallet = try(tostring(definition.spend.unit), null) != null ? "left" : try(tostring(definition.default_wallet), one(keys(definition.wallets)), null)
      wallets = try({ left = { unit = tostring(definition.spend.unit), expires = false } }, {
        for wallet, fields in definition.wallets : wallet => {
          # A unit read from the response is unknown at plan.
          unit    = try(tostring(fields.unit), null)
          expires = try(fields.expires_at != null, false)
        }
      }, {})
      params = try({
        for param, fields in definition.params : param => {
          required = try(fields.default == null, true)
          one_of   = try([for value in fields.one_of : tostring(value)], null)
          pattern  = try(tostring(fields.pattern), null)
        }
      }, {})
    }
  })

  # Nothing is known about an unknown provider, which account_problems reports.
  unknown = { is_known = false, title = "?", top_up_url = null, self_hosted = false, min_interval_seconds = 0, budget = false, default_wallet = null, wallets = {}, params = {} }
  # try() and can() walk every value that their argument names, so in a loop over accounts the
  # argument names only that account's: with all of them, 1,000 accounts took 15 s instead of 1.
  provider_of = {
    for id, account in var.accounts : id => try(local.definitions[account.provider], local.unknown)
  }
  is_pushed = { for id, account in var.accounts : id => account.provider == local.pushed }
  wallets_of = {
    for id, account in var.accounts : id => {
      all     = local.provider_of[id].wallets
      watched = account.wallet != null ? account.wallet : local.provider_of[id].default_wallet
    }
  }
  wallet_of = {
    for id, wallets in local.wallets_of : id => local.is_pushed[id] ? { unit = var.accounts[id].unit, expires = false } : try(
      wallets.all[wallets.watched], { unit = null, expires = false },
    )
  }
}
