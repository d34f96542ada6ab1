# The monitor's own alarms. They go straight to topic operations, because the router itself may be
# broken.
#
# A metric costs the same in its own alarm as in an expression over several, so each fault has its
# own alarm. The functions publish their one metric, Faults, only when it is not zero; all others
# are AWS's own.

locals {
  lambda_of = {
    poller = { FunctionName = local.names.poller_function }
    router = { FunctionName = local.names.router_function }
  }
  functions = {
    poller = { title = "balance poller", service = "balance_poller", interval_minutes = var.poll_interval_minutes, lost = "no account is watched" }
    router = { title = "alert router", service = "alert_router", interval_minutes = var.reconcile_interval_minutes, lost = "reminders and recoveries do not go out" }
  }

  # Faults that must never happen: more than 0 within five minutes.
  never = { statistic = "Sum", comparison = "GreaterThanThreshold", threshold = 0, period = 300, periods = 1, missing = "notBreaching" }

  errors = {
    poller = { words = "The balance poller failed as a whole, or ran out of time." }
    # A failed run of the router is repeated: the queue redelivers a batch, and the next reconcile
    # catches up. CloudWatch throttles DescribeAlarms while Terraform reads thousands of alarms, so
    # a single failed reconcile is no fault.
    router = {
      period = max(300, var.reconcile_interval_minutes * 60), periods = 3, datapoints = 2
      words  = "The alert router failed as a whole, or ran out of time, more than once."
    }
  }

  function_alarms = merge([
    for key, function in local.functions : {
      "${key}-errors" = merge(local.never, local.errors[key], {
        namespace = "AWS/Lambda", metric = "Errors", dimensions = local.lambda_of[key]
      })
      "${key}-throttles" = merge(local.never, {
        namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.lambda_of[key]
        words     = "Lambda did not start the ${function.title} for lack of concurrency."
      })
      "${key}-faults" = merge(local.never, {
        namespace = "${local.metric_namespace}/Runs", metric = "Faults", dimensions = { service = function.service }
        words     = "The ${function.title} ran but could not do all of its work; its log says what it could not do."
      })
      "${key}-not-running" = {
        namespace = "AWS/Lambda", metric = "Invocations", dimensions = local.lambda_of[key]
        statistic = "Sum", comparison = "LessThanThreshold", threshold = 1
        period    = function.interval_minutes * 60, periods = 3, missing = "breaching"
        words     = "The ${function.title} was not invoked for three of its intervals: ${function.lost}."
      }
      "${key}-events-dropped" = merge(local.never, {
        namespace = "AWS/Lambda", metric = "AsyncEventsDropped", dimensions = local.lambda_of[key]
        words     = "Lambda gave up on an event for the ${function.title} before it was handled."
      })
      "${key}-failures-lost" = merge(local.never, {
        namespace = "AWS/Lambda", metric = "DestinationDeliveryFailures", dimensions = local.lambda_of[key]
        words     = "A failed event of the ${function.title} could not be stored in queue ${local.failure_queues.failures}."
      })
    }
  ]...)

  queue_alarms = {
    intake-delayed = {
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = local.names.intake_queue }
      statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 900 + var.group_wait_seconds
      period    = 300, periods = 1, missing = "notBreaching"
      words     = "An alarm has been waiting for the alert router for more than 15 minutes."
    }
    intake-dead-letters = merge(local.waiting, {
      dimensions = { QueueName = local.failure_queues.intake_dead_letters }
      words      = "Alarms that the alert router could not handle are in queue ${local.failure_queues.intake_dead_letters}."
    })
    failures = merge(local.waiting, {
      dimensions = { QueueName = local.failure_queues.failures }
      words      = "Runs, events or messages that finally failed are in queue ${local.failure_queues.failures}."
    })
  }
  waiting = {
    namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum"
    comparison = "GreaterThanThreshold", threshold = 0, period = 300, periods = 1, missing = "notBreaching"
  }

  # By the prefix of the alarm's name. SNS publishes them for topics active in the last six hours.
  topic_metrics = {
    failed = { metric = "NumberOfNotificationsFailed", words = "did not reach a subscriber" }
    lost   = { metric = "NumberOfNotificationsFailedToRedriveToDlq", words = "did not reach a subscriber and could not be stored" }
  }
  # Every message has the attributes that filters use, so either is a fault, and subscribers with a
  # filter get nothing.
  filter_metrics = {
    unaddressed  = { metric = "NumberOfNotificationsFilteredOut-NoMessageAttributes", words = "were not sent to subscribers because they had no attributes" }
    misaddressed = { metric = "NumberOfNotificationsFilteredOut-InvalidAttributes", words = "were not sent to subscribers because SNS cannot read their attributes" }
  }
  topic_alarms = merge([
    for topic in local.topics : {
      for prefix, spec in merge(local.topic_metrics, contains(local.filtered_topics, topic) ? local.filter_metrics : {}) :
      "${prefix}-${topic}" => merge(local.never, {
        namespace = "AWS/SNS", metric = spec.metric, dimensions = { TopicName = local.names["${topic}_topic"] }
        words     = "Messages of topic ${local.names["${topic}_topic"]} ${spec.words}."
      })
    }
  ]...)

  operations_alarms = {
    for what, alarm in merge(local.function_alarms, local.queue_alarms, local.topic_alarms) : what => alarm
    # A paused poller is no failure.
    if what != "poller-not-running" || var.polling_enabled
  }
}

resource "aws_cloudwatch_metric_alarm" "operations" {
  for_each = local.operations_alarms

  alarm_name          = "${var.name}-operations/${each.key}"
  alarm_description   = "${each.value.words} ${local.directions[each.key]}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = lookup(each.value, "datapoints", each.value.periods)
  treat_missing_data  = each.value.missing
  actions_enabled     = var.alarm_actions_enabled
  dimensions          = each.value.dimensions
  tags                = local.tags
  # No ok_actions: CloudWatch also acts on an alarm's first evaluation, so after a deployment each
  # would send an OK. (A filter on the message body would keep those out, but perhaps everything
  # else, too: an e-mail subscriber gets text, which passes no filter on a body.)
  alarm_actions = [aws_sns_topic.operations.arn]

  depends_on = [aws_sns_topic_policy.operations, aws_lambda_invocation.first]
}

# Invoke each function once, with nothing to do, before its alarm exists: an alarm on a function
# that was never invoked would fire at its first evaluation.
resource "aws_lambda_invocation" "first" {
  for_each = {
    poller = { function = aws_lambda_function.poller.function_name, event = { accounts = [], providers = {} } }
    router = { function = aws_lambda_function.router.function_name, event = { Records = [] } }
  }

  function_name = each.value.function
  input         = jsonencode(each.value.event)

  depends_on = [aws_lambda_function_event_invoke_config.poller, aws_lambda_function_event_invoke_config.router]
}
