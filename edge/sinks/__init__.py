"""Sinks, which take the results: JSON lines, a line in the terminal."""
