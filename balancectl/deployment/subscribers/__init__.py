"""Who gets alerts: subscriptions of the topics, their confirmation, and test messages."""
