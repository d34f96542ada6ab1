"""Burn, and the time until a balance is empty. Pure."""
