"""Balances of accounts whose provider reports only cost: windows, closing of days, sums. Pure."""
