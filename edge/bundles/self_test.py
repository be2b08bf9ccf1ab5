"""Whether a bundle fits this device: its face models, and what its network computes here."""

import os
import resource
import signal
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundles import golden
from edge.bundles.format import Bundle, read_bundle
from edge.cli import console
from edge.core.errors import BundleError, first_line
from edge.head.classifier import WHAT_TO_DO, TfliteClassifier
from edge.landmarks.models import model_hashes

LIMIT_S = 60
"""For the test in a process of its own. A Pi Zero 2 starts Python and NumPy in seconds."""


def codes(classifier: TfliteClassifier, bundle: Bundle) -> NDArray[np.int8]:
    """int8 (16, C): what the network answers to the made-up faces of ``edge.bundles.golden``."""
    return np.array([classifier.codes(face) for face in golden.faces(classifier.inputs, bundle.inputs)])


def check(classifier: TfliteClassifier, bundle: Bundle) -> None:
    """Compare face models, and the network's answers with those in the bundle.

    Raises:
        BundleError: it was trained on other face models, its network cannot be run, or an answer is off by
            more than ``golden.TOLERANCE``.
    """
    if bundle.landmark_models != model_hashes():
        raise BundleError(
            f"bundle {bundle.path} was trained on other face models than this program runs: "
            "train it again, or install a matching version"
        )
    try:
        given = codes(classifier, bundle).astype(np.int16)
    except RuntimeError as error:
        raise BundleError(
            f"bundle {bundle.path}: its network fails on this device: {first_line(error)}: {WHAT_TO_DO}"
        ) from None
    apart = np.abs(given - bundle.golden)
    if apart.max() <= golden.TOLERANCE:
        return
    face, place = np.unravel_index(apart.argmax(), apart.shape)
    raise BundleError(
        f"bundle {bundle.path}: its network does not compute on this device what it was converted to: "
        f"made-up face {face}, {bundle.labels[place]}: expected code {bundle.golden[face, place]} "
        f"± {golden.TOLERANCE}, got {given[face, place]}: {WHAT_TO_DO}"
    )


def check_apart(folder: Path) -> None:
    """The same in a process of its own: a model that this program does not know may crash the runtime.

    Raises:
        BundleError: it did, or found no end, or the test failed.
    """
    import subprocess  # half a megabyte that the loop never needs

    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", "-m", "edge.bundles.self_test", str(folder)]
    try:
        result = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BundleError(f"bundle {folder}: its network gave no answer within {LIMIT_S} s") from None
    if result.returncode < 0:
        name = signal.Signals(-result.returncode).name
        raise BundleError(f"bundle {folder}: its network crashes the TFLite runtime ({name})")
    if result.returncode:
        lines = result.stderr.decode(errors="replace").splitlines() or ["no reason given"]
        raise BundleError(lines[-1].removeprefix("error: "))


def main() -> int:
    """``python -m edge.bundles.self_test FOLDER``, for ``check_apart``."""
    # Whatever becomes of the process that waits for this one.
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    bundle = read_bundle(Path(sys.argv[1]))
    check(TfliteClassifier(bundle), bundle)
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
