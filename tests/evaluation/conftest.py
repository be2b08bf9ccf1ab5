"""Excludes, in the environment of a device, what compares with packages that only a desktop has."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("sklearn") else ["test_metrics.py"]
