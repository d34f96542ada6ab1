"""Messages for people and machines, from one notification or several. Pure."""
