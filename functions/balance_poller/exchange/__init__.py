"""One request to a provider and the reading of its one answer. Pure."""
