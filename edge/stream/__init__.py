"""The local stream: what a run's socket says, where it is, and how another process reads it."""
