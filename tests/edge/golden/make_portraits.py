"""Make ``portraits.npz``: the official FaceMesh's landmarks of the two portraits of the demo.

Run in the environment of requirements-mediapipe.txt (mediapipe 0.10.18), after ``python -m edge setup``:

    python tests/edge/golden/make_portraits.py

Each array is float32 (468, 3), normalized by width, height, width, as MediaPipe gives it.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from mediapipe import solutions

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from edge.landmarks import assets  # noqa: E402

if __name__ == "__main__":
    golden = {}
    with solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1) as mesh:
        for asset in assets.PORTRAITS:
            assets.load(asset)
            rgb = cv2.cvtColor(cv2.imread(str(assets.find(asset))), cv2.COLOR_BGR2RGB)
            (face,) = mesh.process(rgb).multi_face_landmarks
            points = np.array([(p.x, p.y, p.z) for p in face.landmark], np.float32)
            golden[asset.name.split(".")[0]] = points
    np.savez_compressed(Path(__file__).with_name("portraits.npz"), **golden)
