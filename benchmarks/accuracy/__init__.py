"""How often the label is right: on pictures, on pairs of runs, and over clips."""
