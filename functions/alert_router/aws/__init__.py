"""Every call of the router to AWS; depends on the core, never the reverse."""
