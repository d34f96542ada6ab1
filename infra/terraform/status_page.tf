# The page of all accounts as a custom widget of the dashboard. Anyone who views the dashboard
# invokes the function, under their own permissions, and nothing else does.

locals {
  status_page_count = var.status_page ? 1 : 0
}

resource "aws_cloudwatch_log_group" "status_page" {
  #checkov:skip=CKV_AWS_158:kms_key_arn is the deployment's to choose; logs hold no keys
  #checkov:skip=CKV_AWS_338:log_retention_days is the deployment's to choose
  count = local.status_page_count

  name              = "/aws/lambda/${local.names.status_page_function}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "status_page" {
  #checkov:skip=CKV_AWS_50:xray_tracing is the deployment's to choose
  #checkov:skip=CKV_AWS_115:a dashboard that is not shown harms nobody; new accounts have none to reserve
  #checkov:skip=CKV_AWS_116:a dashboard invokes it and waits; nothing is lost that a refresh does not bring
  #checkov:skip=CKV_AWS_117:it talks to AWS alone
  #checkov:skip=CKV_AWS_173:the environment holds names, no secrets
  #checkov:skip=CKV_AWS_272:the zips are built where they are deployed from, reproducibly
  count = local.status_page_count

  function_name     = local.names.status_page_function
  description       = "Shows all accounts in the dashboard."
  role              = aws_iam_role.status_page[0].arn
  handler           = "status_page.handler.lambda_handler"
  runtime           = "python3.13"
  architectures     = [var.architecture]
  memory_size       = 512
  timeout           = 30
  filename          = local.packages.status_page.filename
  source_code_hash  = try(filebase64sha256(local.packages.status_page.filename), null)
  s3_bucket         = local.packages.status_page.s3_bucket
  s3_key            = local.packages.status_page.s3_key
  s3_object_version = local.packages.status_page.s3_object_version
  tags              = local.tags

  environment {
    variables = {
      BALANCES_TABLE   = local.names.balances_table
      METRIC_NAMESPACE = local.metric_namespace
    }
  }

  tracing_config {
    mode = var.xray_tracing ? "Active" : "PassThrough"
  }

  depends_on = [aws_cloudwatch_log_group.status_page, aws_iam_role_policy.status_page]
}

resource "aws_iam_role" "status_page" {
  count = local.status_page_count

  name                 = local.names.status_page_function
  description          = "What the dashboard's widget of ${var.name} may do."
  assume_role_policy   = data.aws_iam_policy_document.lambda_assumes.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "status_page" {
  count = local.status_page_count

  name   = "status-page"
  role   = aws_iam_role.status_page[0].id
  policy = data.aws_iam_policy_document.status_page.json
}

data "aws_iam_policy_document" "status_page" {
  #checkov:skip=CKV_AWS_356:each statement on * is an action that knows no resource
  #checkov:skip=CKV_AWS_111:writing on * is X-Ray, where asked for
  statement {
    sid       = "ReadBalances"
    actions   = ["dynamodb:BatchGetItem"]
    resources = [local.arns.balances_table]
  }

  statement {
    sid     = "ReadPast"
    actions = ["cloudwatch:GetMetricData"]
    # The action accepts no resource.
    resources = ["*"]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.arns.logs["status_page_function"]]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "UseOurKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["dynamodb.${local.region}.amazonaws.com"]
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

# For people who view the dashboard.
data "aws_iam_policy_document" "viewer" {
  statement {
    sid       = "ShowThePage"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.arns.status_page_function]
  }
}
