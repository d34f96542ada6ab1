# Two deployments from one root: team "core" watches its accounts from Frankfurt, and each project
# has its own deployment in Ireland. The functions' zips are those of a release, in a bucket.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "ireland"
  region = "eu-west-1"
}

variable "packages" {
  description = "The functions' zips in S3."
  type = map(object({
    s3_bucket         = string
    s3_key            = string
    s3_object_version = optional(string)
  }))
  default = {
    poller = { s3_bucket = "artifacts-eu-central-1", s3_key = "balance-monitor/0.2.0/balance_poller.zip" }
    router = { s3_bucket = "artifacts-eu-central-1", s3_key = "balance-monitor/0.2.0/alert_router.zip" }
  }
  nullable = false
}

locals {
  operations = { ops = { protocol = "email", endpoint = "ops@example.com" } }

  projects = {
    search  = { openrouter-search = { provider = "openrouter", warning = 20, critical = 5 } }
    support = { firecrawl-support = { provider = "firecrawl", warning = 1000, critical = 200 } }
  }
}

module "core" {
  # From outside this tree: git::https://github.com/OWNER/REPOSITORY.git//infra/terraform?ref=v0.2.0
  source = "../.."

  accounts               = { openrouter-main = { provider = "openrouter", warning = 100, critical = 20 } }
  subscribers            = { team = { protocol = "email", endpoint = "core@example.com" } }
  operations_subscribers = local.operations
  packages               = var.packages
  tags                   = { Team = "core" }
}

module "projects" {
  source   = "../.."
  for_each = local.projects

  providers = { aws = aws.ireland }

  # All names of a deployment begin with this one, so several deployments can share a Region.
  name                   = "balance-monitor-${each.key}"
  accounts               = each.value
  subscribers            = { team = { protocol = "email", endpoint = "${each.key}@example.com" } }
  operations_subscribers = local.operations
  # A function's zip must be in a bucket of the function's Region.
  packages = { for function, zip in var.packages : function => merge(zip, { s3_bucket = "artifacts-eu-west-1" }) }
  tags     = { Team = each.key }

  depends_on = [module.core]
}

# Any other alarm of this account and Region can be routed the same way.
resource "aws_cloudwatch_metric_alarm" "batch_errors" {
  alarm_name          = "batch-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = "nightly-batch" }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.core.topics.alarms]
  ok_actions          = [module.core.topics.alarms]
}

output "next_steps" {
  description = "What to do after the first apply, by deployment."
  value       = merge({ core = module.core.next_steps }, { for name, project in module.projects : name => project.next_steps })
}
