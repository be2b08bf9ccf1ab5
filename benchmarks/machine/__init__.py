"""The machine that a figure was measured on, and what made its timings unreliable."""
