"""A poll: the run from its event to its report, and what it does around the requests."""
