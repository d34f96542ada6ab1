"""What the commands do with a deployment in AWS."""
