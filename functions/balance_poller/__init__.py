"""Polls every account's balance, records it and publishes it as a metric."""
