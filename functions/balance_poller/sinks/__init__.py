"""Where a run's results go, in this order: metrics, history, LATEST (the run's commit mark)."""
