# The entry point for pushed balances. Through this alias, the poller accepts only pushes; the
# function itself accepts any event, which may name any secret and any address.

resource "aws_lambda_alias" "push" {
  count = length(module.configuration.pushed_accounts) > 0 ? 1 : 0

  name             = local.names.push_alias
  description      = "Takes balances of pushed accounts, and nothing else."
  function_name    = aws_lambda_function.poller.function_name
  function_version = "$LATEST"
}

# For jobs that push balances, such as cron jobs and pipelines.
data "aws_iam_policy_document" "push" {
  statement {
    sid       = "PushBalances"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.arns.push_alias]
  }
}
