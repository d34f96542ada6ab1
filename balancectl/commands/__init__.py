"""One module per group of commands: reads its options, asks the adapters, prints the answer."""
