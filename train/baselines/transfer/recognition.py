"""The face recognition network of face-api.js in Keras: dlib's residual network of 29 convolutions."""

from pathlib import Path
from typing import TYPE_CHECKING

from train.teacher.faceapi_weights import MEAN_RGB, read_weights

if TYPE_CHECKING:
    import keras

FILES = {
    "face_recognition_model-weights_manifest.json": (
        "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b"
    ),
    "face_recognition_model.bin": "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
}
"""Name of each file → its SHA-256."""

SIDE = 150
"""Side of the picture of a face that the network takes, px."""

_BLOCKS = {32: ("1", "2", "3"), 64: ("down", "1", "2", "3"), 128: ("down", "1", "2")}
_BLOCKS[256] = ("down", "1", "2", "down_out")
"""Channels → blocks in their order; those with ``down`` halve the side."""


def recognition_network(folder: Path) -> "keras.Model":
    """The network: pixels float32 (N, 150, 150, 3), RGB, 0–255 → descriptors (N, 128).

    Args:
        folder: see ``read_weights``.

    Raises:
        DataError: a file is missing or not the known one.
    """
    weights = read_weights(folder, FILES)
    model = _network()
    for layer in model.layers:
        name = layer.name.replace(".", "/")  # Keras takes no slashes in names
        if f"{name}/conv/filters" in weights:  # the scale behind each convolution becomes a part of it
            kernel, bias, scale, shift = (
                weights[f"{name}/{part}"]
                for part in ("conv/filters", "conv/bias", "scale/weights", "scale/biases")
            )
            layer.set_weights([kernel * scale, bias * scale + shift])
    model.get_layer("fc").set_weights([weights["fc"]])
    return model


def _network() -> "keras.Model":
    import keras
    from keras import layers

    pixels = layers.Input((SIDE, SIDE, 3))
    values = layers.Rescaling(1 / 255, [-mean / 255 for mean in MEAN_RGB])(pixels)
    values = layers.Conv2D(32, 7, strides=2, activation="relu", name="conv32_down")(values)
    values = layers.MaxPooling2D(3, strides=2)(values)
    for channels, blocks in _BLOCKS.items():
        for block in blocks:
            values = _residual(values, channels, f"conv{channels}_{block}")
    values = layers.GlobalAveragePooling2D()(values)
    return keras.Model(pixels, layers.Dense(128, use_bias=False, name="fc")(values))


def _residual(values: "keras.KerasTensor", channels: int, name: str) -> "keras.KerasTensor":
    """Two convolutions whose output is added to the input; what is smaller is padded with zeros."""
    from keras import layers, ops

    down = "down" in name
    strides, padding = (2, "valid") if down else (1, "same")
    out = layers.Conv2D(
        channels, 3, strides=strides, padding=padding, activation="relu", name=f"{name}.conv1"
    )(values)
    out = layers.Conv2D(channels, 3, padding="same", name=f"{name}.conv2")(out)
    if down:
        values = layers.AveragePooling2D(2)(values)
        missing = values.shape[1] - out.shape[1]
        out = layers.ZeroPadding2D(((0, missing), (0, missing)))(out) if missing else out
        further = channels - values.shape[3]
        values = ops.pad(values, ((0, 0), (0, 0), (0, 0), (0, further))) if further else values
    return layers.ReLU()(layers.Add()([values, out]))
