"""The report of benchmark results, and their comparison with older ones."""
