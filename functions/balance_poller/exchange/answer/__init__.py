"""Turns the bytes of one answer into a reading, or an outcome that explains why not. Pure."""
