# Generated from infra/terraform by scripts/docs_deploy_root.py; edit the module instead.

module "balance_monitor" {
  source = "../terraform"

  accounts                 = var.accounts
  alarm_actions_enabled    = var.alarm_actions_enabled
  allow_http_loopback      = var.allow_http_loopback
  allow_private_addresses  = var.allow_private_addresses
  architecture             = var.architecture
  custom_providers         = var.custom_providers
  dashboard_accounts       = var.dashboard_accounts
  deletion_protection      = var.deletion_protection
  digest_above             = var.digest_above
  enable_chat              = var.enable_chat
  enable_dashboard         = var.enable_dashboard
  group_wait_seconds       = var.group_wait_seconds
  history_days             = var.history_days
  key_hosts                = var.key_hosts
  kms_key_arn              = var.kms_key_arn
  kms_key_arns             = var.kms_key_arns
  log_level                = var.log_level
  log_retention_days       = var.log_retention_days
  max_in_flight            = var.max_in_flight
  metric_namespace         = var.metric_namespace
  name                     = var.name
  operations_subscribers   = var.operations_subscribers
  packages                 = var.packages
  permissions_boundary_arn = var.permissions_boundary_arn
  point_in_time_recovery   = var.point_in_time_recovery
  poll_interval_minutes    = var.poll_interval_minutes
  poller_memory_mb         = var.poller_memory_mb
  poller_timeout_seconds   = var.poller_timeout_seconds
  polling_enabled          = var.polling_enabled
  repeat_hours             = var.repeat_hours
  request_timeout_seconds  = var.request_timeout_seconds
  reserved_concurrency     = var.reserved_concurrency
  router_memory_mb         = var.router_memory_mb
  router_timeout_seconds   = var.router_timeout_seconds
  runbook_url              = var.runbook_url
  secret_recovery_days     = var.secret_recovery_days
  shard_size               = var.shard_size
  subscribers              = var.subscribers
  tags                     = var.tags
  tick_interval_minutes    = var.tick_interval_minutes
  vpc                      = var.vpc
  xray_tracing             = var.xray_tracing
}
