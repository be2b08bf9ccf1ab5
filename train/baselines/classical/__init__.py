"""Classifiers of scikit-learn on the landmarks of a single picture."""
