# The alarms as CloudWatch gets them.

mock_provider "aws" {
  source = "./mocks"
}

run "a_kind_and_an_account_make_an_alarm" {
  command = plan

  module {
    source = "../../infra/terraform/modules/account_alarms"
  }

  variables {
    accounts        = { main = { provider = "openrouter", threshold = 20, periods = 2, description = "Less than 20 USD left." } }
    actions_enabled = true
    kind            = { name = "warning", metric = "Balance", statistic = "Minimum", comparison = "LessThanThreshold", datapoints = 1, missing = "ignore" }
    namespace       = "BalanceMonitor"
    period_seconds  = 300
    stack_name      = "balance-monitor"
    topic_arn       = "arn:aws:sns:eu-central-1:123456789012:balance-monitor-alarms"
  }

  assert {
    condition = {
      for field in [
        "alarm_name", "alarm_description", "namespace", "metric_name", "statistic", "comparison_operator", "threshold",
        "period", "evaluation_periods", "datapoints_to_alarm", "treat_missing_data", "actions_enabled",
      ] : field => tostring(aws_cloudwatch_metric_alarm.this["main"][field])
      } == {
      alarm_name          = "balance-monitor/main/warning"
      alarm_description   = "Less than 20 USD left."
      namespace           = "BalanceMonitor"
      metric_name         = "Balance"
      statistic           = "Minimum"
      comparison_operator = "LessThanThreshold"
      threshold           = "20"
      period              = "300"
      evaluation_periods  = "2"
      datapoints_to_alarm = "1"
      treat_missing_data  = "ignore"
      actions_enabled     = "true"
    }
    error_message = jsonencode(aws_cloudwatch_metric_alarm.this["main"])
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["main"].dimensions == tomap({ Account = "main", Provider = "openrouter" })
    error_message = "A series is found by exactly these two dimensions."
  }

  assert {
    condition     = [for actions in [aws_cloudwatch_metric_alarm.this["main"].alarm_actions, aws_cloudwatch_metric_alarm.this["main"].ok_actions] : tolist(actions)] == [tolist(["arn:aws:sns:eu-central-1:123456789012:balance-monitor-alarms"]), tolist(["arn:aws:sns:eu-central-1:123456789012:balance-monitor-alarms"])]
    error_message = "It tells the topic when it fires and when it clears."
  }
}

run "stale_needs_every_period_to_be_empty" {
  command = plan

  module {
    source = "../../infra/terraform/modules/account_alarms"
  }

  variables {
    accounts        = { main = { provider = "openrouter", threshold = 1, periods = 6, description = "No balance for 30 minutes." } }
    actions_enabled = false
    kind            = { name = "stale", metric = "Balance", statistic = "SampleCount", comparison = "LessThanThreshold", datapoints = null, missing = "breaching" }
    namespace       = "BalanceMonitor"
    period_seconds  = 300
    stack_name      = "balance-monitor"
    topic_arn       = "arn:aws:sns:eu-central-1:123456789012:balance-monitor-alarms"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["main"].evaluation_periods == 6 && aws_cloudwatch_metric_alarm.this["main"].datapoints_to_alarm == 6 && aws_cloudwatch_metric_alarm.this["main"].treat_missing_data == "breaching" && !aws_cloudwatch_metric_alarm.this["main"].actions_enabled
    error_message = jsonencode(aws_cloudwatch_metric_alarm.this["main"])
  }
}
