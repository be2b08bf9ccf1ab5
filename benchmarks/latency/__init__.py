"""How long a frame takes, and how much memory and disk the app takes."""
