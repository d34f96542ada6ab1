"""Tables and panels that several commands print."""
