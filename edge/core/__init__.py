"""What desktop and device must agree on. NumPy and the standard library only."""
