# Generated from infra/terraform by scripts/docs/deploy_root.py; edit the module instead.

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
  type        = any
  nullable    = false
}

variable "alarm_actions_enabled" {
  description = "Whether alarms notify when they change state. Set it to false to keep evaluating them without notifying anyone, for example during a migration."
  type        = bool
  default     = null
}

variable "allow_http_loopback" {
  description = "Whether base_url and custom definitions may use plain http on loopback. Only for the local cloud: on AWS, Lambda's own interface listens there."
  type        = bool
  default     = null
}

variable "allow_private_addresses" {
  description = "Whether requests may go to private network addresses, for self-hosted services in the poller's vpc. Loopback and link-local addresses are never allowed."
  type        = bool
  default     = null
}

variable "architecture" {
  description = "Processor of the functions: arm64, which costs less, or x86_64. The zips run on both."
  type        = string
  default     = null
}

variable "aws_notices" {
  description = "AWS services whose problems in this account and Region are passed on as notices, once each: backup (jobs that failed), guardduty (findings from medium), health (all events) and securityhub (new findings from high). AWS Budgets and Cost Anomaly Detection need no entry: give them topic <name>-alarms."
  type        = set(string)
  default     = null
}

variable "close_interval_minutes" {
  description = "Minutes between two polls of an account that is close to its next threshold: the balance is at most a quarter above it, or may reach it within two hours, 19 times in 20. It must divide poll_interval_minutes; a provider's longer min_interval_seconds takes precedence. 0 polls all accounts alike. null means 1 if poll_interval_minutes is at most 15, else 0."
  type        = number
  default     = null
}

variable "custom_providers" {
  description = "Definitions of providers that are not shipped, keyed by name, in the form of functions/balance_poller/providers (see docs/adding-a-provider.md). The plan checks name, address and wallets; balancectl provider check validates the rest."
  type        = any
  default     = null
}

variable "dashboard_accounts" {
  description = "Accounts on the CloudWatch dashboard, at most 100; null shows the first 100 by name."
  type        = list(string)
  default     = null
}

variable "deletion_protection" {
  description = "Whether the tables are protected against deletion. Before make destroy, set it to false and deploy."
  type        = bool
  default     = null
}

variable "digest_above" {
  description = "Maximum number of separate messages of one severity, 1 to 100; more become one digest. Critical alerts and ends within the same minute always share one."
  type        = number
  default     = null
}

variable "enable_chat" {
  description = "Whether to create topic <name>-chat in the format of Amazon Q Developer in chat applications, for teams that already use it with Slack or Teams: the topic gets every message. Otherwise, use a subscriber with protocol channel, which has filters and needs no Amazon Q."
  type        = bool
  default     = null
}

variable "enable_dashboard" {
  description = "Whether to create a CloudWatch dashboard, which costs 3 US dollars a month unless the AWS account has fewer than four."
  type        = bool
  default     = null
}

variable "foreign_expiry_days" {
  description = "How many days after its last change an alarm of another AWS account or Region, whose state cannot be checked, remains open, 1 to 365."
  type        = number
  default     = null
}

variable "group_wait_seconds" {
  description = "How many seconds alerts that are not critical wait for others to join the same message, 0 to 900."
  type        = number
  default     = null
}

variable "heartbeat" {
  description = "Whether each shard's complete runs request an https address of an outside service, such as Healthchecks.io or Uptime Kuma, which notices when they stop because the AWS account or its Region is gone. Store the addresses, which are credentials, with balancectl heartbeat set."
  type        = bool
  default     = null
}

variable "history_days" {
  description = "How many days table balances keeps the history of polls, 1 to 3650. DynamoDB deletes older items within a few days."
  type        = number
  default     = null
}

variable "key_hosts" {
  description = "Origins such as \"https://api.example.com\" to which the poller may send keys from secrets that balancectl keys set does not write. Keys that it does write are sent only to the place they were stored for; any key may be sent to its account's shipped provider."
  type        = set(string)
  default     = null
}

variable "kms_key_arn" {
  description = "ARN of a customer managed KMS key that encrypts everything that the deployment creates: its secret, tables, logs, queues, topics and schedules. The key's policy must contain the statements of output kms_key_policy_json. null uses AWS's own keys, which cost nothing."
  type        = string
  default     = null
}

variable "kms_key_arns" {
  description = "ARNs of customer managed KMS keys that encrypt the accounts' secrets; the poller may decrypt with them. Leave it empty if the secrets use the AWS managed key."
  type        = list(string)
  default     = null
}

variable "log_level" {
  description = "Log level of the functions: DEBUG, INFO, WARNING or ERROR."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How many days CloudWatch keeps the functions' logs, one of the values that it accepts; 0 keeps them forever."
  type        = number
  default     = null
}

variable "max_in_flight" {
  description = "Maximum number of requests to providers that one run has open at a time, 1 to 1000."
  type        = number
  default     = null
}

variable "metric_namespace" {
  description = "CloudWatch namespace of the accounts' metrics. null uses BalanceMonitor, or BalanceMonitor/<name> when name is not the default, because two deployments must not write to the same series. The functions' own metrics use the same namespace followed by /Runs."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the deployment; every resource's name begins with it, and balancectl uses it to find everything. Use a different name for each deployment in a Region. Do not change it later: that creates a second deployment with an empty secret."
  type        = string
  default     = null
}

variable "operations_subscribers" {
  description = "Who is notified when the monitor itself fails, keyed by a name of your choice; at least one. Protocol and endpoint are as for subscribers, without channel. These messages come straight from CloudWatch."
  type        = any
  nullable    = false
}

variable "packages" {
  description = "The functions' zips, by function (poller, router, status_page, courier): a file (filename), or an S3 object (s3_bucket, s3_key and, in a versioned bucket, s3_object_version). Lambda notices a new object only by its key or version. By default, the zips that make build writes to dist/."
  type = map(object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
  }))
  default = null
}

variable "permissions_boundary_arn" {
  description = "ARN of a permissions boundary for every role of the deployment, if your organisation requires one."
  type        = string
  default     = null
}

variable "point_in_time_recovery" {
  description = "Whether the tables can be restored to any second of the last 35 days."
  type        = bool
  default     = null
}

variable "poll_interval_minutes" {
  description = "Minutes between two polls of an account, 1 to 1440; also the period of its alarms. It cannot be shorter than the provider's min_interval_seconds. At 721 minutes or more, CloudWatch evaluates the alarms only once an hour."
  type        = number
  default     = null
}

variable "poller_memory_mb" {
  description = "Memory of the poller in MB, 128 to 10240; CPU grows in proportion."
  type        = number
  default     = null
}

variable "poller_timeout_seconds" {
  description = "Timeout of one run in seconds, 20 to 900 and less than the schedule's interval, which is close_interval_minutes, or poll_interval_minutes if that is 0; null uses this interval minus 10 seconds, at most 300."
  type        = number
  default     = null
}

variable "polling_enabled" {
  description = "Whether the schedules run. Set it to false to pause polling; the accounts' stale alarms then notify unless alarm_actions_enabled is also false."
  type        = bool
  default     = null
}

variable "reconcile_interval_minutes" {
  description = "How often, in minutes, the router reconciles open incidents with the alarms' states and sends reminders, 1 to 60."
  type        = number
  default     = null
}

variable "repeat_hours" {
  description = "After how many hours an ongoing alert is repeated, by severity: by default 4 for critical and 24 for warning; 0 never repeats it."
  type        = map(number)
  default     = null
}

variable "request_timeout_seconds" {
  description = "Timeout of one request to a provider in seconds, 1 to 60."
  type        = number
  default     = null
}

variable "reserved_concurrency" {
  description = "Concurrent executions reserved for each function (poller, router); -1, the default, reserves none. New AWS accounts have too few to reserve any, so the apply fails there. The poller needs one more than there are shards, the router at least 3."
  type        = map(number)
  default     = null
}

variable "router_memory_mb" {
  description = "Memory of the router in MB, 128 to 10240."
  type        = number
  default     = null
}

variable "router_timeout_seconds" {
  description = "Timeout of one batch of alarms in seconds, 10 to 120; the queue hides a message for six times as long."
  type        = number
  default     = null
}

variable "runbook_url" {
  description = "https:// address at which your team reads docs/runbook.md; alarms and messages link to the heading with the alarm's name. With null, they contain one line of advice instead."
  type        = string
  default     = null
}

variable "secret_prefixes" {
  description = "How the names of secrets may begin that accounts use besides the deployment's own (<name>/…). The plan refuses all others, such as a mistyped name or another team's secret. Example: [\"team/\"]."
  type        = list(string)
  default     = null
}

variable "secret_recovery_days" {
  description = "How many days a deleted secret can be restored, 7 to 30; 0 deletes it immediately."
  type        = number
  default     = null
}

variable "shard_size" {
  description = "Maximum number of accounts that one schedule carries and one run polls, 1 to 1000. Lower it if the plan reports that a schedule's input is too large."
  type        = number
  default     = null
}

variable "status_page" {
  description = "Whether the dashboard shows all accounts on one page: what is left, how long it lasts, and a chart of it. Viewers must allow the widget once, and need lambda:InvokeFunction on its function (output status_page_policy_json)."
  type        = bool
  default     = null
}

variable "subscribers" {
  description = <<-EOT
    Who is notified about accounts, keyed by a name of your choice. Each has these fields:
    - protocol and endpoint: email (an address, which must confirm), sms (+4915112345678), https (an address, which must confirm), sqs (the ARN of a queue whose policy lets the topic send), lambda (the ARN of a function in this account and Region) or channel (Slack, Teams, PagerDuty and others: a name of your choice, whose address balancectl channels set stores).
    - severities (critical, warning), providers, accounts, statuses (firing, resolved, reminder): what to receive; leave one out to receive everything. "-" as provider or account means alarms that are not about an account. Test messages are not filtered by status.
    - reports: "weekly" also sends a weekly report of the accounts that the filter passes (see weekly_report); not available for SMS.
  EOT
  type        = any
  nullable    = false
}

variable "tags" {
  description = "Tags for every resource, in addition to Application, which is the deployment's name."
  type        = map(string)
  default     = null
}

variable "vpc" {
  description = "Subnets and security groups for the poller, for providers that can only be reached privately or that admit only known addresses (give the subnets a NAT gateway). The poller then reaches AWS through them as well. To leave the VPC, or before make destroy: add leaving = true, deploy, and wait 20 minutes until Lambda has deleted the network interfaces; only then remove vpc."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    leaving            = optional(bool, false)
  })
  default = null
}

variable "weekly_report" {
  description = "When subscribers with reports = \"weekly\" get their report: day of the week, hour (0 to 23), and time zone by its name in the tz database, such as Europe/Berlin. The report covers the seven days in UTC that end before that day."
  type = object({
    day       = optional(string, "monday")
    hour      = optional(number, 8)
    time_zone = optional(string, "UTC")
  })
  default = null
}

variable "xray_tracing" {
  description = "Whether AWS X-Ray traces the functions; this also grants the permissions that it needs."
  type        = bool
  default     = null
}
