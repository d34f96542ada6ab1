resource "aws_iam_role" "poller" {
  name                 = local.names.poller_function
  description          = "What the balance poller of ${var.name} may do."
  assume_role_policy   = data.aws_iam_policy_document.lambda_assumes.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "poller" {
  name   = "balance-poller"
  role   = aws_iam_role.poller.id
  policy = data.aws_iam_policy_document.poller.json

  lifecycle {
    # IAM allows 10,240 characters in all; the other statements have about 3,000.
    precondition {
      condition     = sum([for arn in concat(local.secret_arns, var.kms_key_arns) : length(arn) + 3]) <= 7000
      error_message = "Accounts: they name ${length(local.secret_arns)} secrets, more than the poller's policy can list. Put several keys into one secret, as in secret = \"team/keys#account-name\"."
    }

    # BatchGetSecretValue does not read secrets of other AWS accounts
    # (docs.aws.amazon.com/secretsmanager, "Access secrets from a different account", read 2026-11).
    precondition {
      condition     = alltrue([for name in local.secret_names : split(":", name)[4] == local.account_id if startswith(name, "arn:")])
      error_message = "Accounts: a secret's ARN is of another AWS account than ${local.account_id}, and the poller reads secrets in batches, which AWS limits to its own account; store the key in a secret of ${local.account_id}."
    }

    precondition {
      condition     = alltrue([for arn in concat([for name in local.secret_names : name if startswith(name, "arn:")], var.kms_key_arns) : split(":", arn)[3] == local.region])
      error_message = "Accounts: a secret's ARN (or one of kms_key_arns) is of another Region than ${local.region}, where the poller asks; replicate the secret to ${local.region} and name the replica."
    }
  }
}

data "aws_iam_policy_document" "lambda_assumes" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "poller" {
  #checkov:skip=CKV_AWS_356:each statement on * is an action that knows no resource; the reason stands with it
  #checkov:skip=CKV_AWS_111:writing on * is PutMetricData, bounded by its namespace, and X-Ray and VPC where asked for
  statement {
    sid       = "ReadKeys"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = local.secret_arns
  }

  dynamic "statement" {
    for_each = var.heartbeat ? ["heartbeat"] : []

    content {
      sid       = "ReadHeartbeat"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [local.arns.heartbeat_secret]
    }
  }

  statement {
    sid     = "ReadKeysInBatches"
    actions = ["secretsmanager:BatchGetSecretValue"]
    # The action has no resource; each secret also needs GetSecretValue, above.
    resources = ["*"]
  }

  statement {
    sid = "KeepBalances"
    # TransactWriteItems needs PutItem.
    actions   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:PutItem"]
    resources = [local.arns.balances_table]
  }

  statement {
    sid     = "PublishBalances"
    actions = ["cloudwatch:PutMetricData"]
    # The action has no resource; the namespace limits it.
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.metric_namespace]
    }
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.arns.logs["poller_function"]]
  }

  statement {
    sid       = "KeepFailedRuns"
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
        values   = [for service in ["dynamodb", "secretsmanager", "sqs"] : "${service}.${local.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) > 0 ? [var.kms_key_arns] : []

    content {
      sid       = "DecryptKeys"
      actions   = ["kms:Decrypt"]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${local.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid = "JoinVpc"
      # The same as AWSLambdaVPCAccessExecutionRole; the actions are requested on *.
      actions = [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"]
    }
  }

  # The service makes and deletes interfaces; the function's own code must not
  # (docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html, read 2026-11).
  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid    = "LeaveTheNetworkToLambda"
      effect = "Deny"
      actions = [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = [local.arns.poller_function]
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
