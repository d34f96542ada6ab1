"""What is left where a provider reports only cost: windows, days, closing, arithmetic. Pure."""
