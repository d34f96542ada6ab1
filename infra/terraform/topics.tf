# Messages contain balances and links, no secrets. AWS's own key for SNS does not admit CloudWatch; a
# customer key (kms_key_arn) whose policy does not admit it either would silence alarms.
#
# No display name: SNS would put it in front of every SMS, where it costs the second part
# (docs.aws.amazon.com/sns/latest/dg/sms_publish-to-topic.html, read 2026-11).

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish under alias/aws/sns, and messages hold no secrets
  name              = local.names.alarms_topic
  kms_master_key_id = var.kms_key_arn
  tags              = local.tags
}

# E-mail. The other forms' topics exist only if somebody is subscribed to them.
resource "aws_sns_topic" "notifications" {
  #checkov:skip=CKV_AWS_26:messages go out by e-mail anyway, and hold no secrets
  name              = local.names.notifications_topic
  kms_master_key_id = var.kms_key_arn
  tags              = local.tags
}

locals {
  # By the first part of their names' keys. Subscriptions to filtered topics have a filter policy.
  topics          = concat(["alarms", "operations"], local.filtered_topics, var.enable_chat ? ["chat"] : [])
  filtered_topics = concat(["notifications"], sort(local.optional_forms))

  optional_forms = toset([
    for form in ["sms", "events"] : form
    if contains([for subscription in values(module.configuration.subscriptions) : subscription.form], form) || (form == "events" && local.has_channels)
  ])
  form_topics = merge(
    { email = aws_sns_topic.notifications.arn },
    { for form, topic in aws_sns_topic.form : form => topic.arn },
  )
}

resource "aws_sns_topic" "form" {
  #checkov:skip=CKV_AWS_26:messages go out by SMS and webhook anyway, and hold no secrets
  for_each = local.optional_forms

  name              = local.names[module.configuration.topic_of_form[each.key]]
  kms_master_key_id = var.kms_key_arn
  tags              = local.tags
}

# The router alone may publish to people: the deny also binds anyone with a policy of their own.
data "aws_iam_policy_document" "form_topic" {
  for_each = setunion(["email"], local.optional_forms)

  statement {
    sid       = "RouterPublishes"
    actions   = ["sns:Publish"]
    resources = [local.arns[module.configuration.topic_of_form[each.key]]]

    principals {
      type        = "AWS"
      identifiers = [local.arns.router_role]
    }
  }

  statement {
    sid       = "NobodyElsePublishes"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.arns[module.configuration.topic_of_form[each.key]]]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [local.arns.router_role]
    }
  }

  source_policy_documents = [data.aws_iam_policy_document.topic_tls[trimsuffix(module.configuration.topic_of_form[each.key], "_topic")].json]
}

resource "aws_sns_topic_policy" "form" {
  for_each = data.aws_iam_policy_document.form_topic

  arn    = local.form_topics[each.key]
  policy = each.value.json

  # SNS refuses a policy that names a role that does not exist yet.
  depends_on = [aws_iam_role.router]
}

resource "aws_sns_topic" "operations" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish under alias/aws/sns, and messages hold no secrets
  name              = local.names.operations_topic
  kms_master_key_id = var.kms_key_arn
  tags              = local.tags
}

resource "aws_sns_topic" "chat" {
  #checkov:skip=CKV_AWS_26:messages go out to a chat anyway, and hold no secrets
  count = var.enable_chat ? 1 : 0

  name              = local.names.chat_topic
  kms_master_key_id = var.kms_key_arn
  tags              = local.tags
}

# Any alarm of this account and Region may be routed by the monitor: add topic alarms to its actions.
data "aws_iam_policy_document" "alarms_topic" {
  statement {
    sid       = "AlarmsPublish"
    actions   = ["sns:Publish"]
    resources = [local.arns.alarms_topic]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.arns.account_alarms]
    }
  }

  # AWS Budgets and Cost Anomaly Detection, whose notices are passed on.
  statement {
    sid       = "CostsPublish"
    actions   = ["sns:Publish"]
    resources = [local.arns.alarms_topic]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "costalerts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }

  source_policy_documents = [data.aws_iam_policy_document.topic_tls["alarms"].json]
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms_topic.json
}

data "aws_iam_policy_document" "operations_topic" {
  statement {
    sid       = "OperationsAlarmsPublish"
    actions   = ["sns:Publish"]
    resources = [local.arns.operations_topic]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${trimsuffix(local.arns.account_alarms, "*")}${var.name}-operations/*"]
    }
  }

  source_policy_documents = [data.aws_iam_policy_document.topic_tls["operations"].json]
}

resource "aws_sns_topic_policy" "operations" {
  arn    = aws_sns_topic.operations.arn
  policy = data.aws_iam_policy_document.operations_topic.json
}

# The router publishes to the chat by its role; the policy only excludes requests without TLS.
resource "aws_sns_topic_policy" "chat" {
  count = var.enable_chat ? 1 : 0

  arn    = aws_sns_topic.chat[0].arn
  policy = data.aws_iam_policy_document.topic_tls["chat"].json
}

# Nobody may publish without TLS.
data "aws_iam_policy_document" "topic_tls" {
  for_each = toset(local.topics)

  statement {
    sid       = "TlsAlone"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.arns["${each.value}_topic"]]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
