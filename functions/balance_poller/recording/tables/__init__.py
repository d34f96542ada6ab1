"""Table `balances`: what the poller reads and writes in DynamoDB."""
