"""From the bytes of one answer to a reading, or the outcome that says why there is none. Pure."""
