resource "aws_iam_role" "scheduler" {
  name                 = "${var.name}-scheduler"
  description          = "What the schedules of ${var.name} may do."
  assume_role_policy   = data.aws_iam_policy_document.scheduler_assumes.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json

  lifecycle {
    # In our words, before Lambda's resources refuse the Region in the provider's.
    precondition {
      condition     = !local.is_unknown_region
      error_message = "Region ${local.region} is of the AWS European Sovereign Cloud, which needs AWS provider 6.29 or newer: set version = \"~> 6.29\" for hashicorp/aws in the root module (infra/deploy/terraform.tf), and run terraform init -upgrade there."
    }
  }
}

data "aws_iam_policy_document" "scheduler_assumes" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.arns.schedule_group]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "Invoke"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.arns.poller_function, local.arns.router_function]
  }

  statement {
    sid       = "KeepUndelivered"
    actions   = ["sqs:SendMessage"]
    resources = [local.arns.failed["failures"]]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "UseOurKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }
}
