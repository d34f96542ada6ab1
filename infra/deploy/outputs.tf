# Generated from infra/terraform by scripts/docs/deploy_root.py; edit the module instead.

output "alarm_count" {
  description = "Number of CloudWatch alarms: those of the accounts, and the monitor's own."
  value       = module.balance_monitor.alarm_count
}

output "dashboard_url" {
  description = "The CloudWatch dashboard."
  value       = module.balance_monitor.dashboard_url
}

output "functions" {
  description = "Names of the Lambda functions."
  value       = module.balance_monitor.functions
}

output "kms_key_policy_json" {
  description = "Statements that the policy of kms_key_arn must contain beside those for the key's administrators."
  value       = module.balance_monitor.kms_key_policy_json
}

output "next_steps" {
  description = "What to do after the first apply."
  value       = module.balance_monitor.next_steps
}

output "pending_confirmations" {
  description = "Subscribers that had not confirmed when Terraform last read their subscriptions."
  value       = module.balance_monitor.pending_confirmations
}

output "push_policy_json" {
  description = "IAM policy for anyone who pushes balances with balancectl push or aws lambda invoke."
  value       = module.balance_monitor.push_policy_json
}

output "queues" {
  description = "Names of the queues: intake, and those for failures."
  value       = module.balance_monitor.queues
}

output "read_only_policy_json" {
  description = "IAM policy for balancectl status, report and preflight, for example in CI."
  value       = module.balance_monitor.read_only_policy_json
}

output "secret" {
  description = "Name of the secret that contains the keys."
  value       = module.balance_monitor.secret
}

output "shard_count" {
  description = "Number of poll schedules; each carries up to shard_size accounts."
  value       = module.balance_monitor.shard_count
}

output "status_page_policy_json" {
  description = "IAM policy for viewers of the status_page widget, in addition to the dashboard's; null without status_page."
  value       = module.balance_monitor.status_page_policy_json
}

output "tables" {
  description = "Names of the DynamoDB tables."
  value       = module.balance_monitor.tables
}

output "topics" {
  description = "ARNs of the SNS topics. Add alarms to the actions of any alarm that the monitor should route."
  value       = module.balance_monitor.topics
}
