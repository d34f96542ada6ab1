"""Accounts whose balance is pushed, for vendors without a balance API."""
