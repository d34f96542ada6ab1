resource "aws_iam_role" "router" {
  name                 = local.names.router_function
  description          = "What the alert router of ${var.name} may do."
  assume_role_policy   = data.aws_iam_policy_document.lambda_assumes.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "router" {
  name   = "alert-router"
  role   = aws_iam_role.router.id
  policy = data.aws_iam_policy_document.router.json
}

data "aws_iam_policy_document" "router" {
  #checkov:skip=CKV_AWS_356:each statement on * is an action that knows no resource; the reason stands with it
  #checkov:skip=CKV_AWS_111:writing on * is X-Ray, where asked for
  statement {
    sid = "TakeAlarms"
    # The event source mapping acts under this role; the function itself sends delayed messages.
    actions = [
      "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
    ]
    resources = [local.arns.intake_queue]
  }

  statement {
    sid       = "ReadBalances"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:Query"]
    resources = [local.arns.balances_table]
  }

  statement {
    sid       = "KeepAlerts"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    resources = [local.arns.alerts_table]
  }

  statement {
    sid     = "Publish"
    actions = ["sns:Publish"]
    resources = concat(
      [for form in keys(local.form_topics) : local.arns[module.configuration.topic_of_form[form]]],
      var.enable_chat ? [local.arns.chat_topic] : [],
    )
  }

  statement {
    sid     = "CompareWithAlarms"
    actions = ["cloudwatch:DescribeAlarms", "cloudwatch:ListAlarmMuteRules"]
    # Composite alarms are only returned to callers that may describe all alarms.
    resources = ["*"]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.arns.logs["router_function"]]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [local.arns.failed["failures"]]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "UseOurKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "sns", "sqs"] : "${service}.${local.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.xray_tracing ? ["xray"] : []

    content {
      sid     = "Trace"
      actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      # The actions accept no resource.
      resources = ["*"]
    }
  }
}
