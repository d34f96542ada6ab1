# The subscriptions of the topics that reach people and machines, and the filters that the router
# applies.

locals {
  # Channels have no subscription of their own: SNS has one for a topic and endpoint, the courier's.
  channels = { for name, subscriber in var.subscribers : name => subscriber.endpoint if subscriber.protocol == "channel" }

  # The router works out who gets which line and addresses each message by name: SNS would deliver
  # a message about several accounts to everyone whose filter matches one of them.
  subscriptions = {
    for name, subscriber in var.subscribers : name => {
      protocol      = subscriber.protocol
      endpoint      = subscriber.endpoint
      form          = try(local.forms[subscriber.protocol], "email")
      filter_policy = jsonencode({ to = [name] })
    }
    if subscriber.protocol != "channel"
  }

  subscriber_filters = [
    for name, subscriber in var.subscribers : merge(
      { name = name, form = try(local.forms[subscriber.protocol], "email") },
      subscriber.protocol == "channel" ? { channel = subscriber.endpoint } : {},
      {
        for field in ["severities", "providers", "accounts", "statuses"] : field => subscriber[field]
        if subscriber[field] != null
      },
    )
  ]

  # Per severity: who is notified of new alerts, and the accounts that none of them receives.
  audience = {
    for severity in local.severities : severity => [
      for subscriber in values(var.subscribers) : subscriber
      if contains(coalesce(subscriber.severities, [severity]), severity) && contains(coalesce(subscriber.statuses, ["firing"]), "firing")
    ]
  }
  provider_by_account  = { for id, account in var.accounts : id => account.provider }
  accounts_by_provider = { for id, provider in local.provider_by_account : provider => id... }
  told_providers = {
    for severity, audience in local.audience : severity => toset(flatten([
      for subscriber in audience : coalesce(subscriber.providers, keys(local.accounts_by_provider)) if subscriber.accounts == null
    ]))
  }
  told_accounts = {
    for severity, audience in local.audience : severity => toset(flatten([
      for subscriber in audience : [
        for id in coalesce(subscriber.accounts, []) : id
        if subscriber.providers == null || contains(coalesce(subscriber.providers, []), lookup(local.provider_by_account, id, ""))
      ]
    ]))
  }
  without_recipient = [for text in sort(flatten([
    for severity in local.severities : [
      for id in setsubtract(
        flatten([for provider, ids in local.accounts_by_provider : ids if !contains(local.told_providers[severity], provider)]),
        local.told_accounts[severity],
      ) : "${id} (${severity})"
    ]
  ])) : text]
}
