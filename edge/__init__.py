"""The part of Mien that runs on the device: camera frames → the expression of each face."""

import os

# OpenCV reads this when it is loaded, and then refuses by its header a picture of more than 2^26 pixels.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))

__version__ = "0.10.1"
