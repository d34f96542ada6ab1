"""Accounts whose balance somebody hands in, for vendors that have no balance API."""
