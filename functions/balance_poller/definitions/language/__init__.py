"""What definitions are written in: expressions, amounts, templates and patterns. Pure."""
