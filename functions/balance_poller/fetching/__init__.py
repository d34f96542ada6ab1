"""All requests of a run, side by side, within its deadline."""
