"""Fine-tuning of networks that were trained on ImageNet."""

from typing import TYPE_CHECKING

import numpy as np

from train.baselines.method import Samples
from train.baselines.neural import Array, Network
from train.baselines.transfer.frozen import enlarged
from train.baselines.transfer.pictures import grey_pictures, need_of

if TYPE_CHECKING:
    import keras


class FineTuned(Network):
    """A network of ImageNet whose last stages learn, and a new linear classifier behind it.

    Settings of its own: ``network``, ``unfrozen`` (number of stages; −1: all), ``side``, ``dropout``.
    """

    @property
    def needs(self) -> frozenset[str]:
        """See ``Method``."""
        return need_of(self.settings)

    def inputs(self, samples: Samples) -> Array:
        """Grey pictures, float32 (N, S, S, 1), 0–255."""
        return grey_pictures(samples, self.settings)[..., None].astype(np.float32)

    def build(self, shape: tuple[int, ...]) -> "keras.Model":
        """The network of ImageNet; batch normalization keeps the statistics of ImageNet."""
        import keras
        from keras import layers

        from train.baselines.transfer.imagenet import freeze, imagenet_network

        settings = self.settings
        network = imagenet_network(settings["network"], settings["side"], settings["weights"])
        freeze(network, settings["unfrozen"])
        entry, values = enlarged(shape, settings["side"])
        values = layers.GlobalAveragePooling2D()(network(values, training=False))
        values = layers.Dropout(settings["dropout"])(values)
        return keras.Model(entry, layers.Dense(self.classes)(values))
