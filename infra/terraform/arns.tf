# ARNs are built from names instead of read from resources, so that a plan shows every policy in
# full.

locals {
  arns = merge(
    { for key in ["alarms_topic", "notifications_topic", "sms_topic", "events_topic", "operations_topic", "chat_topic"] : key => "arn:${local.partition}:sns:${local.region}:${local.account_id}:${local.names[key]}" },
    { for key in ["balances_table", "alerts_table"] : key => "arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${local.names[key]}" },
    { for key in ["poller_function", "router_function", "status_page_function", "courier_function"] : key => "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.names[key]}" },
    {
      push_alias   = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.names.poller_function}:${local.names.push_alias}"
      intake_queue = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.names.intake_queue}"
      # Secrets Manager adds a dash and six characters to a secret's name.
      heartbeat_secret = "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${local.names.heartbeat_secret}-??????"
      channels_queue   = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.names.channels_queue}"
      failed           = { for key, name in local.failure_queues : key => "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${name}" }
      alarm_deleted    = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.names.alarm_deleted_rule}"
      account_alarms   = "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:*"
      router_role      = "arn:${local.partition}:iam::${local.account_id}:role/${local.names.router_function}"
      schedule_group   = "arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule-group/${local.names.schedule_group}"
      schedules        = "arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule/${local.names.schedule_group}/*"
      logs             = { for key in ["poller_function", "router_function", "status_page_function", "courier_function"] : key => "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${local.names[key]}:log-stream:*" }
    },
  )

  # Secrets Manager adds a dash and six characters to a secret's name.
  secret_names = distinct([for account in values(module.configuration.accounts) : split("#", account.secret)[0] if account.secret != null])
  secret_arns = [
    for secret in local.secret_names : startswith(secret, "arn:") ? secret :
    "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${secret}-??????"
  ]
}
