"""The addresses of the service, one small file for each family."""
