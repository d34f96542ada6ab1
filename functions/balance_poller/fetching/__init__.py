"""Sends all requests of a run concurrently, within its deadline."""
