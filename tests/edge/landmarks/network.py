"""The landmark network by itself."""

import numpy as np

from edge.core.runtime import make_interpreter


def outputs(model: bytes, picture: np.ndarray) -> list[np.ndarray]:
    """What a TFLite model with one input gives for it, in the order of its outputs."""
    interpreter = make_interpreter(model, 1, "the landmark model")
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    return [interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()]
