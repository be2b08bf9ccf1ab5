"""Latency, accuracy and robustness of the very ``edge.pipeline.Pipeline`` that the app runs.

Runs on the device too: NumPy, OpenCV and the standard library, never TensorFlow. ``cli`` has a module for
each command of ``mien benchmark``; each benchmark has a folder of its own; ``machine``, ``systems`` and
``workers`` serve them all.
"""
