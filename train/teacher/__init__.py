"""Teachers: larger or existing networks whose answers the small network learns from."""
