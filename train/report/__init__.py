"""The report of a training run: its numbers, plots and pictures."""
