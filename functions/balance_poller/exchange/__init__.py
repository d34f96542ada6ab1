"""One request to a provider and the reading of its answer. Pure."""
