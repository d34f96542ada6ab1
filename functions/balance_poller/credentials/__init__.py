"""API keys: where they are stored, and reading them."""
