"""How long a frame takes, and what the app takes of memory and disk."""
