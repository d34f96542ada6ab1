"""How a definition reads an answer: balances, and spend. Pure."""
