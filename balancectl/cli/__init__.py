"""The frame of the command line: output, errors, exit codes, redaction."""
