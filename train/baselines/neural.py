"""Networks of Keras as baselines: training, TFLite, and answers on the runtime of the device.

TensorFlow is loaded when a network is trained, so that the other methods run without it.
"""

import contextlib
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import quiet_import
from edge.core.quantize import softmax
from edge.core.runtime import make_interpreter
from edge.core.stderr import muted_stderr
from train.baselines.estimators import SEED
from train.baselines.method import Samples

if TYPE_CHECKING:
    import keras

_ACCURACY_ROWS = 2000
"""Largest number of training rows on which the accuracy is computed once more at the end."""

Array = NDArray[np.float32]


class Network(ABC):
    """A network (N, …) → logits (N, C). A method adds ``inputs`` and ``build``, and maybe ``augmented``."""

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """
        Args:
            settings: ``epochs``, ``batch``, ``learning_rate``; ``patience``: epochs without a lower
                validation loss after which the training stops, and the best epoch is kept (0: all epochs,
                and the last is kept); those of the method.
            classes: number of classes C.
        """
        self.settings = settings
        self.classes = classes
        self.model: keras.Model | None = None
        self._on_device: TfliteNetwork | None = None

    def fit(self, training: Samples, validation: Samples) -> dict[str, Any]:
        """See ``Method``; the details have the accuracy on training and validation rows."""
        with quiet_import():
            import keras
            import tensorflow as tf

        keras.utils.set_random_seed(SEED)
        tf.config.experimental.enable_op_determinism()
        self.prepare(training)
        x, x_validation = self.inputs(training), self.inputs(validation)
        self.model = model = self.build(x.shape[1:])
        settings = self.settings
        batches = self._batches(x, training.number)
        rate = keras.optimizers.schedules.CosineDecay(
            settings["learning_rate"], settings["epochs"] * len(batches), alpha=0.02
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        patience = settings["patience"]
        stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        history = model.fit(
            batches,
            validation_data=(x_validation, validation.number),
            epochs=settings["epochs"],
            callbacks=[stop] if patience else [],
            verbose=0,
        )
        some = slice(0, _ACCURACY_ROWS)
        details = {
            "parameters": model.count_params(),
            "epochs": len(history.history["loss"]),
            "training_accuracy": self._accuracy(x[some], training.number[some]),
            "validation_accuracy": self._accuracy(x_validation, validation.number),
        }
        self._on_device = TfliteNetwork(model)
        return details

    def predict_proba(self, samples: Samples) -> Array:
        """See ``Method``; row by row on the TFLite runtime, as a device would."""
        assert self._on_device is not None
        return softmax(self._on_device(self.inputs(samples)))

    def size(self) -> int:
        """Size of the float32 TFLite network, bytes."""
        assert self._on_device is not None
        return self._on_device.size()

    @property
    def exports(self) -> bool:
        """See ``Method``."""
        return False

    def prepare(self, training: Samples) -> None:
        """Compute what ``inputs`` and ``build`` need of the training samples."""
        return  # most networks need nothing

    @abstractmethod
    def inputs(self, samples: Samples) -> Array:
        """What the network takes, float32 (N, …)."""

    @abstractmethod
    def build(self, shape: tuple[int, ...]) -> "keras.Model":
        """The untrained network for inputs (N, *shape)."""

    def augmented(self, x: Array, rng: np.random.Generator) -> Array:
        """A batch as a step of the training sees it."""
        return x

    def _batches(self, x: Array, number: NDArray[np.int64]) -> Any:
        import keras

        augmented, size = self.augmented, self.settings["batch"]

        class Batches(keras.utils.PyDataset):
            """The batches of each epoch, in another order each time."""

            def __init__(self) -> None:
                super().__init__()
                self.on_epoch_begin()

            rng = np.random.default_rng(SEED)

            def on_epoch_begin(self) -> None:
                self._order = self.rng.permutation(len(x))

            def __len__(self) -> int:
                return max(1, len(x) // size)

            def __getitem__(self, index: int) -> tuple[Array, NDArray[np.int64]]:
                pick = self._order[index * size : (index + 1) * size]
                return augmented(x[pick], self.rng), number[pick]

        return Batches()

    def _accuracy(self, x: Array, number: NDArray[np.int64]) -> float:
        assert self.model is not None
        answers = self.model.predict(x, batch_size=256, verbose=0).argmax(axis=1)
        return float((answers == number).mean())


class TfliteNetwork:
    """A network in float32 on the TFLite runtime, one row at a time, as a device would run it."""

    def __init__(self, model: "keras.Model") -> None:
        """
        Args:
            model: (N, …) → (N, F).
        """
        self._flatbuffer = _to_tflite(model)
        self._interpreter = make_interpreter(self._flatbuffer, 1, "the network")
        self._entry = self._interpreter.get_input_details()[0]["index"]
        self._exit = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, x: Array) -> Array:
        """The answers float32 (N, F) to N rows float32 (N, …)."""
        return np.concatenate([self._answer(row[None]) for row in x])

    def size(self) -> int:
        """Size of the flatbuffer, bytes."""
        return len(self._flatbuffer)

    def _answer(self, row: Array) -> Array:
        self._interpreter.set_tensor(self._entry, row)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._exit), np.float32)


def _to_tflite(model: "keras.Model") -> bytes:
    """The float32 flatbuffer for one row at a time."""
    import keras
    import tensorflow as tf

    entry = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    # The converter chats on both streams; its errors are exceptions.
    with muted_stderr(), contextlib.redirect_stdout(io.StringIO()):
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, model(entry)))
        return bytes(converter.convert())
