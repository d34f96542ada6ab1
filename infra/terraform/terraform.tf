terraform {
  # 1.9: validations that read other variables.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Developed against 5.100; 6.x is admitted and untested.
      version = ">= 5.100, < 7"
    }
  }
}
