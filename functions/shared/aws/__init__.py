"""What both functions use of AWS: clients, DynamoDB items, logs and metrics.

Nothing else in ``shared`` imports it.
"""
