data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# The desired accounts, alarms, schedules and subscriptions, validated. Everything else here only
# creates them.
module "configuration" {
  source = "./modules/configuration"

  accounts                = var.accounts
  allow_http_loopback     = var.allow_http_loopback
  allow_private_addresses = var.allow_private_addresses
  close_interval_minutes  = local.close_interval_minutes
  custom_providers        = var.custom_providers
  dashboard_accounts      = var.dashboard_accounts
  heartbeat               = var.heartbeat
  name                    = var.name
  operations_subscribers  = var.operations_subscribers
  poll_interval_minutes   = var.poll_interval_minutes
  runbook_url             = var.runbook_url
  secret_prefixes         = var.secret_prefixes
  shard_size              = var.shard_size
  subscribers             = var.subscribers
}

locals {
  names      = module.configuration.names
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  # .id, because 6.x of the provider deprecates .name and 5.x has no .region.
  region = data.aws_region.current.id
  # Provider 5.x accepts no Region of the European Sovereign Cloud in Lambda's event sources and
  # permissions (docs/adr/0012-aws-provider.md). Only 6.x reports in aws_region which Region it is.
  is_unknown_region = startswith(local.region, "eusc-") && !contains(keys(data.aws_region.current), "region")

  # Two deployments must not write to one series: one's samples would keep the other's alarms from
  # firing. The namespace distinguishes them, because the dimensions describe only the account.
  metric_namespace = coalesce(var.metric_namespace, var.name == "balance-monitor" ? "BalanceMonitor" : "BalanceMonitor/${var.name}")

  # The zips in this module's source tree, unless packages names others.
  packages = {
    for function, zip in local.used_zips : function => merge(
      { filename = null, s3_bucket = null, s3_key = null, s3_object_version = null },
      try(var.packages[function], { filename = "${path.module}/../../dist/${zip}.zip" }),
    )
  }

  tags = merge({ Application = var.name }, var.tags)

  account_alarm_count = sum(concat([0], [for alarms in values(module.configuration.alarms) : length(alarms.accounts)]))
}

# Warnings: settings that may be intended, but usually are not.

check "every_alert_has_a_recipient" {
  assert {
    condition     = length(module.configuration.without_recipient) == 0
    error_message = "Subscribers: nobody would be notified when these fire: ${join(", ", slice(module.configuration.without_recipient, 0, min(10, length(module.configuration.without_recipient))))}${length(module.configuration.without_recipient) > 10 ? ", …" : ""}."
  }
}

# Anyone who may edit accounts decides which address the poller requests, and in a vpc, some are
# private.
check "base_url_in_vpc" {
  assert {
    condition     = var.vpc == null || length([for account in values(var.accounts) : account if try(account.base_url, null) != null]) == 0
    error_message = "Accounts: ${join(", ", slice([for id, account in var.accounts : id if try(account.base_url, null) != null], 0, min(10, length([for account in values(var.accounts) : account if try(account.base_url, null) != null]))))} have a base_url, and the poller runs in your vpc: ${var.allow_private_addresses ? "allow_private_addresses lets their requests reach private services there" : "their requests leave through its network, and reach only public addresses"}. Check that each address is intended."
  }
}

# Some accounts may be overdrawn; for those, a threshold below 0 limits how far.
check "negative_thresholds" {
  assert {
    condition     = length(module.configuration.only_overdrawn) == 0
    error_message = "Accounts: no threshold of ${join(", ", slice(module.configuration.only_overdrawn, 0, min(10, length(module.configuration.only_overdrawn))))} is above 0, so nothing alerts before they are overdrawn. Check that their providers allow that; otherwise the minus sign is a mistake."
  }
}

# Asian Regions without SMS, and China (docs.aws.amazon.com/sns/latest/dg/sns-supported-regions-countries.html,
# read 2026-11). AWS adds Regions: a warning, not a refusal.
check "sms_region" {
  assert {
    condition = !contains(["ap-east-1", "ap-east-2", "ap-northeast-2", "ap-southeast-5", "ap-southeast-7", "cn-north-1", "cn-northwest-1"], local.region) || !anytrue([
      for subscriber in concat(values(var.subscribers), values(var.operations_subscribers)) : try(subscriber.protocol == "sms", false)
    ])
    error_message = "SNS sends no SMS from ${local.region}, as far as AWS documents: subscribers with protocol sms would get nothing. Deploy to another Region, or use another protocol."
  }
}

check "alarm_quota" {
  assert {
    condition     = local.account_alarm_count <= 4900
    error_message = "There are ${local.account_alarm_count} alarms, and CloudWatch allows 5,000 in a Region unless the quota was raised (docs/cost.md says what to do)."
  }
}
