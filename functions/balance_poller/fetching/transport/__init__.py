"""HTTP: sends one request within limits, to allowed addresses only, and decodes its answer."""
