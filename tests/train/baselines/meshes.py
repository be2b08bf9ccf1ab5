"""Synthetic meshes whose class shows."""

import numpy as np


def make_meshes(rng, number, spread):
    """Meshes float32 (N, 468, 3), px, with the outer eye corners at fixed places.

    Args:
        rng: generator.
        number: int (N,), classes 0…2.
        spread: standard deviation of the difference between the classes, px; that within a class is 1.
    """
    common, of_class = rng.normal(100, 20, (1, 468, 3)), rng.normal(0, spread, (3, 468, 3))
    mesh = common + of_class[number] + rng.normal(0, 1, (len(number), 468, 3))
    mesh[:, 33, :2], mesh[:, 263, :2] = (40, 60), (80, 60)
    return mesh.astype(np.float32)
