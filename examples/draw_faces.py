"""Meshes, boxes and labels drawn on pictures, side by side: python draw_faces.py PICTURE… OUT.jpg"""

import sys

import cv2
import numpy as np

from mien import Recognizer, Video, draw

HEIGHT = 400  # of the drawing, px

*pictures, out = sys.argv[1:]
drawings = []
with Recognizer(max_faces=8) as recognizer:
    for picture in pictures:
        for frame in Video(picture):
            drawing = draw(frame, recognizer(frame))
            width = round(drawing.shape[1] * HEIGHT / drawing.shape[0])
            drawings.append(cv2.resize(drawing, (width, HEIGHT), interpolation=cv2.INTER_AREA))
cv2.imwrite(out, np.hstack(drawings)[:, :, ::-1])  # OpenCV writes BGR
