"""Reads and operates a deployment in AWS."""
