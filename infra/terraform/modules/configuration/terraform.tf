# No provider: this module only decides; others create resources. Its tests take milliseconds.
terraform {
  required_version = ">= 1.9"
}
