"""The state of each account's alarms, and which notification is due. Pure."""
