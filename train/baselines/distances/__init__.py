"""Distances of the landmarks to a fixed point, reduced, and a support vector machine."""
