"""What the socket and its readers cost a running service."""
