"""API keys on their way into the secret: sources, files, document, writer."""
