"""Mien on the device: camera frames in, the expression of each face out."""

import os

# OpenCV reads it when it is loaded. It refuses more than 2^26 pixels by the header, before they take memory.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))

__version__ = "0.8.0"
