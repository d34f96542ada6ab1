# The rules for accounts and custom_providers depend on each other and on the shipped definitions, so
# they are together in modules/configuration.

locals {
  account_fields = [
    "provider", "secret", "params", "wallet", "base_url", "warning", "critical", "stale_after_minutes",
    "runway_warning_hours", "runway_critical_hours", "max_burn_per_day", "drain_sensitivity",
    "expiry_warning_days", "top_up_url", "unit", "budget",
  ]

  # 0 if all accounts are polled alike.
  close_interval_minutes = (
    var.close_interval_minutes == null ? (var.poll_interval_minutes > 15 || var.poll_interval_minutes == 1 ? 0 : 1) :
    var.close_interval_minutes == var.poll_interval_minutes ? 0 : var.close_interval_minutes
  )
  schedule_interval_minutes = local.close_interval_minutes == 0 ? var.poll_interval_minutes : local.close_interval_minutes
}

variable "accounts" {
  description = <<-EOT
    The prepaid accounts to watch, keyed by a name of your choice (letters, digits, dots, underscores, dashes). Each has these fields:
    - provider: a shipped provider, one of custom_providers, or "pushed" for a balance that you report yourself (docs/pushed-accounts.md).
    - secret: name or ARN of the Secrets Manager secret that contains the key, optionally with #json_key; never the key itself. Default: the deployment's own secret, <name>/api-keys#<account>.
    - params: what the provider's definition requires, for example { host = "api.2captcha.com" }.
    - wallet: the wallet to watch, if the provider has several.
    - base_url: https address of a self-hosted service, instead of the provider's.
    - warning, critical: alert when the balance falls below this amount, in the provider's unit.
    - stale_after_minutes: alert when no balance could be read for this long (default 30, or two poll intervals if that is longer). CloudWatch looks further back than the alarm asks it to, so the alarm fires about two poll intervals later.
    - runway_warning_hours, runway_critical_hours: alert when the chance that the balance lasts this many hours is below 9 in 10. The alert ends above 1.5 times as many, or at a top-up.
    - max_burn_per_day: alert when more than this amount is consumed in a day; or drain_sensitivity: when consumption within an hour, relative to what is usual at that time of the week, exceeds its previous maximum by this factor (1.5 is sensitive, 2 normal, 3 insensitive; within 3 hours, three quarters of the part above 1 are enough, within 24 hours half).
    - expiry_warning_days: alert when the credit or the key expires within this many days, if the provider reports it.
    - top_up_url: where to top up, instead of the provider's page.
    - unit: only for pushed accounts: the unit of the balance, such as USD or credits. A pushed account has no secret, params, wallet or base_url; stale_after_minutes (default 1560, up to 44640) is the greatest age of its last pushed balance.
    - budget: the amount that may be spent in a calendar month (UTC), in the provider's unit; required by providers that count what is spent in a month, such as openai_budget (docs/ledger.md).
    At least one threshold is required.
  EOT
  # The type is in modules/configuration. A typed object silently drops a field that it does not
  # know: "crticial = 5" would be an alert that never comes.
  type     = any
  nullable = false

  validation {
    condition = !contains(flatten([for account in var.accounts : try(keys(account), [])]), "drain_factor")
    error_message = join("\n", flatten([
      for field in setintersection(flatten([for account in var.accounts : try(keys(account), [])]), ["drain_factor"]) : [
        for id, account in var.accounts :
        "Account \"${id}\": drain_factor was replaced in 0.2; set drain_sensitivity = 2 instead (docs/upgrading.md)."
        if can(account[field])
      ]
    ]))
  }

  validation {
    condition = length(setsubtract(flatten([for account in var.accounts : try(keys(account), [])]), concat(local.account_fields, ["drain_factor"]))) == 0
    # By field: with the subtraction for each account, 1,000 accounts took a second more.
    error_message = join("\n", flatten([
      for field in setsubtract(flatten([for account in var.accounts : try(keys(account), [])]), concat(local.account_fields, ["drain_factor"])) : [
        for id, account in var.accounts :
        "Account \"${id}\": there is no field ${field}; correct or remove it. The fields are ${join(", ", local.account_fields)}."
        if can(account[field])
      ]
    ]))
  }
}

variable "allow_http_loopback" {
  description = "Whether base_url and custom definitions may use plain http on loopback. Only for the local cloud: on AWS, Lambda's own interface listens there."
  type        = bool
  default     = false
  nullable    = false
}

variable "allow_private_addresses" {
  description = "Whether requests may go to private network addresses, for self-hosted services in the poller's vpc. Loopback and link-local addresses are never allowed."
  type        = bool
  default     = false
  nullable    = false
}

variable "heartbeat" {
  description = "Whether each shard's complete runs request an https address of an outside service, such as Healthchecks.io or Uptime Kuma, which notices when they stop because the AWS account or its Region is gone. Store the addresses, which are credentials, with balancectl heartbeat set."
  type        = bool
  default     = false
  nullable    = false
}

variable "key_hosts" {
  description = "Origins such as \"https://api.example.com\" to which the poller may send keys from secrets that balancectl keys set does not write. Keys that it does write are sent only to the place they were stored for; any key may be sent to its account's shipped provider."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.key_hosts : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", origin)) || (var.allow_http_loopback && can(regex("^http://127\\.0\\.0\\.1:[0-9]+$", origin)))])
    error_message = "key_hosts: each entry must be an origin in lower case without a path, such as \"https://api.example.com\" or \"https://api.example.com:8443\"."
  }
}

variable "secret_prefixes" {
  description = "How the names of secrets may begin that accounts use besides the deployment's own (<name>/…). The plan refuses all others, such as a mistyped name or another team's secret. Example: [\"team/\"]."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for prefix in var.secret_prefixes : can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", prefix))])
    error_message = "secret_prefixes: each entry must be the beginning of a secret's name, such as \"team/\", neither an ARN nor empty."
  }
}

variable "close_interval_minutes" {
  description = "Minutes between two polls of an account that is close to its next threshold: the balance is at most a quarter above it, or may reach it within two hours, 19 times in 20. It must divide poll_interval_minutes; a provider's longer min_interval_seconds takes precedence. 0 polls all accounts alike. null means 1 if poll_interval_minutes is at most 15, else 0."
  type        = number
  default     = null

  validation {
    condition     = var.close_interval_minutes == null || try(var.close_interval_minutes >= 0 && floor(var.close_interval_minutes) == var.close_interval_minutes, false)
    error_message = "close_interval_minutes must be a whole number, 0 or more."
  }

  validation {
    condition     = try(var.close_interval_minutes == 0 || var.poll_interval_minutes % var.close_interval_minutes == 0, true)
    error_message = "close_interval_minutes (${coalesce(var.close_interval_minutes, 0)}) must divide poll_interval_minutes (${var.poll_interval_minutes}), so that the other accounts keep that interval; 1 always divides it, and 0 polls all accounts alike."
  }
}

variable "custom_providers" {
  description = "Definitions of providers that are not shipped, keyed by name, in the form of functions/balance_poller/providers (see docs/adding-a-provider.md). The plan checks name, address and wallets; balancectl provider check validates the rest."
  # Definitions differ in their fields, which no type can express.
  type     = any
  default  = {}
  nullable = false
}

variable "max_in_flight" {
  description = "Maximum number of requests to providers that one run has open at a time, 1 to 1000."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.max_in_flight >= 1 && var.max_in_flight <= 1000 && floor(var.max_in_flight) == var.max_in_flight
    error_message = "max_in_flight must be a whole number from 1 to 1000."
  }
}

variable "poll_interval_minutes" {
  description = "Minutes between two polls of an account, 1 to 1440; also the period of its alarms. It cannot be shorter than the provider's min_interval_seconds. At 721 minutes or more, CloudWatch evaluates the alarms only once an hour."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.poll_interval_minutes >= 1 && var.poll_interval_minutes <= 1440 && floor(var.poll_interval_minutes) == var.poll_interval_minutes
    error_message = "poll_interval_minutes must be a whole number from 1 to 1440."
  }
}

variable "polling_enabled" {
  description = "Whether the schedules run. Set it to false to pause polling; the accounts' stale alarms then notify unless alarm_actions_enabled is also false."
  type        = bool
  default     = true
  nullable    = false
}

variable "request_timeout_seconds" {
  description = "Timeout of one request to a provider in seconds, 1 to 60."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.request_timeout_seconds >= 1 && var.request_timeout_seconds <= 60
    error_message = "request_timeout_seconds must be from 1 to 60."
  }

  validation {
    condition     = var.request_timeout_seconds <= local.poller_timeout_seconds - 5
    error_message = "request_timeout_seconds must leave the poller 5 seconds to write its results; lower it below ${local.poller_timeout_seconds - 5}, or raise poller_timeout_seconds."
  }
}

variable "shard_size" {
  description = "Maximum number of accounts that one schedule carries and one run polls, 1 to 1000. Lower it if the plan reports that a schedule's input is too large."
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = var.shard_size >= 1 && var.shard_size <= 1000 && floor(var.shard_size) == var.shard_size
    error_message = "shard_size must be a whole number from 1 to 1000."
  }
}
