"""Processes in other environments that benchmarks talk to in JSON lines."""
