"""API keys, from their sources into the secret."""
