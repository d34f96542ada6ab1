"""A definition's requests: its own with its credential, and those around it. Pure."""
