"""The weekly report: what accounts spent, and what needs attention soon. Pure."""
