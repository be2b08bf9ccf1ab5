"""A convolutional network on 48×48 grey pixels, with means against overfitting, each on or off."""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from train.baselines import points
from train.baselines.data import SIDE
from train.baselines.method import LANDMARKS, PICTURES, Samples
from train.baselines.neural import Array, Network
from train.network.texture_augmentation import augmented

if TYPE_CHECKING:
    import keras


class Pixels(Network):
    """Convolutions on the picture as it is, without face detection, or on a drawing of the 68 points.

    Settings of its own: ``feature`` (``picture``, ``drawing``), ``channels`` of each block, ``residual``,
    ``batch_normalization``, ``dropout``, ``l1``, ``l2``, ``augmentation``.
    """

    @property
    def needs(self) -> frozenset[str]:
        """See ``Method``."""
        return frozenset({PICTURES if self.settings["feature"] == "picture" else LANDMARKS})

    def inputs(self, samples: Samples) -> Array:
        """Pictures with mean 0 and standard deviation 1 each, float32 (N, 48, 48, 1)."""
        if self.settings["feature"] == "picture":
            assert samples.pictures is not None
            grey = samples.pictures.astype(np.float32)
        else:
            assert samples.landmarks is not None
            grey = drawings(samples.landmarks)
        mean, std = grey.mean(axis=(1, 2), keepdims=True), grey.std(axis=(1, 2), keepdims=True)
        return ((grey - mean) / (std + np.float32(1e-3)))[..., None]

    def augmented(self, x: Array, rng: np.random.Generator) -> Array:
        """A batch as it is or augmented as the textures of the shipped networks are."""
        return augmented(x, rng) if self.settings["augmentation"] else x

    def build(self, shape: tuple[int, ...]) -> "keras.Model":
        """Blocks of two convolutions, each at half of the side of the one before, and a hidden layer."""
        import keras
        from keras import layers

        values = entry = layers.Input(shape)
        for channels in self.settings["channels"]:
            start = values
            values = layers.ReLU()(self._convolution(values, channels))
            values = self._convolution(values, channels)
            if self.settings["residual"]:
                values = layers.Add()([values, self._convolution(start, channels, size=1)])
            values = layers.MaxPooling2D()(layers.ReLU()(values))
            values = layers.Dropout(self.settings["dropout"] / 2)(values)
        values = layers.Dense(128, activation="relu", kernel_regularizer=self._penalty())(
            layers.Flatten()(values)
        )
        values = layers.Dropout(self.settings["dropout"])(values)
        return keras.Model(entry, layers.Dense(self.classes)(values))

    def _convolution(self, values: "keras.KerasTensor", channels: int, size: int = 3) -> "keras.KerasTensor":
        from keras import layers

        values = layers.Conv2D(
            channels,
            size,
            padding="same",
            kernel_initializer="he_normal",
            kernel_regularizer=self._penalty(),
        )(values)
        return layers.BatchNormalization()(values) if self.settings["batch_normalization"] else values

    def _penalty(self) -> Any:
        import keras

        return keras.regularizers.L1L2(self.settings["l1"], self.settings["l2"])


def drawings(landmarks: points.Points) -> Array:
    """The 68 points of each face, aligned by the eyes, drawn as white dots on black: float32 (N, 48, 48)."""
    aligned = points.represented(landmarks, 68, aligned=True)
    places = aligned * (SIDE / 2.5) + np.array([SIDE / 2, 0.35 * SIDE])
    result = np.zeros((len(aligned), SIDE, SIDE), np.float32)
    for drawing, face in zip(result, (places * 16).astype(int), strict=True):  # in sixteenths of a pixel
        for x, y in face.tolist():
            cv2.circle(drawing, (x, y), 12, (1.0,), -1, cv2.LINE_AA, 4)
    return result
