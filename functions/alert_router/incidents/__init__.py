"""What is known of an account's alarms, and which notification is due. Pure."""
