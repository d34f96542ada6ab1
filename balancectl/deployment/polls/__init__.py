"""Polls of a deployed poller: started by hand, pushed, and what they found."""
