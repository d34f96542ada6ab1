"""What both functions use: names, outcomes, money, records, clients, telemetry.

Imports neither function, and no HTTP client.
"""
