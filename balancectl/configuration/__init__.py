"""Reads and checks Terraform variable files, without AWS."""
