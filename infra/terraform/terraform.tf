terraform {
  # 1.9 allows validations that read other variables.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Tested with 5.100; according to its documentation, 6.x is compatible
      # (docs/adr/0012-aws-provider.md).
      version = ">= 5.100, < 7"
    }
  }
}
