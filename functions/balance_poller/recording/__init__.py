"""Readings to metrics, history and LATEST, written in that order."""
