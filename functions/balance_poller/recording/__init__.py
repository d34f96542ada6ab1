"""Turns readings into metrics, history and LATEST, and writes them in that order."""
