"""MiniStack in a process of its own, patched to behave as AWS does."""
