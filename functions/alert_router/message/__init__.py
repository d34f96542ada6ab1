"""What people and programs read. Pure: facts in, texts out; no clock, no AWS call."""
