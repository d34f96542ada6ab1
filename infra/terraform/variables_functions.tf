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
  description = "What the functions log: DEBUG, INFO, WARNING or ERROR."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "package_dir" {
  description = "Folder with balance_poller.zip and alert_router.zip, as make build leaves them."
  type        = string
  default     = "../../dist"
  nullable    = false

  validation {
    condition     = alltrue([for function in ["balance_poller", "alert_router"] : fileexists("${var.package_dir}/${function}.zip")])
    error_message = "package_dir (${var.package_dir}) must hold balance_poller.zip and alert_router.zip; run make build first."
  }
}

variable "poller_memory_mb" {
  description = "Memory of the poller in MB, 128 to 10240; its share of a processor grows with it."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.poller_memory_mb >= 128 && var.poller_memory_mb <= 10240 && floor(var.poller_memory_mb) == var.poller_memory_mb
    error_message = "poller_memory_mb must be a whole number from 128 to 10240."
  }
}

variable "poller_timeout_seconds" {
  description = "Seconds that one run may take, 20 to 900 and less than the poll interval; null takes the interval less 10 seconds, at most 300."
  type        = number
  default     = null

  validation {
    condition     = var.poller_timeout_seconds == null || try(var.poller_timeout_seconds >= 20 && var.poller_timeout_seconds <= 900 && floor(var.poller_timeout_seconds) == var.poller_timeout_seconds, false)
    error_message = "poller_timeout_seconds must be a whole number from 20 to 900."
  }

  validation {
    condition     = var.poller_timeout_seconds == null || try(var.poller_timeout_seconds < var.poll_interval_minutes * 60, false)
    error_message = "poller_timeout_seconds must be less than poll_interval_minutes (${var.poll_interval_minutes} minutes), or runs overlap; lower it, or poll less often."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent executions reserved for each function; -1 reserves none. New AWS accounts have too few to reserve any, and the apply would fail. The poller needs one per shard."
  type = object({
    poller = optional(number, -1)
    router = optional(number, -1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for number in values(var.reserved_concurrency) : number == -1 || (number >= 1 && floor(number) == number)])
    error_message = "reserved_concurrency must be -1 or a whole number from 1, for poller and for router; 0 would stop the function (use polling_enabled)."
  }

  validation {
    condition     = var.reserved_concurrency.poller == -1 || var.reserved_concurrency.poller >= ceil(length(var.accounts) / var.shard_size)
    error_message = "reserved_concurrency.poller must be at least the number of shards (${ceil(length(var.accounts) / var.shard_size)}), which run at the same time."
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
  description = "Seconds that one batch of alarms may take, 10 to 120; the queue hides a message for six times as long."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.router_timeout_seconds >= 10 && var.router_timeout_seconds <= 120 && floor(var.router_timeout_seconds) == var.router_timeout_seconds
    error_message = "router_timeout_seconds must be a whole number from 10 to 120."
  }
}

variable "vpc" {
  description = "Subnets and security groups for the poller, for providers that are reached privately or that admit only known addresses (give the subnets a NAT gateway). It then reaches AWS through them, too."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
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
  description = "Whether AWS X-Ray traces the functions; their roles then may write traces."
  type        = bool
  default     = false
  nullable    = false
}
