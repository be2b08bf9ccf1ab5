"""Recognizers that are measured beside each other, one file each; see ``docs/guides/peers.md``."""
