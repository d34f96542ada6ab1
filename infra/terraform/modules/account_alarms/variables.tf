variable "accounts" {
  description = "What differs between accounts, by name: provider, threshold, number of evaluation periods, and description."
  type = map(object({
    provider    = string
    threshold   = number
    periods     = number
    description = string
  }))
  nullable = false
}

variable "actions_enabled" {
  description = "Whether the alarms notify when they change state."
  type        = bool
  nullable    = false
}

variable "kind" {
  description = "What all alarms of the kind share: name, series, statistic, comparison, the number of breaching periods that fires the alarm (null for all), and the treatment of missing data."
  type = object({
    name       = string
    metric     = string
    statistic  = string
    comparison = string
    datapoints = number
    missing    = string
  })
  nullable = false
}

variable "namespace" {
  description = "CloudWatch namespace of the series."
  type        = string
  nullable    = false
}

variable "period_seconds" {
  description = "Length of a period: the poll interval."
  type        = number
  nullable    = false
}

variable "stack_name" {
  description = "Name of the deployment, the first part of each alarm's name."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags for the alarms."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topic_arn" {
  description = "The SNS topic to notify when an alarm fires and when it clears."
  type        = string
  nullable    = false
}
