"""Processes in other environments that exchange JSON lines with a benchmark."""
