"""The operator's command line; never deployed."""
