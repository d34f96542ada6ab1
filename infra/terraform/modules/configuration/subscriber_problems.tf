# Problems of the subscribers, as sentences like those for the accounts.

locals {
  endpoint_rules = {
    channel = { pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", words = "a name of your choice such as ops-slack, made of letters, digits, dots, underscores and dashes; store the address, which contains a token, with balancectl channels set" }
    email   = { pattern = "^[^@\\s<>()\\[\\],:;\"\\\\]+@[^@\\s<>()\\[\\],:;\"\\\\.]+(\\.[^@\\s<>()\\[\\],:;\"\\\\.]+)+$", words = "one e-mail address, such as team@example.com" }
    sms     = { pattern = "^\\+[1-9][0-9]{6,14}$", words = "a telephone number in E.164 form such as +4915112345678" }
    https   = { pattern = "^https://[^\\s@/?#]+([/?][^\\s#]*)?$", words = "an https:// address without credentials" }
    sqs     = { pattern = "^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", words = "the ARN of a standard SQS queue, such as arn:aws:sqs:eu-central-1:123456789012:balances" }
    lambda  = { pattern = "^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?$", words = "the ARN of a Lambda function, optionally with a version or alias (not $LATEST)" }
  }

  # What people call a channel.
  services = ["chat", "discord", "gchat", "googlechat", "gotify", "matrix", "mattermost", "msteams", "ntfy", "opsgenie", "pagerduty", "pushover", "slack", "teams", "telegram", "webhook"]

  everybody = merge(
    { for name, subscriber in var.subscribers : "Subscriber \"${name}\"" => merge({ name = name }, { for k in ["protocol", "endpoint"] : k => subscriber[k] }) },
    { for name, subscriber in var.operations_subscribers : "Operations subscriber \"${name}\"" => merge({ name = name }, subscriber) },
  )

  subscriber_problems = {
    operations = length(var.operations_subscribers) > 0 ? [] : [
      "Operations subscribers: there is none, and nobody would be notified when the monitor itself fails; name at least one."
    ]
    name = [
      for who, subscriber in local.everybody :
      "${who}: a name consists of letters, digits, dots, underscores and dashes, begins with a letter or digit, and is at most 64 long; rename it."
      if !can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", subscriber.name))
    ]
    protocol = [
      for who, subscriber in local.everybody :
      "${who}: protocol \"${subscriber.protocol}\" is not one of ${join(", ", keys(local.endpoint_rules))}; use ${startswith(who, "Subscriber") && contains(local.services, lower(subscriber.protocol)) ? "channel, with a name of your choice as endpoint, and store its address with balancectl channels set" : "one of them"}."
      if !can(local.endpoint_rules[subscriber.protocol])
    ]
    operations_channel = [
      for name, subscriber in var.operations_subscribers :
      "Operations subscriber \"${name}\": messages about the monitor itself come straight from CloudWatch, not through the courier, which may be what is broken; use another protocol than channel."
      if subscriber.protocol == "channel"
    ]
    endpoint = [
      for who, subscriber in local.everybody :
      "${who}: the endpoint of protocol ${subscriber.protocol} must be ${local.endpoint_rules[subscriber.protocol].words}; correct it."
      if can(local.endpoint_rules[subscriber.protocol]) && !can(regex(local.endpoint_rules[subscriber.protocol].pattern, subscriber.endpoint))
    ]
    twice = flatten([
      for kind, subscribers in { "Subscriber" = var.subscribers, "Operations subscriber" = var.operations_subscribers } : [
        for endpoint, names in { for name, subscriber in subscribers : "${subscriber.protocol} ${subscriber.endpoint}" => name... } :
        "${kind}s ${join(" and ", [for name in names : "\"${name}\""])}: ${startswith(endpoint, "channel ") ? "the channel would get each message twice" : "SNS keeps one subscription for each endpoint"}; merge them."
        if length(names) > 1
      ]
    ])
    severity = flatten([
      for name, subscriber in var.subscribers : [
        for value in coalesce(subscriber.severities, []) :
        "Subscriber \"${name}\": severity \"${value}\" is not one of ${join(", ", local.severities)}; correct it."
        if !contains(local.severities, value)
      ]
    ])
    status = flatten([
      for name, subscriber in var.subscribers : [
        for value in coalesce(subscriber.statuses, []) :
        "Subscriber \"${name}\": status \"${value}\" is not one of ${join(", ", local.statuses)}; correct it."
        if !contains(local.statuses, value)
      ]
    ])
    provider = flatten([
      for name, subscriber in var.subscribers : [
        for value in coalesce(subscriber.providers, []) :
        "Subscriber \"${name}\": provider \"${value}\" is not known; correct it (\"${local.no_subject}\" stands for alarms about no account)."
        if !contains(local.provider_names, value) && value != local.no_subject
      ]
    ])
    account = flatten([
      for name, subscriber in var.subscribers : [
        for value in coalesce(subscriber.accounts, []) :
        "Subscriber \"${name}\": account \"${value}\" is not one of accounts; correct it (\"${local.no_subject}\" stands for alarms about no account)."
        if !can(var.accounts[value]) && value != local.no_subject
      ]
    ])
    reports = [
      for name, subscriber in var.subscribers :
      subscriber.reports != "weekly" ? "Subscriber \"${name}\": reports \"${subscriber.reports}\" is not known; use \"weekly\", or leave it out." :
      "Subscriber \"${name}\": a report does not fit into an SMS; leave reports out, and use a subscriber with another protocol for it."
      if subscriber.reports != null && (subscriber.reports != "weekly" || subscriber.protocol == "sms")
    ]
    empty = flatten([
      for name, subscriber in var.subscribers : [
        for field in ["severities", "providers", "accounts", "statuses"] :
        "Subscriber \"${name}\": ${field} is empty, so nothing would ever be sent; leave it out to send everything."
        if try(length(subscriber[field]) == 0, false)
      ]
    ])
    # SNS: at most 200 filter policies on one topic (docs.aws.amazon.com/general/latest/gr/sns.html).
    policies = [
      for form in distinct(values(local.forms)) :
      "Subscribers: more than 200 are on topic ${local.names[local.topic_of_form[form]]}, and SNS accepts 200 filters per topic; send some of them through one queue."
      if length([for subscription in values(local.subscriptions) : subscription if subscription.form == form]) > 200
    ]
  }
}
