"""Every call of the courier to AWS; depends on the core, never the reverse."""
