resource "aws_iam_role" "courier" {
  count = local.has_channels ? 1 : 0

  name                 = local.names.courier_function
  description          = "What the courier of ${var.name} may do."
  assume_role_policy   = data.aws_iam_policy_document.lambda_assumes.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "courier" {
  count = local.has_channels ? 1 : 0

  name   = "courier"
  role   = aws_iam_role.courier[0].id
  policy = data.aws_iam_policy_document.courier[0].json
}

data "aws_iam_policy_document" "courier" {
  #checkov:skip=CKV_AWS_356:each statement on * is an action that knows no resource; the reason stands with it
  #checkov:skip=CKV_AWS_111:writing on * is X-Ray, where asked for
  count = local.has_channels ? 1 : 0

  statement {
    sid       = "TakeMessages"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [local.arns.channels_queue]
  }

  statement {
    sid       = "ReadAddresses"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${local.names.channels_secret}-??????"]
  }

  # Its own items and the declared subscribers, but no incident and no silence. A request for one item
  # has one key, so ForAnyValue covers it; ForAllValues would also hold without any.
  statement {
    sid       = "ReadChannels"
    actions   = ["dynamodb:GetItem"]
    resources = [local.arns.alerts_table]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["courier", module.configuration.subscribers_item.scope]
    }
  }

  statement {
    sid       = "KeepDeliveries"
    actions   = ["dynamodb:PutItem"]
    resources = [local.arns.alerts_table]

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["courier"]
    }
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.arns.logs["courier_function"]]
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
        values   = [for service in ["dynamodb", "secretsmanager", "sqs"] : "${service}.${local.region}.amazonaws.com"]
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
