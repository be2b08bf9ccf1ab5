"""Recognizers that are measured beside each other, one file each: ``docs/peers.md`` says what is in it."""
