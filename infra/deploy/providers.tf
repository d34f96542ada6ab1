variable "region" {
  description = "AWS Region to deploy to, such as eu-central-1; null uses the Region of the AWS environment."
  type        = string
  default     = null

  validation {
    condition     = var.region == null || can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must be the name of an AWS Region, such as eu-central-1."
  }
}

provider "aws" {
  region = var.region
}
