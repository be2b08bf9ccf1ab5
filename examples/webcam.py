"""Print a line whenever an expression changes: python webcam.py [SOURCE]"""

import sys

from mien import Recognizer, Video

with Video(sys.argv[1] if len(sys.argv) > 1 else "camera:0") as video, Recognizer(max_faces=4) as recognizer:
    shown: dict[int, str] = {}
    for frame in video:
        for face in recognizer(frame):
            if face.status == "ok" and shown.get(face.id) != face.label:
                shown[face.id] = face.label
                print(f"face {face.id}: {face.label} ({face.score:.0%})", flush=True)
