"""How an incident develops: its transitions, and which notification is due, or why none is."""
