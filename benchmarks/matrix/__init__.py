"""Backends, runtimes, bundles, number formats and threads timed beside each other."""
