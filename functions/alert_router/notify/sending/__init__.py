"""Send notifications: whom they wait for, how they are published, and what is kept of that."""
