"""Where a figure was measured, and what disturbed the measurement."""
