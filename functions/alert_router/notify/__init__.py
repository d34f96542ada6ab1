"""The pipeline: update incidents, flush groups, reconcile, send."""
