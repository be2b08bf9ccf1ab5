"""A convolutional network on 48×48 grey pixels, with regularization techniques, each on or off."""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge.head.inputs import INPUTS
from train.baselines import points
from train.baselines.data import SIDE
from train.baselines.method import CLIP, LANDMARKS, PICTURES, TEXTURE, Samples
from train.baselines.neural import Array, Network
from train.dataset.inputs import Standardization, standardization
from train.network.texture_augmentation import augmented

if TYPE_CHECKING:
    import keras


_TEXTURE = INPUTS[TEXTURE]
_NEEDS = {
    "picture": frozenset({PICTURES}),
    "texture": frozenset({LANDMARKS, TEXTURE}),
    "drawing": frozenset({LANDMARKS}),
}
"""Setting ``feature`` → see ``Method.needs``."""


class Pixels(Network):
    """Convolutions on the picture as it is, without face detection; on the texture of the face, as the device
    cuts it out; or on a drawing of the 68 points.

    Settings of its own: ``feature`` (``picture``, ``texture``, ``drawing``), ``channels`` of each block,
    ``residual``, ``batch_normalization``, ``dropout``, ``l1``, ``l2``, ``augmentation``.
    """

    _standardize: Standardization

    @property
    def needs(self) -> frozenset[str]:
        """See ``Method``."""
        return _NEEDS[self.settings["feature"]]

    @property
    def exports(self) -> bool:
        """See ``Method``."""
        return bool(self.settings["feature"] == "texture")

    def prepare(self, training: Samples) -> None:
        """Limits of the texture."""
        if self.exports:
            assert training.texture is not None
            self._standardize = standardization({_TEXTURE.name: training.texture}, CLIP)

    def deployed(self, training: Samples) -> "tuple[Standardization, keras.Model]":
        """See ``Exported``."""
        assert self.model is not None
        return self._standardize, self.model

    def inputs(self, samples: Samples) -> Array:
        """Pictures with mean 0 and standard deviation 1 each, float32 (N, 48, 48, 1)."""
        if self.settings["feature"] == "texture":
            assert samples.texture is not None
            return self._standardize({_TEXTURE.name: samples.texture})[_TEXTURE.name]
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

        values = entry = layers.Input(shape, name=_TEXTURE.name if self.exports else None)
        for channels in self.settings["channels"]:
            start = values
            values = layers.ReLU()(self._convolution(values, channels))
            values = self._convolution(values, channels)
            if self.settings["residual"]:
                values = layers.Add()([values, self._convolution(start, channels, size=1)])
            values = layers.MaxPooling2D()(layers.ReLU()(values))
            values = layers.Dropout(self.settings["dropout"] / 2)(values)
        hidden = self._layer(layers.Dense, 128)(layers.Flatten()(values))
        values = layers.Dropout(self.settings["dropout"])(layers.ReLU()(self._normalized(hidden)))
        return keras.Model([entry], layers.Dense(self.classes)(values))

    def _convolution(self, values: "keras.KerasTensor", channels: int, size: int = 3) -> "keras.KerasTensor":
        from keras import layers

        convolution = self._layer(
            layers.Conv2D, channels, kernel_size=size, padding="same", kernel_initializer="he_normal"
        )
        return self._normalized(convolution(values))

    def _layer(self, kind: "type[keras.Layer]", units: int, **arguments: Any) -> "keras.Layer":
        """A layer with weights; a normalization behind it has a bias of its own."""
        has_bias = not self.settings["batch_normalization"]
        return kind(units, use_bias=has_bias, kernel_regularizer=self._penalty(), **arguments)

    def _normalized(self, values: "keras.KerasTensor") -> "keras.KerasTensor":
        from keras import layers

        return layers.BatchNormalization()(values) if self.settings["batch_normalization"] else values

    def _penalty(self) -> Any:
        import keras

        return keras.regularizers.L1L2(self.settings["l1"], self.settings["l2"])


def drawings(landmarks: points.Points) -> Array:
    """The 68 points of each face, aligned by the eyes, drawn as white dots on black: float32 (N, 48, 48)."""
    aligned = points.represented(landmarks, 68, aligned=True)
    places = aligned * (SIDE / 2.5) + np.array([SIDE / 2, 0.35 * SIDE])
    # OpenCV draws smooth edges in pictures of uint8 only.
    result = np.zeros((len(aligned), SIDE, SIDE), np.uint8)
    for drawing, face in zip(result, (places * 16).astype(int), strict=True):  # in sixteenths of a pixel
        for x, y in face.tolist():
            cv2.circle(drawing, (x, y), 12, (255,), -1, cv2.LINE_AA, 4)
    return result.astype(np.float32) / 255
