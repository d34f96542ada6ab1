"""Behaviour of AWS that the stack relies on and MiniStack lacks, one patch per module.

Each module has ``apply(settings)``, called by ``server`` in the emulator's process before the first
request. A patch makes the emulator stricter or more complete, never more lenient than AWS.
"""
