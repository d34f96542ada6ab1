"""What a definition requests: its request with its credential, and those around it. Pure."""
