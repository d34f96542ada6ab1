resource "aws_dynamodb_table" "balances" {
  #checkov:skip=CKV_AWS_119:kms_key_arn is the deployment's to choose; balances are no secrets
  name                        = local.names.balances_table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "account"
  range_key                   = "at"
  deletion_protection_enabled = var.deletion_protection
  tags                        = local.tags

  attribute {
    name = "account"
    type = "S"
  }

  attribute {
    name = "at"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn[*]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}

resource "aws_dynamodb_table" "alerts" {
  #checkov:skip=CKV_AWS_119:kms_key_arn is the deployment's to choose; alerts are no secrets
  name                        = local.names.alerts_table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "scope"
  range_key                   = "id"
  deletion_protection_enabled = var.deletion_protection
  tags                        = local.tags

  attribute {
    name = "scope"
    type = "S"
  }

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn[*]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}

# Only the secret itself: values are written with balancectl and never pass through Terraform.
resource "aws_secretsmanager_secret" "api_keys" {
  #checkov:skip=CKV_AWS_149:kms_key_arn is the deployment's to choose; accounts may name secrets under other keys
  #checkov:skip=CKV2_AWS_57:providers have no interface to rotate a key; balancectl keys set replaces one
  name                    = local.names.secret
  description             = "API keys of Balance Monitor ${var.name}, one JSON object by account name. Write with balancectl keys."
  recovery_window_in_days = var.secret_recovery_days
  kms_key_id              = var.kms_key_arn
  tags                    = local.tags
}

# The addresses of heartbeats, which are also credentials, apart from the keys and the channels.
resource "aws_secretsmanager_secret" "heartbeat" {
  #checkov:skip=CKV_AWS_149:kms_key_arn is the deployment's to choose
  #checkov:skip=CKV2_AWS_57:an outside service makes the addresses; balancectl heartbeat set replaces one
  count = var.heartbeat ? 1 : 0

  name                    = local.names.heartbeat_secret
  description             = "Heartbeat addresses of Balance Monitor ${var.name}, one JSON object by shard. Write with balancectl heartbeat."
  recovery_window_in_days = var.secret_recovery_days
  kms_key_id              = var.kms_key_arn
  tags                    = local.tags
}
