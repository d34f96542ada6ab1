output "alarm_count" {
  description = "Number of CloudWatch alarms: those of the accounts, and the monitor's own."
  value = {
    accounts   = local.account_alarm_count
    operations = length(local.operations_alarms)
  }
}

output "dashboard_url" {
  description = "The CloudWatch dashboard."
  value       = local.dashboard_url
}

output "functions" {
  description = "Names of the Lambda functions."
  value = merge(
    {
      poller = aws_lambda_function.poller.function_name
      router = aws_lambda_function.router.function_name
    },
    { for function in aws_lambda_function.status_page : "status_page" => function.function_name },
  )
}

output "kms_key_policy_json" {
  description = "Statements that the policy of kms_key_arn must contain beside those for the key's administrators."
  value       = data.aws_iam_policy_document.kms_key.json
}

output "next_steps" {
  description = "What to do after the first apply."
  value       = <<-EOT
    1. Set up, from the checkout (installed elsewhere, it is balancectl alone):
         .venv/bin/balancectl setup --name ${var.name} --region ${local.region}
       It asks for missing keys, polls once, waits until the subscribers have confirmed the e-mail from AWS, and sends a test alert. You can interrupt it and run it again.
    2. Or store many keys at once first:
         .venv/bin/balancectl keys import --name ${var.name} --region ${local.region} < keys.env
    %{if var.enable_dashboard~}
    3. Dashboard: ${local.dashboard_url}
    %{endif~}
  EOT
}

output "pending_confirmations" {
  description = "Subscribers that had not confirmed when Terraform last read their subscriptions."
  value = sort(concat(
    [for key, subscription in merge(aws_sns_topic_subscription.notifications, aws_sns_topic_subscription.form) : local.subscribed.notifications[key].name if subscription.pending_confirmation],
    [for key, subscription in aws_sns_topic_subscription.operations : "${local.subscribed.operations[key].name} (operations)" if subscription.pending_confirmation],
  ))
}

output "push_policy_json" {
  description = "IAM policy for anyone who pushes balances with balancectl push or aws lambda invoke."
  value       = data.aws_iam_policy_document.push.json
}

output "queues" {
  description = "Names of the queues: intake, and those for failures."
  value       = merge({ intake = aws_sqs_queue.intake.name }, local.failure_queues)
}

output "read_only_policy_json" {
  description = "IAM policy for balancectl status, report and preflight, for example in CI."
  value       = data.aws_iam_policy_document.read_only.json
}

output "secret" {
  description = "Name of the secret that contains the keys."
  value       = aws_secretsmanager_secret.api_keys.name
}

output "shard_count" {
  description = "Number of poll schedules; each carries up to shard_size accounts."
  value       = length(aws_scheduler_schedule.poll)
}

output "status_page_policy_json" {
  description = "IAM policy for viewers of the status_page widget, in addition to the dashboard's; null without status_page."
  value       = var.status_page ? data.aws_iam_policy_document.viewer.json : null
}

output "tables" {
  description = "Names of the DynamoDB tables."
  value = {
    alerts   = aws_dynamodb_table.alerts.name
    balances = aws_dynamodb_table.balances.name
  }
}

output "topics" {
  description = "ARNs of the SNS topics. Add alarms to the actions of any alarm that the monitor should route."
  value = merge(
    {
      alarms        = aws_sns_topic.alarms.arn
      notifications = aws_sns_topic.notifications.arn
      operations    = aws_sns_topic.operations.arn
    },
    { for form, topic in aws_sns_topic.form : form => topic.arn },
    var.enable_chat ? { chat = aws_sns_topic.chat[0].arn } : {},
  )
}
