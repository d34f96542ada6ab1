"""Turns alarms into messages that a person can act on."""
