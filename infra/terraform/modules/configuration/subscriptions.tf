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

  # Per account and severity, whether a message would reach anyone.
  untold = flatten([
    for id, account in var.accounts : [
      for severity in local.severities : "${id} (${severity})"
      if !anytrue([
        for subscriber in values(var.subscribers) :
        contains(coalesce(subscriber.severities, [severity]), severity) &&
        contains(coalesce(subscriber.providers, [account.provider]), account.provider) &&
        contains(coalesce(subscriber.accounts, [id]), id) &&
        contains(coalesce(subscriber.statuses, ["firing"]), "firing")
      ])
    ]
  ])
}
