"""To and from files."""
