"""A row for each face of each frame of a video: python video_to_csv.py VIDEO OUT.csv"""

import csv
import sys

from mien import Recognizer, Video

video, out = sys.argv[1:]
with Recognizer(max_faces=4) as recognizer, open(out, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123
    table = csv.writer(file)
    table.writerow(["position_s", "face", "label", "status", "yaw", "pitch", "roll", *recognizer.labels])
    for frame in Video(video):
        result = recognizer(frame)
        position_s = result.to_dict()["position_s"]
        for face in result:
            pose = [round(angle, 1) for angle in face.pose]
            probabilities = [round(p, 4) for p in face.probabilities.values()]
            table.writerow([position_s, face.id, face.label, face.status, *pose, *probabilities])
