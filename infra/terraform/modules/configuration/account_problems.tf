# Problems of the accounts: for each rule, a sentence for each account that breaks it. Each
# names the account, the rule and the remedy. No sentence repeats a secret's reference: somebody may
# have put a key there.

locals {
  loopback_pattern = "^http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?(/[^?#\\s]*)?$"
  https_pattern    = "^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^?#\\s]*)?$"
  private_pattern  = "^https://(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)[0-9.]+(:|/|$)"
  own_pattern      = "^https?://(localhost|127\\.[0-9.]+|0\\.0\\.0\\.0|169\\.254\\.[0-9.]+)(:|/|$)"
  link_pattern     = "^https://[^\\s@/]+(/\\S*)?$"
  secret_pattern   = "^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}|[A-Za-z0-9/_+=.@-]+)(#[^#]+)?$"
  # The beginnings of well-known services' keys; other keys are hexadecimal digits, or a UUID.
  key_prefix_pattern = "^(sk-|sk_|fc-|bu_|tvly-|key-|pplx-|xai-|gsk_|AIza|Bearer )"
  key_pattern        = "${local.key_prefix_pattern}|^[0-9A-Fa-f-]{32,}$"

  # The name of each account's own secret, without "#json_key" and what precedes it in an ARN.
  secret_names = { for id, secret in local.own_secrets : id => reverse(split(":secret:", split("#", secret)[0]))[0] }
  # Secrets Manager: 512 characters, and 7 that an ARN adds. A {1,512} in the pattern, which is
  # compiled for each account, would take most of a plan's time.
  is_secret = {
    for id, secret in local.own_secrets : id => can(regex(local.secret_pattern, secret)) && length(local.secret_names[id]) <= (startswith(secret, "arn:") ? 519 : 512)
  }
  is_key           = { for id, secret in local.own_secrets : id => can(regex(local.key_pattern, secret)) }
  secret_beginning = concat(["${var.name}/"], var.secret_prefixes)
  foreign_secrets = {
    for id, name in local.secret_names : id => name
    if !anytrue([for prefix in local.secret_beginning : startswith(name, prefix)]) && local.is_secret[id] && !local.is_key[id] && !local.is_pushed[id]
  }
  # A name's folder is shown only if it consists of letters; anything else may be part of a key.
  folders = {
    for id, name in local.foreign_secrets : id => try(regex("^[A-Za-z][A-Za-z._-]{0,30}(?:/[A-Za-z._-]{1,30})*/", name), "")
  }
  secret_prefixes_lines = {
    for id, folder in local.folders : id => "secret_prefixes = ${jsonencode(concat(var.secret_prefixes, compact(distinct(values(local.folders))), folder == "" ? ["beginning of its name"] : []))}"
  }

  base_urls   = { for id, account in var.accounts : id => account.base_url if account.base_url != null }
  own_secrets = { for id, account in var.accounts : id => account.secret if account.secret != null }
  top_up_urls = { for id, account in var.accounts : id => account.top_up_url if account.top_up_url != null }

  account_problems = merge(
    local.account_identity_problems,
    local.account_threshold_problems,
    local.account_plan_problems,
    { for rule, sentences in local.pushed_problems : "pushed_${rule}" => sentences },
  )

  account_identity_problems = {
    some = length(var.accounts) > 0 ? [] : ["Accounts: there is none; name at least one."]
    definitions = local.has_shipped ? [] : [
      "Module: there are no definitions in ${local.definitions_dir}. The module reads them from the tree it is part of: use the whole tree as its source, as in git::https://…//infra/terraform, or the archive of a release."
    ]
    name = [
      for id in keys(var.accounts) :
      "Account \"${id}\": a name consists of letters, digits, dots, underscores and dashes, begins with a letter or digit, and is at most 64 long; rename it."
      if !can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", id))
    ]
    reserved = [
      for id in keys(var.accounts) :
      "Account \"${id}\": in balancectl silence, this name means every account; rename it."
      if lower(id) == "all"
    ]
    provider = [
      for id, account in var.accounts :
      "Account \"${id}\": provider \"${account.provider}\" is not known; use one of ${join(", ", local.provider_names)}, or define it in custom_providers."
      if !local.provider_of[id].is_known && local.has_shipped
    ]
    wallet = [
      for id, wallet in local.given.wallet :
      "Account \"${id}\": provider ${var.accounts[id].provider} has no wallet \"${wallet}\"; use one of ${join(", ", keys(local.provider_of[id].wallets))}."
      if !local.is_pushed[id] && local.provider_of[id].is_known && !contains(keys(local.provider_of[id].wallets), wallet)
    ]
    unknown_param = flatten([
      for id, account in var.accounts : [
        for param in keys(account.params) :
        "Account \"${id}\": provider ${account.provider} has no param \"${param}\"; it has ${join(", ", coalescelist(keys(local.provider_of[id].params), ["none"]))}."
        if !local.is_pushed[id] && local.provider_of[id].is_known && !contains(keys(local.provider_of[id].params), param)
      ]
    ])
    missing_param = flatten([
      for id, account in var.accounts : [
        for param, spec in local.provider_of[id].params :
        "Account \"${id}\": provider ${account.provider} needs param \"${param}\"; set it in params."
        if spec.required && !can(account.params[param])
      ]
    ])
    param_value = flatten([
      for id, account in var.accounts : [
        for param, spec in local.provider_of[id].params :
        "Account \"${id}\": param \"${param}\" of provider ${account.provider} must be one of ${join(", ", spec.one_of)}."
        if try(!contains(spec.one_of, account.params[param]), false)
      ]
    ])
    param_pattern = flatten([
      for id, account in var.accounts : [
        for param, spec in local.provider_of[id].params :
        "Account \"${id}\": param \"${param}\" of provider ${account.provider} does not match ${spec.pattern}; correct it."
        if spec.pattern != null && can(account.params[param]) && !can(regex("^(?:${spec.pattern})$", account.params[param]))
      ]
    ])
    base_url = [
      for id, url in local.base_urls :
      "Account \"${id}\": base_url must be https://host[:port][/path], with no credentials, query or fragment${var.allow_http_loopback ? " (or http:// on loopback)" : ""}; correct it."
      if !can(regex(local.https_pattern, url)) && !(var.allow_http_loopback && can(regex(local.loopback_pattern, url)))
    ]
    missing_base_url = [
      for id, account in var.accounts :
      "Account \"${id}\": provider ${account.provider} is self-hosted; set base_url to the address of your service."
      if local.provider_of[id].self_hosted && account.base_url == null
    ]
    # The poller refuses every address that is not public, whatever name resolves to it; these can be
    # refused without resolving anything.
    private_base_url = [
      for id, url in local.base_urls :
      "Account \"${id}\": base_url is an address of a private network, which the poller refuses; set allow_private_addresses = true if your vpc reaches it, or correct it."
      if !var.allow_private_addresses && can(regex(local.private_pattern, url))
    ]
    loopback_base_url = [
      for id, url in local.base_urls :
      "Account \"${id}\": base_url is an address of the poller itself, in AWS, and not of your machine; name a host that is reachable from there."
      if !var.allow_http_loopback && can(regex(local.own_pattern, url))
    ]
    top_up_url = [
      for id, url in local.top_up_urls :
      "Account \"${id}\": top_up_url must be an https:// address without credentials; correct it."
      if !can(regex(local.link_pattern, url))
    ]
    param_key = flatten([
      for id, account in var.accounts : [
        for param, value in account.params :
        "Account \"${id}\": param \"${param}\" looks like an API key, and params are plain text: remove it from the file, revoke it at the provider, and store a new one with balancectl keys set."
        if can(regex(local.key_prefix_pattern, value))
      ]
    ])
    secret = [
      for id in keys(local.own_secrets) :
      "Account \"${id}\": secret must be a Secrets Manager name or ARN, optionally with #json_key; correct it."
      if !local.is_secret[id]
    ]
    key_as_secret = [
      for id in keys(local.own_secrets) :
      "Account \"${id}\": secret looks like an API key. It must be the name of a secret: remove the key from the file, revoke it at the provider, and store a new one with balancectl keys set."
      if local.is_key[id]
    ]
    secret_of_addresses = [
      for id, name in local.secret_names :
      "Account \"${id}\": this secret holds addresses of the deployment, not keys; name another, or leave it out."
      if anytrue([for kind in ["heartbeat", "channels"] : name == "${var.name}/${kind}" || can(regex("^${var.name}/${kind}-[A-Za-z0-9]{6}$", name))])
    ]
    secret_prefix = [
      for id in keys(local.foreign_secrets) :
      "Account \"${id}\": secret is not one of the deployment's own, whose names begin with ${var.name}/; remove it and store the key with balancectl keys set, or allow it with the line ${local.secret_prefixes_lines[id]}"
    ]
    default_secret = length(local.default_secret_accounts) <= 400 ? [] : [
      "Accounts: ${length(local.default_secret_accounts)} keep their key in ${local.names.secret}, and a secret has room for 64 KiB, about 400 keys; put the others into a second secret, as in secret = \"${local.names.secret}-2#account-name\"."
    ]
  }
}
