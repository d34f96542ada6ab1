"""The language of definitions: expressions, amounts, templates and patterns. Pure."""
