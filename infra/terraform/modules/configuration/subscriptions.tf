# The subscriptions of both topics that people are told by, and their filter policies.

locals {
  # A test message reaches whoever is told of the account and the severity, whatever the status. A
  # digest takes the place of messages of every status, so it reaches whoever would have got those.
  filter_policies = {
    for name, subscriber in var.subscribers : name => {
      for attribute, values in {
        severity = subscriber.severities
        provider = subscriber.providers
        account  = subscriber.accounts
        status   = subscriber.statuses == null ? null : sort(distinct(concat(subscriber.statuses, ["digest", "test"])))
      } : attribute => values if values != null
    }
  }

  subscriptions = {
    for name, subscriber in var.subscribers : name => {
      protocol      = subscriber.protocol
      endpoint      = subscriber.endpoint
      filter_policy = length(local.filter_policies[name]) == 0 ? null : jsonencode(local.filter_policies[name])
    }
  }

  # Per account and severity, whether a message of it would reach anybody.
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
