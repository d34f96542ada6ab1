"""What the router keeps: incidents, silences, channels, and why an account is notified or not."""
