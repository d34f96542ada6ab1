output "alarm_count" {
  description = "Number of CloudWatch alarms: of the accounts, and of the monitor itself."
  value       = { accounts = length(module.configuration.alarms), operations = length(local.operations_alarms) }
}
