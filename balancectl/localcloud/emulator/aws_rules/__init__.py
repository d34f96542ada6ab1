"""AWS's own rules for requests: the service models' constraints and documented limits. Pure.

Nothing here imports MiniStack, so that the same rules serve the emulator and the tests.
"""
