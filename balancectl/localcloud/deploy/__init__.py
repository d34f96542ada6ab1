"""The real Terraform, applied to the emulator."""
