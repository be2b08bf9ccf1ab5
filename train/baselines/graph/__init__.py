"""A graph network on the face mesh."""
