# The root module that `make deploy` applies: where to deploy, and one call of the module. main.tf,
# variables.tf and outputs.tf are generated from the module by `make docs`.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The tested version. The module admits 6.x as well (docs/adr/0012-aws-provider.md).
      version = "~> 5.100"
    }
  }
}
