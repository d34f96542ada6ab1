"""MiniStack in a separate process, patched to behave like AWS."""
