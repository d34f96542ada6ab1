"""HTTP: one request sent within its limits, to public addresses alone, and its answer decoded."""
