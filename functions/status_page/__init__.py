"""The page of all accounts: as a file (``balancectl report``) and in the CloudWatch dashboard."""
