"""A poll: a run from its event to its report, and its work around the requests."""
