# Two outputs refuse invalid input. The others are empty then, so that each problem is reported
# once.

locals {
  account_sentences    = flatten([values(local.custom_problems), values(local.account_problems)])
  subscriber_sentences = flatten(values(local.subscriber_problems))
}

output "accounts" {
  description = "The accounts as the poller receives them."
  value       = local.accounts

  precondition {
    condition     = length(local.account_sentences) == 0
    error_message = join("\n", local.account_sentences)
  }
}

output "alarm_names" {
  description = "The names of the accounts' alarms, by account."
  value       = local.alarm_names
}

output "alarms" {
  description = "The accounts' alarms, by kind and account."
  value       = { for kind, alarms in local.alarms : kind => alarms if length(local.account_sentences) == 0 }
}

output "channels" {
  description = "The channels of subscribers, by subscriber."
  value       = local.channels
}

output "console_hosts" {
  description = "The consoles' hosts by partition."
  value       = local.console_hosts
}

output "names" {
  description = "The names that Python also knows."
  value       = local.names
}

output "operations_subscriptions" {
  description = "The operations topic's subscriptions."
  value       = { for name, subscriber in var.operations_subscribers : name => subscriber if length(local.subscriber_sentences) == 0 }
}

output "problems" {
  description = "Problems as sentences, by variable and rule."
  value = {
    for variable, rules in {
      accounts         = local.account_problems
      custom_providers = local.custom_problems
      subscribers      = local.subscriber_problems
    } : variable => { for rule, sentences in rules : rule => tolist(sentences) }
  }
}

output "only_overdrawn" {
  description = "Accounts that are watched only by balance thresholds of at most 0, one of them below 0."
  value       = local.only_overdrawn
}

output "pushed_accounts" {
  description = "Names of the pushed accounts."
  value       = sort(keys(local.pushed_accounts))
}

output "report_items" {
  description = "The items of table alerts that tell the router which subscribers get reports, and about which accounts, by shard."
  value       = { for shard, item in local.report_items : shard => item if length(local.account_sentences) + length(local.subscriber_sentences) == 0 }
}

output "schedule_inputs" {
  description = "What each shard's schedule sends to the poller."
  value       = { for shard, input in local.schedule_inputs : shard => input if length(local.account_sentences) == 0 }
}

output "subscribers_item" {
  description = "The item of table alerts that tells the router which subscriber gets what."
  value = merge(local.subscribers_item, {
    filters = jsonencode([for filter in local.subscriber_filters : filter if length(local.subscriber_sentences) == 0])
  })
}

output "subscriptions" {
  description = "The subscriptions of each form's topic, with their filter policies as JSON."
  value       = local.subscriptions

  precondition {
    condition     = length(local.subscriber_sentences) == 0
    error_message = join("\n", local.subscriber_sentences)
  }
}

output "topic_of_form" {
  description = "Each form's topic, as a key of names."
  value       = local.topic_of_form
}

output "units" {
  description = "The unit of each account's balance; null if it comes from the response."
  value       = { for id in keys(var.accounts) : id => local.wallet_of[id].unit }
}

output "without_recipient" {
  description = "Accounts with a severity that no subscriber receives."
  value       = local.without_recipient
}
