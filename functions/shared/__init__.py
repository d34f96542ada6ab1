"""What the functions share: names, outcomes, money, records; ``aws`` has clients and telemetry.

Imports neither function, and no HTTP client.
"""
