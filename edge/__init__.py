"""Mien on the device: camera frames in, the expression of each face out."""

__version__ = "0.4.0"
