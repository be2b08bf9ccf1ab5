"""Networks of ``keras.applications``, and where their weights, learned on ImageNet, are found."""

import contextlib
import functools
import io
import socket
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from edge.core.errors import DataError

if TYPE_CHECKING:
    import keras

APPLICATIONS = {
    "mobilenet": ("MobileNetV3Small", "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"),
    "resnet50": ("ResNet50", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "resnet101": ("ResNet101", "resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5"),
}
"""Name of a network → its name in ``keras.applications``, and the file of its weights."""

MEAN_RGB = (123.68, 116.779, 103.939)
"""Mean colour of ImageNet, RGB, which the residual networks subtract."""

TIMEOUT = 10.0
"""Time after which a download without progress is given up, s."""


def imagenet_network(name: str, side: int, folder: Path | None) -> "keras.Model":
    """A network without its classifier: pixels float32 (N, side, side, 3), grey, 0–255 → maps (N, h, w, F).

    Args:
        name: key of ``APPLICATIONS``.
        side: px, at least 32.
        folder: has the file of the weights; None or without it: Keras' own cache or download.

    Raises:
        DataError: no weights are to be had, or the file is another one.
    """
    application, file = APPLICATIONS[name]
    path = folder / file if folder else None
    if path is None or not path.is_file():
        if reason := _not_downloaded(name):
            raise DataError(
                f"no weights of {application}: name a folder with {file} by --weights, since Keras cannot "
                f"download them ({reason})"
            )
        path = None
    try:
        return application_network(name, side, str(path) if path else "imagenet")
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path or file} has no weights of {application} without its classifier: {_line(error)}"
        ) from None


def application_network(name: str, side: int, weights: str | None) -> "keras.Model":
    """See ``imagenet_network``; ``weights`` is what ``keras.applications`` takes: None for random ones."""
    import keras
    from keras import layers

    application, _ = APPLICATIONS[name]
    pixels = values = layers.Input((side, side, 3))
    if name != "mobilenet":  # which scales the pixels itself
        # Keras' weights take BGR; the order of three equal channels does not matter, that of the means does.
        values = layers.Rescaling(1.0, [-mean for mean in reversed(MEAN_RGB)])(pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # MobileNetV3 has weights for one side
        build = getattr(keras.applications, application)
        network: keras.Model = build(include_top=False, weights=weights, input_tensor=values)
    return network


def freeze(network: "keras.Model", unfrozen: int) -> None:
    """Let only the last stages learn; a stage has the layers between two halvings of the side.

    Args:
        network: network of ``application_network``.
        unfrozen: number of stages that learn; −1: all.
    """
    side, stage = network.input_shape[1], 0
    stages = []
    for layer in network.layers:
        shape = layer.output.shape
        if len(shape) == 4 and 1 < shape[1] < side:  # side 1: a mean over the picture inside a block
            side, stage = shape[1], stage + 1
        stages.append(stage)
    for layer, own in zip(network.layers, stages, strict=True):
        layer.trainable = unfrozen < 0 or own > stage - unfrozen


@functools.cache
def _not_downloaded(name: str) -> str:
    """Why Keras has no weights; empty if it has. Keras removes what it has downloaded in part."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            application_network(name, 32, "imagenet")
    except Exception as error:  # Keras raises a bare Exception
        return _line(error).rpartition(" -- ")[2]  # behind the address, which the name of the file tells
    finally:
        socket.setdefaulttimeout(before)
    return ""


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
