"""Baselines: the approaches that this project grew from, and simpler ones, measured by one protocol.

A folder holds one method: ``model.py``, ``settings.toml`` (its experiments) and ``README.md`` (its origin).
``registry`` lists the methods, ``run`` measures them, ``report`` makes the tables and the page. Methods of
scikit-learn run without TensorFlow.
"""
