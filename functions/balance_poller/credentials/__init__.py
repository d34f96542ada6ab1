"""API keys: where they are stored, how they are read, and where they may be sent."""
