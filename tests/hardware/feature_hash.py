"""Print the SHA-256 of the feature vectors of fixed landmarks, one line per set; see emulated.sh.

The landmarks are drawn from uniform numbers with multiplications and additions only, so that they
are the same bits everywhere; what may differ is what ``edge.core.features`` does with them.
"""

import hashlib
from pathlib import Path

import numpy as np

from edge.core import features

ROOT = Path(__file__).resolve().parents[2]


def random_faces(count: int) -> np.ndarray:
    """float32 (count, 468, 3), px: scattered points of any size and place in a picture."""
    rng = np.random.default_rng(20130713)
    points = rng.random((count, features.MESH_POINTS, 3)) - 0.5
    size = 20 + 1000 * rng.random((count, 1, 1))
    place = 2000 * rng.random((count, 1, 3))
    return (points * size + place).astype(np.float32)


def digest(faces: np.ndarray) -> str:
    """SHA-256 over the feature bytes of all faces, one after the other."""
    sha = hashlib.sha256()
    for landmarks in faces:
        sha.update(features.extract(landmarks).tobytes())
    return sha.hexdigest()


def main() -> None:
    """One line per set: digest, number of faces, name."""
    faces = random_faces(500)
    print(hashlib.sha256(faces.tobytes()).hexdigest(), len(faces), "random landmarks (input)")
    print(digest(faces), len(faces), "random landmarks (features)")
    for path in sorted((ROOT / "tests" / "edge").rglob("*.npz")):
        with np.load(path) as arrays:
            for name in sorted(arrays.files):
                faces = arrays[name]
                if faces.shape[-2:] in ((468, 3), (478, 3)):
                    faces = faces.reshape(-1, *faces.shape[-2:])
                    print(digest(faces), len(faces), f"{path.relative_to(ROOT)}: {name} (features)")


if __name__ == "__main__":
    main()
