# The same types as the root's variables of these names; a test compares them. The root describes
# what they mean.

variable "accounts" {
  description = "Accounts to poll, by name."
  type = map(object({
    provider              = string
    secret                = optional(string)
    params                = optional(map(string), {})
    wallet                = optional(string)
    base_url              = optional(string)
    warning               = optional(number)
    critical              = optional(number)
    stale_after_minutes   = optional(number)
    runway_warning_hours  = optional(number)
    runway_critical_hours = optional(number)
    max_burn_per_day      = optional(number)
    drain_sensitivity     = optional(number)
    expiry_warning_days   = optional(number)
    top_up_url            = optional(string)
    unit                  = optional(string)
    budget                = optional(number)
  }))
  nullable = false
}

variable "allow_http_loopback" {
  description = "Whether a plain http URL on loopback is accepted."
  type        = bool
  default     = false
  nullable    = false
}

variable "allow_private_addresses" {
  description = "Whether requests may go to private network addresses."
  type        = bool
  default     = false
  nullable    = false
}

variable "close_interval_minutes" {
  description = "Minutes between two polls of an account that is close to a threshold; 0 polls all alike."
  type        = number
  default     = 0
  nullable    = false
}

variable "custom_providers" {
  description = "Definitions of providers that are not shipped, by name."
  type        = any
  default     = {}
  nullable    = false
}

variable "dashboard_accounts" {
  description = "Accounts on the dashboard; null means the first 100 by name."
  type        = list(string)
  default     = null
}

variable "heartbeat" {
  description = "Whether each shard's complete runs request an address of an outside service."
  type        = bool
  default     = false
  nullable    = false
}

variable "name" {
  description = "Name of the deployment."
  type        = string
  default     = "balance-monitor"
  nullable    = false
}

variable "operations_subscribers" {
  description = "Who is notified when the monitor itself fails, by name."
  type = map(object({
    protocol = string
    endpoint = string
  }))
  nullable = false
}

variable "poll_interval_minutes" {
  description = "Minutes between two polls."
  type        = number
  default     = 5
  nullable    = false
}

variable "runbook_url" {
  description = "Where docs/runbook.md is published; null if it is not."
  type        = string
  default     = null
}

variable "secret_prefixes" {
  description = "Prefixes of the names of secrets that accounts may use in addition to the deployment's own."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "shard_size" {
  description = "Accounts that one schedule polls."
  type        = number
  default     = 500
  nullable    = false
}

variable "subscribers" {
  description = "Who is notified about accounts, by name."
  type = map(object({
    protocol   = string
    endpoint   = string
    severities = optional(list(string))
    providers  = optional(list(string))
    accounts   = optional(list(string))
    statuses   = optional(list(string))
    reports    = optional(string)
  }))
  nullable = false
}
