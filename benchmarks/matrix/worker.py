"""The process that ``mien benchmark matrix`` runs in each environment; it answers JSON lines.

It takes lines from stdin and answers each on stdout:

- ``{"describe": SETTINGS}`` → the environment block of a result.
- ``{"open": CONFIGURATION}`` → ``{"place": N}``: it is built, with position N in the list of all opened.
- ``{"block": PLACE, "frames": N, "skip": M}`` → ``{"ns": [...]}``: N measurements, after M that do not count.

Failures are answered with ``{"error": REASON}``.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.demo import unpaced_demo
from benchmarks.latency.meter import Measure, timed
from benchmarks.machine.environment import delegate, describe
from benchmarks.machine.proc import text
from benchmarks.workers.child import attempt, say, take_stdout
from edge.build import build_pipeline, models_directory
from edge.core.errors import BackendError
from edge.core.runtime import make_interpreter, runtime_name
from edge.landmarks.landmark_model import SIDE
from edge.landmarks.models import find_models
from edge.settings import Settings, load_settings

_FORCE_FP16 = 4
"""``TFLITE_XNNPACK_DELEGATE_FLAG_FORCE_FP16`` of XNNPACK's delegate."""
_FP16_ARITHMETIC = {"asimdhp", "avx512_fp16"}
"""CPU flags for arithmetic with 16 bits; CPUs without one would convert to 32 bits and back."""


def main() -> None:
    """Serve until stdin ends."""
    answers = take_stdout()
    opened: list[tuple[Measure, int]] = []
    for line in sys.stdin:
        say(answers, attempt(partial(_serve, json.loads(line), opened)))


def _serve(message: dict[str, Any], opened: list[tuple[Measure, int]]) -> dict[str, Any]:
    if "describe" in message:
        landmarks = load_settings(None, message["describe"]).landmarks
        facts = describe(landmarks, os.getloadavg()[0]) | {"delegate": delegate(landmarks)}
        del facts["threads"]  # each configuration has its own
        return facts
    if "open" in message:
        configuration = message["open"]
        settings = load_settings(None, configuration["settings"])
        measure = _BUILDERS[configuration["kind"]](settings, configuration)
        measure()  # what only the first frame shows: a graph that does not start
        opened.append((measure, settings.landmarks.threads))
        return {"place": len(opened) - 1}
    measure, threads = opened[message["block"]]
    cv2.setNumThreads(threads)  # one number for the whole process
    for _ in range(message["skip"]):
        measure()
    return {"ns": [measure() for _ in range(message["frames"])]}


def frame(settings: Settings, _: dict[str, Any]) -> Measure:
    """Times the app's pipeline on frames of the demo, which are the same for every configuration.

    Raises:
        MienError: a model or a bundle is missing, or they do not go together.
    """
    pipeline = build_pipeline(settings)
    frames = iter(unpaced_demo(settings.landmarks))

    def measure() -> int:
        return timed(partial(pipeline.process, next(frames)))()

    return measure


def invoke(settings: Settings, configuration: dict[str, Any]) -> Measure:
    """Times the bare landmark model on noise.

    Raises:
        MienError: the runtime, or 16-bit arithmetic where it is asked for, is missing.
    """
    model = find_models(models_directory(settings.landmarks)).landmarker
    noise = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    if configuration["precision"] == "float16":
        require_fp16()
        return timed(compiled(model, settings.landmarks.threads, _FORCE_FP16, noise))
    interpreter = make_interpreter(model, settings.landmarks.threads, "the face landmark model")
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], noise)
    return timed(interpreter.invoke)


def head(settings: Settings, configuration: dict[str, Any]) -> Measure:
    """Times the bare network of a bundle on noise of mean 0 and variance 1.

    The landmark model runs before each measurement, so that the caches are as in a frame.

    Raises:
        MienError: the runtime is missing or refuses the file.
        OSError: the file cannot be read.
    """
    landmarker = find_models(models_directory(settings.landmarks)).landmarker
    before = make_interpreter(landmarker, 1, "the face landmark model")
    path = Path(configuration["file"])
    network = make_interpreter(path.read_bytes(), 1, str(path))
    rng = np.random.default_rng(0)
    for tensor in network.get_input_details():
        noise = rng.standard_normal(tensor["shape"], np.float32)
        network.set_tensor(tensor["index"], noise.astype(tensor["dtype"], copy=False))
    invoke_ns = timed(network.invoke)

    def measure() -> int:
        before.invoke()
        return invoke_ns()

    return measure


_BUILDERS = {"frame": frame, "invoke": invoke, "head": head}


def compiled(model: bytes, threads: int, flags: int, values: np.ndarray) -> Callable[[], Any]:
    """A function that runs a model with one input on LiteRT's CompiledModel, which passes flags to XNNPACK.

    Returns:
        The function; it gives the output buffers of the model.

    Raises:
        BackendError: the runtime has no CompiledModel.
    """
    if runtime_name() != "ai_edge_litert":
        raise BackendError("16-bit arithmetic needs LiteRT's CompiledModel: install ai-edge-litert")
    from ai_edge_litert.compiled_model import CompiledModel, CpuOptions, Options

    options = Options(cpu_options=CpuOptions(num_threads=threads, xnnpack_flags=flags))
    network = CompiledModel.from_buffer(model, options=options)
    inputs, outputs = network.create_input_buffers(0), network.create_output_buffers(0)
    inputs[0].write(values)

    def run() -> Any:
        network.run_by_index(0, inputs, outputs)
        return outputs

    return run


def require_fp16() -> None:
    """See that the CPU computes with 16-bit floating-point numbers.

    Raises:
        BackendError: it does not.
    """
    if not _FP16_ARITHMETIC & set((text(Path("/proc/cpuinfo")) or "").split()):
        wanted = " or ".join(sorted(_FP16_ARITHMETIC))
        raise BackendError(f"this CPU has no 16-bit floating-point arithmetic (expected {wanted})")


if __name__ == "__main__":
    main()
