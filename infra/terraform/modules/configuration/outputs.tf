# Each output that the root builds from holds only when nothing is wrong with what it is made of.

output "accounts" {
  description = "The accounts as the poller gets them."
  value       = local.accounts

  precondition {
    condition     = length(flatten(values(local.custom_problems))) == 0
    error_message = join("\n", flatten(values(local.custom_problems)))
  }

  precondition {
    condition     = length(flatten(values(local.account_problems))) == 0
    error_message = join("\n", flatten(values(local.account_problems)))
  }
}

output "alarms" {
  description = "The accounts' alarms, by \"account/kind\"."
  value       = local.alarms
}

output "names" {
  description = "The names that Python knows too."
  value       = local.names
}

output "problems" {
  description = "What is wrong, in sentences: by variable and rule."
  value = {
    accounts         = local.account_problems
    custom_providers = local.custom_problems
    subscribers      = local.subscriber_problems
  }
}

output "schedule_inputs" {
  description = "What each shard's schedule sends to the poller."
  value       = local.schedule_inputs
}

output "subscriptions" {
  description = "The notifications topic's subscriptions, with their filter policies as JSON."
  value       = local.subscriptions

  precondition {
    condition     = length(flatten(values(local.subscriber_problems))) == 0
    error_message = join("\n", flatten(values(local.subscriber_problems)))
  }
}

output "untold" {
  description = "Accounts with a severity that no subscriber is told of."
  value       = local.untold
}

output "units" {
  description = "The unit of each account's balance; null where the answer says it."
  value       = { for id in keys(var.accounts) : id => local.wallet_of[id].unit }
}
