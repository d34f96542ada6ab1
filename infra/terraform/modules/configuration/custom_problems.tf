# Problems of custom definitions, as far as a plan can tell; `balancectl provider check` and the
# poller check them against the whole schema.

locals {
  custom = {
    for name in local.custom_names : name => {
      url         = try(tostring(var.custom_providers[name].request.url), "")
      before_url  = try(var.custom_providers[name].before, null) == null ? null : try(tostring(var.custom_providers[name].before.request.url), "")
      shares_url  = try(var.custom_providers[name].breakdown, null) == null ? null : try(tostring(var.custom_providers[name].breakdown.request.url), "")
      self_hosted = local.definitions[name].self_hosted
      wallets     = try(keys(var.custom_providers[name].wallets), [])
      spend       = try(var.custom_providers[name].spend, null) != null
      patterns = try({
        for param, fields in var.custom_providers[name].params : param => tostring(fields.pattern)
        if try(fields.pattern, null) != null
      }, {})
      errors = try([for rule in var.custom_providers[name].errors : rule], [])
    }
  }

  # The patterns that no value can slow down: balance_poller/definitions/language/pattern.py has the
  # same expression.
  pattern_form = "^(?:(?:\\.|\\\\[dw!-/:-@\\[-`{-~]|[^\\\\^$.|?*+()\\[\\]{}]|\\[\\^?(?:\\\\[dw!-/:-@\\[-`{-~]|[^\\\\\\[\\]^])+\\])(?:[?*+]|\\{[0-9]{1,3}(?:,[0-9]{0,3})?\\})?)+$"

  custom_problems = {
    form = can(keys(var.custom_providers)) ? [] : [
      "Custom providers: custom_providers must be a map of definitions by name; correct it."
    ]
    name = [
      for name in local.custom_names :
      "Custom provider \"${name}\": a name consists of lower-case letters, digits and underscores, begins with a letter, and is at most 40 long; rename it."
      if !can(regex("^[a-z][a-z0-9_]{0,39}$", name))
    ]
    shipped = [
      for name in local.custom_names :
      "Custom provider \"${name}\": a provider of that name is shipped; choose another name."
      if contains(local.shipped_names, name) || name == local.pushed
    ]
    url = [
      for name, definition in local.custom :
      "Custom provider \"${name}\": request.url must be an https:// address without credentials, query or fragment${var.allow_http_loopback ? " (or http:// on loopback)" : ""}; correct it."
      if !definition.self_hosted && !can(regex("^https://[^\\s@/?#]+(/[^?#\\s]*)?$", definition.url)) &&
      !(var.allow_http_loopback && can(regex("^http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?(/[^?#\\s]*)?$", definition.url)))
    ]
    path = [
      for name, definition in local.custom :
      "Custom provider \"${name}\": request.url must be a path such as /api/balance, since the host of a self-hosted service is its accounts' base_url; correct it."
      if definition.self_hosted && !can(regex("^/[^?#\\\\\\s]*$", definition.url))
    ]
    before = [
      for name, definition in local.custom :
      "Custom provider \"${name}\": before.request.url must be a path such as /oauth2/token on the same host, or a literal https:// address; correct it."
      if definition.before_url != null && !can(regex("^(https://[A-Za-z0-9.-]+(:[0-9]+)?)?/[^?#\\\\\\s]*$", definition.before_url)) && !var.allow_http_loopback
    ]
    breakdown = [
      for name, definition in local.custom :
      "Custom provider \"${name}\": breakdown.request.url must be a path such as /v1/keys: it goes to the host of the provider's own request; correct it."
      if definition.shares_url != null && !can(regex("^/[^?#\\\\\\s]*$", definition.shares_url))
    ]
    wallets = [
      for name, definition in local.custom :
      "Custom provider \"${name}\": wallets must have at least one wallet; define how its balance is read."
      if length(definition.wallets) == 0 && !definition.spend
    ]
    wallet_fields = flatten([
      for name, definition in local.custom : [
        for wallet in definition.wallets : [
          for field in ["unit", "remaining"] :
          "Custom provider \"${name}\": wallets.${wallet}.${field} is missing; set it."
          if !can(length(jsonencode(var.custom_providers[name].wallets[wallet][field])))
        ]
      ]
    ])
    pattern = flatten([
      for name, definition in local.custom : [
        for param, pattern in definition.patterns :
        "Custom provider \"${name}\": params.${param}.pattern must be a sequence of characters and classes, each with at most one repetition, without groups, alternatives or anchors; correct it."
        if !can(regex(local.pattern_form, pattern))
      ]
    ])
    error_condition = flatten([
      for name, definition in local.custom : [
        for index, rule in definition.errors :
        "Custom provider \"${name}\": errors[${index}].when is missing; set it to a condition that recognises the API's own response."
        if try(rule.when, null) == null && try(rule.web_page, false) != true
      ]
    ])
    default_wallet = [
      for name, definition in local.custom :
      "Custom provider \"${name}\": default_wallet must name one of ${join(", ", definition.wallets)}; set it."
      if length(definition.wallets) > 1 && !contains(definition.wallets, try(tostring(var.custom_providers[name].default_wallet), ""))
    ]
  }
}
