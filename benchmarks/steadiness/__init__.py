"""Whether labels hold still over clips of a known state."""
