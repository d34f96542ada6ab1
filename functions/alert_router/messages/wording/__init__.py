"""The words of a message: phrases, details, actions, links, units."""
