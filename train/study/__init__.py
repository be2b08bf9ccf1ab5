"""Controlled studies: one choice is varied, everything else stays equal; one command and one table each."""
