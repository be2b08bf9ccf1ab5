"""Write ``toy.tflite``, a network for the tests of what binds inputs: run by hand, needs TensorFlow.

Three inputs: ``first`` and ``second``, float32 (4,), and ``picture``, uint8 (2, 3, 1). Three logits: the sum
of ``first``, the sum of ``second``, and the last pixel of ``picture`` / 64.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from convert.quantized import to_int8


def main() -> None:
    """Overwrite the file beside this one."""
    numbers = [layers.Input((4,), name=name) for name in ("first", "second")]
    picture = layers.Input((2, 3, 1), name="picture", dtype="uint8")
    pixels = layers.Flatten()(layers.Rescaling(1 / 64)(picture))
    logits = layers.Dense(3, use_bias=False)
    model = keras.Model([*numbers, picture], logits(layers.Concatenate()([*numbers, pixels])))
    kernel = np.zeros((14, 3), np.float32)
    kernel[:4, 0], kernel[4:8, 1], kernel[13, 2] = 1, 1, 1
    logits.set_weights([kernel])
    rng = np.random.default_rng(0)
    rows = {name: rng.uniform(-1, 1, (200, 4)).astype(np.float32) for name in ("first", "second")}
    rows["picture"] = rng.integers(0, 256, (200, 2, 3, 1), np.uint8)
    Path(__file__).with_name("toy.tflite").write_bytes(to_int8(model, rows))


if __name__ == "__main__":
    main()
