"""Controlled studies: one choice is varied and everything else stays equal; each is a command that writes a
table."""
