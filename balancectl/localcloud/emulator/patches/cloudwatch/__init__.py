"""Patches of CloudWatch."""
