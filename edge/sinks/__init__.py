"""Where results go: JSON lines, a line in the terminal."""
