# The rules for subscribers depend on the accounts and the providers, so they are in
# modules/configuration.

locals {
  default_repeat_hours = { critical = 4, warning = 24 }
  repeat_hours         = merge(local.default_repeat_hours, { for severity, hours in var.repeat_hours : severity => hours if hours != null })

  # The events with which each service reports a problem, as AWS documents them, read 2026-11
  # (functions/alert_router/events/notice.py has the sources).
  notice_patterns = {
    backup = {
      source      = ["aws.backup"]
      detail-type = ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"]
      detail = {
        "$or" = [
          { state = ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"] },
          { status = ["ABORTED", "FAILED"] },
        ]
      }
    }
    guardduty = {
      source      = ["aws.guardduty"]
      detail-type = ["GuardDuty Finding"]
      detail      = { severity = [{ numeric = [">=", 4] }] }
    }
    health = {
      source      = ["aws.health"]
      detail-type = ["AWS Health Event"]
    }
    securityhub = {
      source      = ["aws.securityhub"]
      detail-type = ["Security Hub Findings - Imported"]
      detail = {
        findings = {
          Severity    = { Label = ["CRITICAL", "HIGH"] }
          Workflow    = { Status = ["NEW"] }
          RecordState = ["ACTIVE"]
        }
      }
    }
  }

  subscriber_fields = ["protocol", "endpoint", "severities", "providers", "accounts", "statuses", "reports"]
  operations_fields = ["protocol", "endpoint"]
}

variable "aws_notices" {
  description = "AWS services whose problems in this account and Region are passed on as notices, once each: backup (jobs that failed), guardduty (findings from medium), health (all events) and securityhub (new findings from high). AWS Budgets and Cost Anomaly Detection need no entry: give them topic <name>-alarms."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.aws_notices, keys(local.notice_patterns))) == 0
    error_message = "aws_notices has no service ${join(", ", setsubtract(var.aws_notices, keys(local.notice_patterns)))}; use ${join(", ", keys(local.notice_patterns))}."
  }
}

variable "dashboard_accounts" {
  description = "Accounts on the CloudWatch dashboard, at most 100; null shows the first 100 by name."
  type        = list(string)
  default     = null
}

variable "digest_above" {
  description = "Maximum number of separate messages of one severity, 1 to 100; more become one digest. Critical alerts and ends within the same minute always share one."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.digest_above >= 1 && var.digest_above <= 100 && floor(var.digest_above) == var.digest_above
    error_message = "digest_above must be a whole number from 1 to 100."
  }
}

variable "enable_chat" {
  description = "Whether to create topic <name>-chat in the format of Amazon Q Developer in chat applications, for teams that already use it with Slack or Teams: the topic gets every message. Otherwise, use a subscriber with protocol channel, which has filters and needs no Amazon Q."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_dashboard" {
  description = "Whether to create a CloudWatch dashboard, which costs 3 US dollars a month unless the AWS account has fewer than four."
  type        = bool
  default     = true
  nullable    = false
}

variable "foreign_expiry_days" {
  description = "How many days after its last change an alarm of another AWS account or Region, whose state cannot be checked, remains open, 1 to 365."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.foreign_expiry_days >= 1 && var.foreign_expiry_days <= 365 && floor(var.foreign_expiry_days) == var.foreign_expiry_days
    error_message = "foreign_expiry_days must be a whole number from 1 to 365."
  }
}

variable "group_wait_seconds" {
  description = "How many seconds alerts that are not critical wait for others to join the same message, 0 to 900."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.group_wait_seconds >= 0 && var.group_wait_seconds <= 900 && floor(var.group_wait_seconds) == var.group_wait_seconds
    error_message = "group_wait_seconds must be a whole number from 0 to 900, the longest delay of an SQS message."
  }
}

variable "operations_subscribers" {
  description = "Who is notified when the monitor itself fails, keyed by a name of your choice; at least one. Protocol and endpoint are as for subscribers, without channel. These messages come straight from CloudWatch."
  # As with accounts: the type is in modules/configuration, so that no field is silently dropped.
  type     = any
  nullable = false

  validation {
    condition = alltrue([
      for name, subscriber in var.operations_subscribers : length(setsubtract(try(keys(subscriber), []), local.operations_fields)) == 0
    ])
    error_message = join("\n", [
      for name, subscriber in var.operations_subscribers :
      "Operations subscriber \"${name}\": there is no field ${join(", ", setsubtract(try(keys(subscriber), []), local.operations_fields))}; correct or remove it. The fields are ${join(", ", local.operations_fields)}."
      if length(setsubtract(try(keys(subscriber), []), local.operations_fields)) > 0
    ])
  }
}

variable "repeat_hours" {
  description = "After how many hours an ongoing alert is repeated, by severity: by default 4 for critical and 24 for warning; 0 never repeats it."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.repeat_hours), keys(local.default_repeat_hours))) == 0
    error_message = "repeat_hours has no severity ${join(", ", setsubtract(keys(var.repeat_hours), keys(local.default_repeat_hours)))}; use critical and warning."
  }

  validation {
    condition     = alltrue([for hours in values(var.repeat_hours) : hours == null || try(hours >= 0 && hours <= 8760, false)])
    error_message = "repeat_hours must be from 0 (never) to 8760 hours (a year), for critical and for warning."
  }
}

variable "runbook_url" {
  description = "https:// address at which your team reads docs/runbook.md; alarms and messages link to the heading with the alarm's name. With null, they contain one line of advice instead."
  type        = string
  default     = null

  validation {
    condition     = var.runbook_url == null || can(regex("^https://[^\\s#@]{1,248}$", var.runbook_url))
    error_message = "runbook_url must be an https:// address of at most 256 characters, without spaces, credentials or #; leave it out if you publish no runbook."
  }
}

variable "status_page" {
  description = "Whether the dashboard shows all accounts on one page: what is left, how long it lasts, and a chart of it. Viewers must allow the widget once, and need lambda:InvokeFunction on its function (output status_page_policy_json)."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.status_page || var.enable_dashboard
    error_message = "status_page is a widget of the dashboard: set enable_dashboard = true, or leave it out."
  }
}

variable "subscribers" {
  description = <<-EOT
    Who is notified about accounts, keyed by a name of your choice. Each has these fields:
    - protocol and endpoint: email (an address, which must confirm), sms (+4915112345678), https (an address, which must confirm), sqs (the ARN of a queue whose policy lets the topic send), lambda (the ARN of a function in this account and Region) or channel (Slack, Teams, PagerDuty and others: a name of your choice, whose address balancectl channels set stores).
    - severities (critical, warning), providers, accounts, statuses (firing, resolved, reminder): what to receive; leave one out to receive everything. "-" as provider or account means alarms that are not about an account. Test messages are not filtered by status.
    - reports: "weekly" also sends a weekly report of the accounts that the filter passes (see weekly_report); not available for SMS.
  EOT
  # As with accounts: the type is in modules/configuration, so that no field is silently dropped.
  type     = any
  nullable = false

  validation {
    condition = alltrue([
      for name, subscriber in var.subscribers : length(setsubtract(try(keys(subscriber), []), local.subscriber_fields)) == 0
    ])
    error_message = join("\n", [
      for name, subscriber in var.subscribers :
      "Subscriber \"${name}\": there is no field ${join(", ", setsubtract(try(keys(subscriber), []), local.subscriber_fields))}; correct or remove it. The fields are ${join(", ", local.subscriber_fields)}."
      if length(setsubtract(try(keys(subscriber), []), local.subscriber_fields)) > 0
    ])
  }
}

variable "reconcile_interval_minutes" {
  description = "How often, in minutes, the router reconciles open incidents with the alarms' states and sends reminders, 1 to 60."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.reconcile_interval_minutes >= 1 && var.reconcile_interval_minutes <= 60 && floor(var.reconcile_interval_minutes) == var.reconcile_interval_minutes
    error_message = "reconcile_interval_minutes must be a whole number from 1 to 60."
  }
}

variable "weekly_report" {
  description = "When subscribers with reports = \"weekly\" get their report: day of the week, hour (0 to 23), and time zone by its name in the tz database, such as Europe/Berlin. The report covers the seven days in UTC that end before that day."
  type = object({
    day       = optional(string, "monday")
    hour      = optional(number, 8)
    time_zone = optional(string, "UTC")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], var.weekly_report.day)
    error_message = "weekly_report.day must be a day of the week in lower case, such as monday."
  }

  validation {
    condition     = var.weekly_report.hour >= 0 && var.weekly_report.hour <= 23 && floor(var.weekly_report.hour) == var.weekly_report.hour
    error_message = "weekly_report.hour must be a whole number from 0 to 23."
  }

  validation {
    condition     = can(regex("^[A-Za-z]+([/_+-][A-Za-z0-9]+)*$", var.weekly_report.time_zone))
    error_message = "weekly_report.time_zone must be a name of the tz database, such as UTC or Europe/Berlin."
  }
}
