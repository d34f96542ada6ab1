# For people and pipelines with read-only access: balancectl status, report, history, preflight.
data "aws_iam_policy_document" "read_only" {
  #checkov:skip=CKV_AWS_356:GetMetricData knows no resource, and the history of all alarms is one request
  statement {
    sid       = "ReadBalances"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
    resources = [local.arns.balances_table]
  }

  statement {
    sid       = "ReadAccounts"
    actions   = ["scheduler:GetSchedule"]
    resources = [local.arns.schedules]
  }

  # GetMetricData takes no resource, and the history of all alarms is one request.
  statement {
    sid       = "ReadPast"
    actions   = ["cloudwatch:DescribeAlarmHistory", "cloudwatch:GetMetricData"]
    resources = ["*"]
  }
}
