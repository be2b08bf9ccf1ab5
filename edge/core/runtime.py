"""The one place that builds TFLite interpreters."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from edge.core.errors import BackendError, RefusedError, first_line

_RUNTIMES = ("ai_edge_litert", "tflite_runtime")


def runtime_name() -> str:
    """Name of the TFLite runtime that is installed: ``"ai_edge_litert"``, else ``"tflite_runtime"``.

    Raises:
        BackendError: neither is installed.
    """
    for name in _RUNTIMES:
        if find_spec(name) is not None:
            return name
    raise BackendError(
        "no TFLite runtime found: expected ai-edge-litert or tflite-runtime; "
        "run: pip install -r requirements-edge.txt"
    )


def package_version(package: str) -> str | None:
    """The installed version of a package; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # a megabyte that the loop never needs

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def make_interpreter(model: bytes, threads: int, what: str) -> Any:
    """An ``Interpreter`` with its tensors allocated.

    Args:
        model: TFLite flatbuffer.
        threads: CPU threads of one run of the network.
        what: name of the model for error messages.

    Raises:
        BackendError: no runtime is installed, or it does not load.
        RefusedError: the runtime refuses the model.
    """
    name = runtime_name()
    try:
        interpreter = import_module(f"{name}.interpreter").Interpreter(
            model_content=model, num_threads=threads
        )
        interpreter.allocate_tensors()
    except (ImportError, SystemError) as error:
        # tflite-runtime ends in a SystemError when it meets NumPy 2.
        raise BackendError(
            f"{name} does not load: {error}; run: pip install -r requirements-edge.txt"
        ) from None
    except (ValueError, RuntimeError) as error:
        raise RefusedError(f"{name} refuses {what}: {first_line(error)}") from None
    return interpreter
