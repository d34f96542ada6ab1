terraform {
  # 1.9: validations that read other variables.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Tested with 5.100; 6.x is admitted by its documents (docs/adr/0012-aws-provider.md).
      version = ">= 5.100, < 7"
    }
  }
}
