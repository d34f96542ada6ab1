variable "alarm_actions_enabled" {
  description = "Whether alarms notify when they change state. Set it to false to keep evaluating them without notifying anyone, for example during a migration."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the tables are protected against deletion. Before make destroy, set it to false and deploy."
  type        = bool
  default     = true
  nullable    = false
}

variable "history_days" {
  description = "How many days table balances keeps the history of polls, 1 to 3650. DynamoDB deletes older items within a few days."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.history_days >= 1 && var.history_days <= 3650 && floor(var.history_days) == var.history_days
    error_message = "history_days must be a whole number from 1 to 3650."
  }
}

variable "kms_key_arn" {
  description = "ARN of a customer managed KMS key that encrypts everything that the deployment creates: its secret, tables, logs, queues, topics and schedules. The key's policy must contain the statements of output kms_key_policy_json. null uses AWS's own keys, which cost nothing."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, such as arn:aws:kms:eu-central-1:123456789012:key/…, not of an alias."
  }
}

variable "kms_key_arns" {
  description = "ARNs of customer managed KMS keys that encrypt the accounts' secrets; the poller may decrypt with them. Leave it empty if the secrets use the AWS managed key."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "kms_key_arns must be ARNs of keys, such as arn:aws:kms:eu-central-1:123456789012:key/…, not of aliases; correct ${join(", ", [for arn in var.kms_key_arns : arn if !can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])}."
  }
}

variable "log_retention_days" {
  description = "How many days CloudWatch keeps the functions' logs, one of the values that it accepts; 0 keeps them forever."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; CloudWatch accepts no other value."
  }
}

variable "metric_namespace" {
  description = "CloudWatch namespace of the accounts' metrics. null uses BalanceMonitor, or BalanceMonitor/<name> when name is not the default, because two deployments must not write to the same series. The functions' own metrics use the same namespace followed by /Runs."
  type        = string
  default     = null

  validation {
    condition     = var.metric_namespace == null || can(regex("^[A-Za-z0-9][A-Za-z0-9._/#-]{0,199}$", var.metric_namespace)) && !startswith(coalesce(var.metric_namespace, "-"), "AWS/")
    error_message = "metric_namespace must be at most 200 letters, digits and . _ / # -, begin with a letter or digit, and not with AWS/, which belongs to AWS."
  }
}

variable "name" {
  description = "Name of the deployment; every resource's name begins with it, and balancectl uses it to find everything. Use a different name for each deployment in a Region. Do not change it later: that creates a second deployment with an empty secret."
  type        = string
  default     = "balance-monitor"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 40 lower-case letters, digits and dashes, begin with a letter and not end with a dash; the names of functions and roles begin with it and have at most 64 characters."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of a permissions boundary for every role of the deployment, if your organisation requires one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the tables can be restored to any second of the last 35 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "secret_recovery_days" {
  description = "How many days a deleted secret can be restored, 7 to 30; 0 deletes it immediately."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30 && floor(var.secret_recovery_days) == var.secret_recovery_days)
    error_message = "secret_recovery_days must be 0, or a whole number from 7 to 30."
  }
}

variable "tags" {
  description = "Tags for every resource, in addition to Application, which is the deployment's name."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : length(key) >= 1 && length(key) <= 128 && length(value) <= 256 && !startswith(lower(key), "aws:")])
    error_message = "tags must have keys of 1 to 128 characters that do not begin with aws:, and values of at most 256; correct ${join(", ", [for key, value in var.tags : key if !(length(key) >= 1 && length(key) <= 128 && length(value) <= 256 && !startswith(lower(key), "aws:"))])}."
  }

  validation {
    condition     = alltrue([for text in concat(keys(var.tags), values(var.tags)) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))])
    error_message = "tags must consist of letters, digits, spaces and _ . : / = + - @, because IAM accepts no others; correct ${join(", ", [for key, value in var.tags : key if !can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", "${key}${value}"))])}."
  }

  validation {
    condition     = length(distinct([for key in concat(keys(var.tags), ["Application"]) : lower(key)])) == length(var.tags) + 1
    error_message = "tags must differ from each other and from Application in more than upper and lower case, because IAM ignores case; rename one of ${join(", ", keys(var.tags))}."
  }

  validation {
    condition     = length(var.tags) <= 49
    error_message = "tags must be at most 49: AWS accepts 50, and Application is one of them."
  }
}
