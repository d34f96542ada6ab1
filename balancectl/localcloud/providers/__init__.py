"""Simulated providers on loopback ports."""
