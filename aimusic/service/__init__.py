"""The web: requests in, jobs, files and answers out."""
