"""Synthetic sequences of 68 landmarks, written as the files of a user have them."""

import numpy as np

CODES = {"happy": 1, "fear": 2, "surprise": 3, "angry": 4, "disgust": 5, "sad": 6}


def write_sequences(folder, subjects=24, frames=3, seed=0):
    """Write ``folder/emotion.csv`` and ``folder/SXXX/omlands.csv``: six sequences of each subject.

    A face is that of its subject, which differs much from other subjects, plus the movement of the emotion,
    which grows from frame to frame, plus noise.
    """
    rng = np.random.default_rng(seed)
    base = rng.uniform(100, 300, (68, 2))
    base[36], base[45] = (150, 180), (250, 180)
    movements = rng.normal(0, 6, (len(CODES), 68, 2))
    movements[:, [36, 45]] = 0
    lines = ["subject;file;emotion"]
    for subject in range(subjects):
        name = f"S{subject:03d}"
        own = base + rng.normal(0, 25, base.shape)
        own[36], own[45] = base[36], base[45]
        rows = []
        for sequence, (movement, code) in enumerate(zip(movements, CODES.values(), strict=True), 1):
            lines.append(f"{name};{sequence};{code}")
            for frame in range(frames):
                face = own + movement * frame / (frames - 1) + rng.normal(0, 1, own.shape)
                rows.append(";".join([str(sequence), *(f"{value:.2f}" for value in face.ravel())]))
        (folder / name).mkdir(parents=True)
        (folder / name / "omlands.csv").write_text("\n".join(rows) + "\n")
    (folder / "emotion.csv").write_text("\n".join(lines) + "\n")
    return folder
