resource "aws_sns_topic_subscription" "intake" {
  topic_arn            = aws_sns_topic.alarms.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.intake.arn
  raw_message_delivery = true

  # What SNS cannot hand to the queue at all, as after its policy was changed by hand.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed["undelivered"].arn })
}

# Not raw: a queue or webhook sees the attributes in the envelope.
resource "aws_sns_topic_subscription" "notifications" {
  for_each = module.configuration.subscriptions

  topic_arn      = aws_sns_topic.notifications.arn
  protocol       = each.value.protocol
  endpoint       = each.value.endpoint
  filter_policy  = each.value.filter_policy
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed["undelivered"].arn })
}

resource "aws_sns_topic_subscription" "operations" {
  for_each = module.configuration.operations_subscriptions

  topic_arn      = aws_sns_topic.operations.arn
  protocol       = each.value.protocol
  endpoint       = each.value.endpoint
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed["undelivered"].arn })
}

# SNS may invoke a subscriber's function. One of another AWS account must admit it itself.
resource "aws_lambda_permission" "subscriber" {
  for_each = {
    for key, subscriber in merge(
      { for name, subscriber in module.configuration.subscriptions : "notifications-${name}" => merge(subscriber, { topic = aws_sns_topic.notifications.arn }) },
      { for name, subscriber in module.configuration.operations_subscriptions : "operations-${name}" => merge(subscriber, { topic = aws_sns_topic.operations.arn }) },
    ) : key => { function = subscriber.endpoint, topic = subscriber.topic }
    if subscriber.protocol == "lambda" && try(split(":", subscriber.endpoint)[4], "") == local.account_id
  }

  statement_id  = "${var.name}-${replace(each.key, ".", "_")}"
  action        = "lambda:InvokeFunction"
  function_name = join(":", slice(split(":", each.value.function), 0, 7))
  qualifier     = try(split(":", each.value.function)[7], null)
  principal     = "sns.amazonaws.com"
  source_arn    = each.value.topic
}
