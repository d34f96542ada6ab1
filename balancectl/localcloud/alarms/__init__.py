"""CloudWatch's alarm evaluation, for the emulator."""
