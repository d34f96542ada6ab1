"""Provider definitions: JSON to compiled rules. Pure."""
