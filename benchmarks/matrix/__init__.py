"""Backends, runtimes, bundles, number formats and threads side by side."""
