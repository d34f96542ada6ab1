# No provider: what is to be is decided here, and made elsewhere. Its tests take milliseconds.
terraform {
  required_version = ">= 1.9"
}
