locals {
  # The functions as variables name them, with the names of their zips.
  zips = { poller = "balance_poller", router = "alert_router", status_page = "status_page", courier = "courier" }
  # Those that are deployed; the courier's only if a subscriber is a channel. Read from the variable,
  # so that a mistake in another one is reported once.
  has_channels = anytrue([for subscriber in try(values(var.subscribers), []) : try(subscriber.protocol == "channel", false)])
  is_used      = { poller = true, router = true, status_page = var.status_page, courier = local.has_channels }
  used_zips    = { for function, zip in local.zips : function => zip if local.is_used[function] }

  # Below the schedule's interval, so that a run ends before the next begins.
  poller_timeout_seconds = coalesce(var.poller_timeout_seconds, min(300, local.schedule_interval_minutes * 60 - 10))

  reserved_concurrency = merge({ poller = -1, router = -1 }, { for function, number in var.reserved_concurrency : function => number if number != null })
}

variable "architecture" {
  description = "Processor of the functions: arm64, which costs less, or x86_64. The zips run on both."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "log_level" {
  description = "Log level of the functions: DEBUG, INFO, WARNING or ERROR."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "packages" {
  description = "The functions' zips, by function (poller, router, status_page, courier): a file (filename), or an S3 object (s3_bucket, s3_key and, in a versioned bucket, s3_object_version). Lambda notices a new object only by its key or version. By default, the zips that make build writes to dist/."
  type = map(object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.packages), keys(local.zips))) == 0
    error_message = "packages accepts only the names ${join(", ", keys(local.zips))}; correct ${join(", ", setsubtract(keys(var.packages), keys(local.zips)))}."
  }

  validation {
    condition = alltrue([
      for zip in values(var.packages) : zip.filename != null ?
      zip.s3_bucket == null && zip.s3_key == null && zip.s3_object_version == null :
      zip.s3_bucket != null && zip.s3_key != null
    ])
    error_message = "packages must give each function either filename, or s3_bucket and s3_key."
  }

  validation {
    condition = alltrue([
      for function, zip in local.used_zips : try(var.packages[function].s3_key != null, false) ||
      fileexists(try(coalesce(var.packages[function].filename), "${path.module}/../../dist/${zip}.zip"))
    ])
    error_message = "packages: file not found: ${join(" and ", [
      for function, zip in local.used_zips : try(coalesce(var.packages[function].filename), "${path.module}/../../dist/${zip}.zip")
      if !try(var.packages[function].s3_key != null, false) && !fileexists(try(coalesce(var.packages[function].filename), "${path.module}/../../dist/${zip}.zip"))
    ])}; run make build, or name the zips of a release."
  }
}

variable "poller_memory_mb" {
  description = "Memory of the poller in MB, 128 to 10240; CPU grows in proportion."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.poller_memory_mb >= 128 && var.poller_memory_mb <= 10240 && floor(var.poller_memory_mb) == var.poller_memory_mb
    error_message = "poller_memory_mb must be a whole number from 128 to 10240."
  }
}

variable "poller_timeout_seconds" {
  description = "Timeout of one run in seconds, 20 to 900 and less than the schedule's interval, which is close_interval_minutes, or poll_interval_minutes if that is 0; null uses this interval minus 10 seconds, at most 300."
  type        = number
  default     = null

  validation {
    condition     = var.poller_timeout_seconds == null || try(var.poller_timeout_seconds >= 20 && var.poller_timeout_seconds <= 900 && floor(var.poller_timeout_seconds) == var.poller_timeout_seconds, false)
    error_message = "poller_timeout_seconds must be a whole number from 20 to 900."
  }

  validation {
    condition     = var.poller_timeout_seconds == null || try(var.poller_timeout_seconds < local.schedule_interval_minutes * 60, false)
    error_message = "poller_timeout_seconds must be less than the time between two runs, which is ${local.schedule_interval_minutes} min, or the runs overlap; lower it, or raise ${local.close_interval_minutes == 0 ? "poll_interval_minutes" : "close_interval_minutes (0 polls all accounts alike)"}."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent executions reserved for each function (poller, router); -1, the default, reserves none. New AWS accounts have too few to reserve any, so the apply fails there. The poller needs one more than there are shards, the router at least 3."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.reserved_concurrency), ["poller", "router"])) == 0
    error_message = "reserved_concurrency has no function ${join(", ", setsubtract(keys(var.reserved_concurrency), ["poller", "router"]))}; use poller and router."
  }

  validation {
    condition     = alltrue([for number in values(var.reserved_concurrency) : number == null || try(number == -1 || (number >= 1 && floor(number) == number), false)])
    error_message = "reserved_concurrency must be -1 or a whole number of at least 1, for poller and for router; 0 would stop the function (use polling_enabled for that)."
  }

  validation {
    condition     = !contains([1, 2], coalesce(lookup(var.reserved_concurrency, "router", -1), -1))
    error_message = "reserved_concurrency.router must be at least 3: two for batches of alarms, which is the lowest limit AWS accepts for a queue, and one for the router's own schedule; raise it, or use -1."
  }

  validation {
    condition     = coalesce(lookup(var.reserved_concurrency, "poller", -1), -1) == -1 || try(var.reserved_concurrency.poller > ceil(length(var.accounts) / var.shard_size), true)
    error_message = "reserved_concurrency.poller must be more than the number of shards (${ceil(length(var.accounts) / var.shard_size)}), which run at the same time, because balancectl poll needs one as well; raise it, or use -1."
  }
}

variable "router_memory_mb" {
  description = "Memory of the router in MB, 128 to 10240."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.router_memory_mb >= 128 && var.router_memory_mb <= 10240 && floor(var.router_memory_mb) == var.router_memory_mb
    error_message = "router_memory_mb must be a whole number from 128 to 10240."
  }
}

variable "router_timeout_seconds" {
  description = "Timeout of one batch of alarms in seconds, 10 to 120; the queue hides a message for six times as long."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.router_timeout_seconds >= 10 && var.router_timeout_seconds <= 120 && floor(var.router_timeout_seconds) == var.router_timeout_seconds
    error_message = "router_timeout_seconds must be a whole number from 10 to 120."
  }
}

variable "vpc" {
  description = "Subnets and security groups for the poller, for providers that can only be reached privately or that admit only known addresses (give the subnets a NAT gateway). The poller then reaches AWS through them as well. To leave the VPC, or before make destroy: add leaving = true, deploy, and wait 20 minutes until Lambda has deleted the network interfaces; only then remove vpc."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    leaving            = optional(bool, false)
  })
  default = null

  validation {
    condition = var.vpc == null || try(
      length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0 &&
      alltrue([for id in var.vpc.subnet_ids : startswith(id, "subnet-")]) &&
      alltrue([for id in var.vpc.security_group_ids : startswith(id, "sg-")]),
      false,
    )
    error_message = "vpc must have at least one of subnet_ids (subnet-…) and one of security_group_ids (sg-…)."
  }
}

variable "xray_tracing" {
  description = "Whether AWS X-Ray traces the functions; this also grants the permissions that it needs."
  type        = bool
  default     = false
  nullable    = false
}
