# The monitor's own alarms. They go straight to topic operations: what is broken may be the router.

locals {
  lambda_of = {
    poller = { FunctionName = local.names.poller_function }
    router = { FunctionName = local.names.router_function }
  }
  services = {
    poller = { service = "balance_poller" }
    router = { service = "alert_router" }
  }

  # Something that must not happen at all: more than 0 within five minutes.
  never = { statistic = "Sum", comparison = "GreaterThanThreshold", threshold = 0, period = 300, periods = 1, missing = "notBreaching" }

  function_alarms = {
    poller-errors = merge(local.never, {
      namespace = "AWS/Lambda", metric = "Errors", dimensions = local.lambda_of.poller
      words     = "The balance poller failed: keys, metrics or records as a whole could not be read or written, or it ran out of time."
    })
    poller-throttles = merge(local.never, {
      namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.lambda_of.poller
      words     = "Lambda did not start the balance poller for lack of concurrency."
    })
    poller-not-running = {
      namespace = "AWS/Lambda", metric = "Invocations", dimensions = local.lambda_of.poller
      statistic = "Sum", comparison = "LessThanThreshold", threshold = 1
      period    = var.poll_interval_minutes * 60, periods = 3, missing = "breaching"
      words     = "The balance poller was not invoked for three intervals: no account is watched."
    }
    router-errors = merge(local.never, {
      namespace = "AWS/Lambda", metric = "Errors", dimensions = local.lambda_of.router
      words     = "The alert router failed: alarms may be told late."
    })
    router-throttles = merge(local.never, {
      namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.lambda_of.router
      words     = "Lambda did not start the alert router for lack of concurrency: alarms may be told late."
    })
    router-not-running = {
      namespace = "AWS/Lambda", metric = "Invocations", dimensions = local.lambda_of.router
      statistic = "Sum", comparison = "LessThanThreshold", threshold = 1
      period    = var.tick_interval_minutes * 60, periods = 3, missing = "breaching"
      words     = "The alert router was not invoked for three of its ticks: reminders and recoveries do not go out."
    }
    intake-delayed = {
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = local.names.intake_queue }
      statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 900 + var.group_wait_seconds
      period    = 300, periods = 1, missing = "notBreaching"
      words     = "An alarm has waited for the alert router for more than a quarter of an hour."
    }
  }

  run_alarms = {
    for what, spec in {
      invalid-scheduled-time = { of = "poller", metric = "InvalidScheduledTime", words = "A run's event bore no valid time: the schedule's input is not what it should be." }
      write-failures         = { of = "poller", metric = "WriteFailures", words = "The balance poller could not write metrics or records." }
      publish-failures       = { of = "router", metric = "PublishFailures", words = "The alert router could not publish a message." }
      reduced-messages       = { of = "router", metric = "ReducedMessages", words = "A message went out without the account's details, which could not be read." }
      } : what => merge(local.never, {
        namespace = "${local.metric_namespace}/Runs", metric = spec.metric, dimensions = local.services[spec.of], words = spec.words
    })
  }

  queue_words = {
    intake_dead_letters   = "Alarms that the alert router could not handle wait in"
    poller_failures       = "Runs of the balance poller that failed are kept in"
    router_failures       = "Events that the alert router could not handle are kept in"
    schedule_dead_letters = "Events that the schedules could not hand over wait in"
    undelivered           = "Messages that did not reach a subscriber wait in"
  }

  queue_alarms = {
    for key, queue in local.failure_queues : replace(key, "_", "-") => {
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = queue }
      statistic = "Maximum", comparison = "GreaterThanThreshold", threshold = 0, period = 300, periods = 1, missing = "notBreaching"
      words     = "${local.queue_words[key]} queue ${queue}."
    }
  }

  topic_alarms = {
    for topic in concat(["alarms", "notifications", "operations"], sort(local.optional_forms), var.enable_chat ? ["chat"] : []) :
    "failed-${topic}" => merge(local.never, {
      namespace = "AWS/SNS", metric = "NumberOfNotificationsFailed", dimensions = { TopicName = local.names["${topic}_topic"] }
      words     = "Messages of topic ${local.names["${topic}_topic"]} did not reach a subscriber."
    })
  }

  # Every message has the attributes that filters look at, so either is a fault, and everybody whose
  # filter misses them gets nothing.
  filter_alarms = merge([
    for topic in concat(["notifications"], sort(local.optional_forms)) : {
      for what, reason in { unaddressed = "NoMessageAttributes", misaddressed = "InvalidAttributes" } :
      "${what}-${topic}" => merge(local.never, {
        namespace = "AWS/SNS", metric = "NumberOfNotificationsFilteredOut-${reason}", dimensions = { TopicName = local.names["${topic}_topic"] }
        words     = "SNS kept messages of topic ${local.names["${topic}_topic"]} from subscribers because their attributes were missing or invalid."
      })
    }
  ]...)

  operations_alarms = {
    for what, alarm in merge(local.function_alarms, local.run_alarms, local.queue_alarms, local.topic_alarms, local.filter_alarms) : what => alarm
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
  datapoints_to_alarm = each.value.periods
  treat_missing_data  = each.value.missing
  actions_enabled     = var.alarm_actions_enabled
  alarm_actions       = [aws_sns_topic.operations.arn]
  dimensions          = each.value.dimensions
  tags                = local.tags

  # CloudWatch tells of an alarm's first evaluation, too: after a deployment each of these would
  # send its OK. That the monitor runs again is worth a message; that something happens no more is
  # not. (A filter on the message's body would keep both out, and may keep out everything: what an
  # e-mail subscriber gets of an alarm is text, and a body that is no JSON passes no such filter.)
  ok_actions = each.value.missing == "breaching" ? [aws_sns_topic.operations.arn] : []

  depends_on = [aws_sns_topic_policy.operations]
}
