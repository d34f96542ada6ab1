resource "aws_sns_topic_subscription" "intake" {
  topic_arn            = aws_sns_topic.alarms.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.intake.arn
  raw_message_delivery = true

  # For messages that SNS cannot deliver to the queue, as after a manual change of its policy.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failures.arn })
}

# SNS identifies a subscription by protocol and endpoint: with the subscriber's name as key, renaming
# one would subscribe again, which changes nothing, and then unsubscribe.
locals {
  subscribed = {
    for topic, subscriptions in {
      notifications = module.configuration.subscriptions
      operations    = module.configuration.operations_subscriptions
    } : topic => { for name, subscription in subscriptions : "${subscription.protocol} ${subscription.endpoint}" => merge(subscription, { name = name }) }
  }
}

# The subscribers' filters, for the router.
resource "aws_dynamodb_table_item" "subscribers" {
  table_name = aws_dynamodb_table.alerts.name
  hash_key   = aws_dynamodb_table.alerts.hash_key
  range_key  = aws_dynamodb_table.alerts.range_key
  item       = jsonencode({ for name, text in module.configuration.subscribers_item : name => { S = text } })
}

# E-mail, whose subscriptions remain unchanged: nobody has to confirm again.
resource "aws_sns_topic_subscription" "notifications" {
  for_each = { for key, subscription in local.subscribed.notifications : key => subscription if subscription.form == "email" }

  topic_arn      = aws_sns_topic.notifications.arn
  protocol       = each.value.protocol
  endpoint       = each.value.endpoint
  filter_policy  = each.value.filter_policy
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failures.arn })

  # A filter on names admits nothing until the router addresses messages by them.
  depends_on = [aws_lambda_function.router, aws_dynamodb_table_item.subscribers]
}

# SMS, and the JSON document. Not raw: a queue or webhook sees the attributes in the envelope.
#
# Only its owner can subscribe a queue or function of another AWS account; a subscription made here
# remains pending, and Terraform waits for it in vain (provider 5.100,
# internal/service/sns/topic_subscription.go).
#
# The router depends on these: a subscriber that moves to another topic is subscribed there before
# the router publishes there, and leaves the old one afterwards (scripts/deploy.py), so it misses
# nothing.
resource "aws_sns_topic_subscription" "form" {
  for_each = { for key, subscription in local.subscribed.notifications : key => subscription if subscription.form != "email" }

  topic_arn      = local.form_topics[each.value.form]
  protocol       = each.value.protocol
  endpoint       = each.value.endpoint
  filter_policy  = each.value.filter_policy
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failures.arn })

  lifecycle {
    precondition {
      condition     = !startswith(each.value.endpoint, "arn:") || try(split(":", each.value.endpoint)[4] == local.account_id, false)
      error_message = "Subscriber \"${each.value.name}\": ${each.value.endpoint} is of another AWS account than ${local.account_id}, where only its owner can subscribe it; subscribe a queue or function of ${local.account_id} that passes messages on."
    }
  }
}

resource "aws_sns_topic_subscription" "operations" {
  for_each = local.subscribed.operations

  topic_arn      = aws_sns_topic.operations.arn
  protocol       = each.value.protocol
  endpoint       = each.value.endpoint
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failures.arn })

  lifecycle {
    precondition {
      condition     = !startswith(each.value.endpoint, "arn:") || try(split(":", each.value.endpoint)[4] == local.account_id, false)
      error_message = "Operations subscriber \"${each.value.name}\": ${each.value.endpoint} is of another AWS account than ${local.account_id}, where only its owner can subscribe it; subscribe a queue or function of ${local.account_id} that passes messages on."
    }
  }
}

# SNS may invoke a subscriber's function. The keys depend on variables alone, so that the module can
# be called with depends_on.
resource "aws_lambda_permission" "subscriber" {
  for_each = {
    for key, subscriber in merge(
      { for name, subscriber in module.configuration.subscriptions : "notifications-${name}" => merge(subscriber, { topic = local.form_topics[subscriber.form] }) },
      { for name, subscriber in module.configuration.operations_subscriptions : "operations-${name}" => merge(subscriber, { topic = aws_sns_topic.operations.arn }) },
    ) : key => { function = subscriber.endpoint, topic = subscriber.topic } if subscriber.protocol == "lambda"
  }

  # At most 100 characters. Because it contains the topic, a permission for another topic is added
  # before the former one is removed.
  statement_id  = "${var.name}-${substr(sha256("${each.key} ${each.value.topic}"), 0, 16)}"
  action        = "lambda:InvokeFunction"
  function_name = join(":", slice(split(":", each.value.function), 0, 7))
  qualifier     = try(split(":", each.value.function)[7], null)
  principal     = "sns.amazonaws.com"
  source_arn    = each.value.topic

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = split(":", each.value.function)[3] == local.region
      error_message = "Subscriber ${each.key}: function ${each.value.function} is of another Region than ${local.region}, where this deployment cannot let SNS invoke it; subscribe a queue, or a function of ${local.region} that passes messages on."
    }
  }
}
