"""What a definition reads in an answer: balances, and spend. Pure."""
