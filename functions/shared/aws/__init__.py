"""AWS code that the functions share: clients, DynamoDB items, logs and metrics.

Nothing else in ``shared`` imports it.
"""
