"""What every command shares: output, errors, exit codes, redaction."""
