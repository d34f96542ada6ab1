"""What MiniStack lacks and the stack relies on, one small patch a module.

Each module has ``apply(settings)``, called by ``server`` in the emulator's own process before the
first request. A patch makes the emulator stricter or more complete, never more lenient than AWS.
"""
