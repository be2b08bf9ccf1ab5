"""Latency, accuracy and robustness of the very ``edge.pipeline.Pipeline`` that the app runs.

Runs on the device too: NumPy, OpenCV and the standard library, never TensorFlow. ``cli`` has a module for
each command of ``mien benchmark``. Each benchmark has a folder of its own, whose function ``benchmark`` (of
two runs: ``compare``) gives the result that ``docs/reference/benchmark-results.md`` describes, without
``command``. ``machine``, ``systems``, ``workers`` and ``report`` serve them all.
"""
