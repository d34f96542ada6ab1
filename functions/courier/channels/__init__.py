"""Channels: their addresses, and posts to them with Apprise."""
