"""What becomes of an incident: its transitions, and which notification is due, or why none is."""
