"""Latency and accuracy of the very ``edge.pipeline.Pipeline`` that the app runs.

Runs on the device too: NumPy, OpenCV and the standard library, never TensorFlow.
"""
