"""Works on this machine alone: accounts files, tfvars, polls without a deployment."""
