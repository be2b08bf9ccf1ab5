"""A row for each face of each picture in a folder: python folder_to_csv.py FOLDER OUT.csv"""

import csv
import sys

from mien import Recognizer, Video

folder, out = sys.argv[1:]
with (
    Recognizer(max_faces=16) as recognizer,
    # file names need not be UTF-8: their bytes stay as they are
    open(out, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,  # noqa: PTH123
):
    table = csv.writer(file)
    table.writerow(["picture", "x", "y", "width", "height", "label", "status", *recognizer.labels])
    for frame in Video(folder):
        for face in recognizer(frame):
            box = [round(value) for value in face.box]
            probabilities = [round(p, 4) for p in face.probabilities.values()]
            table.writerow([frame.origin, *box, face.label, face.status, *probabilities])
