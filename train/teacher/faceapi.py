"""The expression network of face-api.js in Keras: a teacher that has learned from other pictures.

The package ``@vladmandic/face-api`` 1.7.15 (MIT licence) holds it in ``model``: a manifest, and weights of 8
bits each. It stays where the user has put it; what leaves the desktop has only learned from its answers.
"""

from itertools import repeat
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.files import require_new_folder
from edge.core.quantize import softmax
from evaluation import prepare
from evaluation.label_sets import EMOTIONS, LabelSet, shares
from train.dataset.labelled_faces import open_labelled_faces
from train.settings import TrainingSettings
from train.teacher.answers import read_pictures, write_answers
from train.teacher.face_square import cut_out
from train.teacher.faceapi_weights import MEAN_RGB, read_weights

MANIFEST = "face_expression_model-weights_manifest.json"
FILES = {
    MANIFEST: "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
    "face_expression_model.bin": "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
}
"""Name of each file → its SHA-256."""

SIDE = 112
"""Side of the picture of a face that the network takes, px."""
CHUNK = 1024
"""Number of faces that the network answers at once."""

ORDER = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
"""Emotion of each logit, by the names of ``evaluation.label_sets``."""


def ask(
    pictures: Path,
    landmarks: Path,
    out: Path,
    settings: TrainingSettings,
    network: Path,
    classes: Path | None = None,
) -> None:
    """Write the answers of face-api's expression network to all training and validation faces.

    Arguments are those of ``teach``, and ``network``, the folder of the package. Of the settings, labels,
    truth and validation must be the student's.

    Raises:
        DataError: the data is not the data that was extracted, the package is not the known one, or
            ``out`` is there already or cannot be written.
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    require_new_folder(out)
    model = read_network(network)
    data = open_labelled_faces(landmarks, settings, maps=False)
    if not len(data.validation):
        raise DataError(f"{landmarks} has no faces to validate: use more data, or extract again")
    of_rows = read_pictures(pictures, classes, data.folder)
    preparation = data.folder.preparation
    given = []
    for chunk in np.array_split(data.known, range(CHUNK, len(data.known), CHUNK)):
        prepared = (prepare(of_rows[row], preparation.scale, preparation.padding) for row in chunk)
        faces = [*map(cut_out, prepared, data.faces.landmarks[chunk], repeat(SIDE))]
        given.append(answers(model, np.stack(faces), data.labels))
    info = {"kind": "face-api", "files": FILES}
    accuracy = write_answers(out, data, settings, np.concatenate(given), info)
    print(f"validation accuracy {accuracy:.2%} → {out}")


def read_network(folder: Path) -> keras.Model:
    """The network with its weights: pixels float32 (N, 112, 112, 3), RGB, 0–255 → logits (N, 7) in ``ORDER``.

    Args:
        folder: the package, or its folder ``model``.

    Raises:
        DataError: a file is missing or not the known one.
    """
    weights = read_weights(folder, FILES)
    model = _network()
    model.set_weights([weights[name] for name in _names()])
    return model


_CHANNELS = (32, 64, 128, 256)
"""Channels of the network's four blocks, each of which halves the side."""


def _network() -> keras.Model:
    """The network: blocks of four convolutions whose outputs are added up; all convolutions but the first are
    depthwise-separable."""
    pixels = layers.Input((SIDE, SIDE, 3))
    values = layers.Rescaling(1 / 256, [-mean / 256 for mean in MEAN_RGB])(pixels)
    for number, channels in enumerate(_CHANNELS):
        kind = layers.SeparableConv2D if number else layers.Conv2D
        total = layers.ReLU()(kind(channels, 3, strides=2, padding="same")(values))
        values = total
        for _ in range(3):
            further = layers.SeparableConv2D(channels, 3, padding="same")(values)
            total = layers.Add()([total, further])
            values = layers.ReLU()(total)
    values = layers.GlobalAveragePooling2D()(values)
    return keras.Model(pixels, layers.Dense(len(ORDER))(values))


def _names() -> list[str]:
    """Names of the weights, in the order of the layers."""
    names = []
    for block in range(len(_CHANNELS)):
        for number in range(4):
            separable = ("depthwise_filter", "pointwise_filter")
            parts = ("filters",) if block == number == 0 else separable
            names += [f"dense{block}/conv{number}/{part}" for part in (*parts, "bias")]
    return [*names, "fc/weights", "fc/bias"]


def answers(network: keras.Model, faces: NDArray[np.uint8], labels: LabelSet) -> NDArray[np.float32]:
    """The network's answers to N faces: the mean of each face and its mirror image.

    Args:
        network: network of ``read_network``.
        faces: uint8 (N, 112, 112, 3), from ``cut_out``.
        labels: C classes; emotions without a class are excluded.

    Returns:
        Probabilities float32 (N, C).
    """
    both = (faces, faces[:, :, ::-1])
    logits = sum(network.predict(each.astype(np.float32), batch_size=256, verbose=0) for each in both) / 2
    known = np.zeros((len(faces), len(EMOTIONS)), np.float32)
    known[:, [EMOTIONS.index(name) for name in ORDER]] = softmax(logits)
    return shares(known @ labels.matrix())
