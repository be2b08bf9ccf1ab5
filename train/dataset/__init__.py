"""Labelled pictures to landmarks folders, and landmarks folders to training rows."""
