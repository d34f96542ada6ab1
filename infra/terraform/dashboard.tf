locals {
  console_host  = "${local.region}.${lookup(module.configuration.console_hosts, local.partition, module.configuration.console_hosts.aws)}"
  dashboard_url = var.enable_dashboard ? "https://${local.console_host}/cloudwatch/home?region=${local.region}#dashboards/dashboard/${var.name}" : ""

  shown = slice(
    coalesce(var.dashboard_accounts, keys(module.configuration.accounts)), 0,
    min(100, length(coalesce(var.dashboard_accounts, keys(module.configuration.accounts)))),
  )

  alarm_arn_prefix = trimsuffix(local.arns.account_alarms, "*")
  # An alarm widget takes 100 alarms.
  shown_alarms = chunklist([
    for name in flatten([for account in local.shown : module.configuration.alarm_names[account]]) : "${local.alarm_arn_prefix}${name}"
  ], 100)

  run_metrics = {
    "Function errors"  = concat([for function in values(local.lambda_of) : [for metric in ["Errors", "Throttles"] : ["AWS/Lambda", metric, "FunctionName", function.FunctionName]]]...)
    "Failures waiting" = [for queue in values(local.failure_queues) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]]
    "Run duration"     = [for function in values(local.lambda_of) : ["AWS/Lambda", "Duration", "FunctionName", function.FunctionName]]
  }

  # The functions' logs cost nothing extra here; a metric of their own is billed by the hour.
  log_queries = {
    "Accounts polled" = { of = "poller", query = "filter message = 'run finished' | stats sum(counts.ok) as ok, sum(counts.skipped) as skipped by bin(1h)" }
    "Failed polls"    = { of = "poller", query = "filter message = 'poll failed' | stats count(*) by outcome, account | sort account" }
    "Faults"          = { of = "poller", query = "filter message = 'fault' | stats sum(count) by service, fault" }
    "Messages"        = { of = "router", query = "filter message = 'message published' | stats count(*) as published by bin(1h)" }
  }

  # The page's function gets its accounts with each invocation, so that it needs no list of its own.
  # CloudWatch's grid has rows of some 60 pixels, and the widget scrolls.
  page_widgets = [
    for function in aws_lambda_function.status_page : {
      type = "custom", x = 0, y = 3, width = 24, height = local.page_height
      properties = {
        title    = "Balances"
        endpoint = local.arns.status_page_function
        updateOn = { refresh = true, resize = true, timeRange = true }
        params   = { accounts = { for id in local.shown : id => module.configuration.accounts[id].stale_after_minutes } }
      }
    }
  ]
  page_height = var.status_page ? min(16, 3 + length(local.shown)) : 0

  alarm_widgets = concat(
    [{
      type       = "alarm", x = 0, y = 0, width = 24, height = 3
      properties = { title = "The monitor itself", alarms = [for what in keys(local.operations_alarms) : "${local.alarm_arn_prefix}${var.name}-operations/${what}"] }
    }],
    [for number, arns in local.shown_alarms : {
      type       = "alarm", x = 0, y = 3 + local.page_height + 6 * number, width = 24, height = 6
      properties = { title = "Alarms of the accounts", alarms = arns }
    }],
  )
  balances_y = 3 + local.page_height + 6 * length(local.shown_alarms)

  balance_widgets = [
    for number, id in local.shown : {
      type = "metric", x = 8 * (number % 3), y = local.balances_y + 6 * floor(number / 3), width = 8, height = 6
      properties = {
        title  = id
        view   = "timeSeries"
        region = local.region
        period = var.poll_interval_minutes * 60
        stat   = "Minimum"
        metrics = concat(
          [[local.metric_namespace, "Balance", "Account", id, "Provider", module.configuration.accounts[id].provider]],
          # Its series exists only if a threshold needs it.
          [
            for axis in ["right"] : [local.metric_namespace, "RunwayHours", "Account", id, "Provider", module.configuration.accounts[id].provider, { yAxis = axis }]
            if module.configuration.accounts[id].runway_warning_hours != null || module.configuration.accounts[id].runway_critical_hours != null
          ],
        )
        yAxis = { left = { label = coalesce(module.configuration.units[id], "balance"), showUnits = false } }
        annotations = {
          horizontal = [
            for field, colour in { warning = "#ff7f0e", critical = "#d62728" } : { label = field, value = module.configuration.accounts[id][field], color = colour }
            if module.configuration.accounts[id][field] != null
          ]
        }
      }
    }
  ]
  runs_y = local.balances_y + 6 * ceil(length(local.shown) / 3)

  run_widgets = [
    for number, title in keys(local.run_metrics) : {
      type = "metric", x = 8 * (number % 3), y = local.runs_y + 6 * floor(number / 3), width = 8, height = 6
      properties = {
        title   = title
        view    = "timeSeries"
        region  = local.region
        period  = max(300, var.poll_interval_minutes * 60)
        stat    = contains(["Run duration", "Failures waiting"], title) ? "Maximum" : "Sum"
        metrics = local.run_metrics[title]
      }
    }
  ]
  logs_y = local.runs_y + 6 * ceil(length(local.run_metrics) / 3)

  log_widgets = [
    for number, title in keys(local.log_queries) : {
      type = "log", x = 12 * (number % 2), y = local.logs_y + 6 * floor(number / 2), width = 12, height = 6
      properties = {
        title  = title
        view   = strcontains(local.log_queries[title].query, "bin(") ? "bar" : "table"
        region = local.region
        query = join(" | ", concat(
          ["SOURCE '/aws/lambda/${local.names["${local.log_queries[title].of}_function"]}'"],
          # Either function may report faults.
          title == "Faults" ? ["SOURCE '/aws/lambda/${local.names.router_function}'"] : [],
          [local.log_queries[title].query],
        ))
      }
    }
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.enable_dashboard ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = concat(local.alarm_widgets, local.page_widgets, local.balance_widgets, local.run_widgets, local.log_widgets) })
}
