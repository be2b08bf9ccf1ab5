"""Versions of the software that results depend on, for the files that record where results come from."""

import platform

import cv2
import numpy as np

import edge
from edge.core.runtime import package_version, runtime_name


def extraction_versions() -> dict[str, str | None]:
    """Versions that landmarks depend on."""
    runtime = runtime_name()
    return _common() | {
        "opencv": cv2.__version__,
        "runtime": f"{runtime} {package_version(runtime.replace('_', '-'))}",
    }


def training_versions() -> dict[str, str | None]:
    """Versions that trained weights depend on, and the processor architecture. Loads no TensorFlow."""
    return _common() | {
        "tensorflow": package_version("tensorflow"),
        "keras": package_version("keras"),
        "machine": platform.machine(),
    }


def _common() -> dict[str, str | None]:
    return {"mien": edge.__version__, "python": platform.python_version(), "numpy": np.__version__}
