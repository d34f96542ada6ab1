# What the policy of kms_key_arn must contain besides the key's administration: AWS's services use
# it on their own behalf, and the functions through them
# (docs.aws.amazon.com/sns/latest/dg/sns-key-management.html,
# docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html, read 2026-11).
data "aws_iam_policy_document" "kms_key" {
  statement {
    sid       = "AlarmsAndTopicsUseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "costalerts.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }

  statement {
    sid       = "LogsUseTheKey"
    actions   = ["kms:Decrypt*", "kms:DescribeKey", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [for function in concat(["poller_function", "router_function"], var.status_page ? ["status_page_function"] : [], local.has_channels ? ["courier_function"] : []) : trimsuffix(local.arns.logs[function], ":log-stream:*")]
    }
  }

  statement {
    sid       = "RolesUseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [for name in concat([local.names.poller_function, local.names.router_function, "${var.name}-scheduler"], var.status_page ? [local.names.status_page_function] : [], local.has_channels ? [local.names.courier_function] : []) : "arn:${local.partition}:iam::${local.account_id}:role/${name}"]
    }
  }
}
