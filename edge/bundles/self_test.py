"""The test whether a bundle works on this device: its face models, and the answers of its network."""

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
from edge.head.classifier import REMEDY, TfliteClassifier
from edge.landmarks.models import model_hashes

LIMIT_S = 60
"""Time limit of the test in a process of its own, seconds. A Pi Zero 2 starts Python and NumPy in seconds."""


def codes(classifier: TfliteClassifier, bundle: Bundle) -> NDArray[np.int8]:
    """The network's answers to the synthetic faces of ``edge.bundles.golden``: int8 (16, C)."""
    return np.array([classifier.codes(face) for face in golden.faces(classifier.inputs, bundle.inputs)])


def check(classifier: TfliteClassifier, bundle: Bundle) -> None:
    """Compare the bundle's face models with the program's, and the network's answers with the bundle's.

    Raises:
        BundleError: the bundle was trained on other face models, its network cannot be run, or an answer
            differs by more than ``golden.TOLERANCE``.
    """
    if bundle.landmark_models != model_hashes():
        raise BundleError(
            f"bundle {bundle.path} was trained on other face models than this program runs: "
            "train it again, or install a matching version"
        )
    try:
        found = codes(classifier, bundle).astype(np.int16)
    except RuntimeError as error:
        raise BundleError(
            f"bundle {bundle.path}: its network fails on this device: {first_line(error)}: {REMEDY}"
        ) from None
    differences = np.abs(found - bundle.golden)
    if differences.max() <= golden.TOLERANCE:
        return
    face, label = np.unravel_index(differences.argmax(), differences.shape)
    raise BundleError(
        f"bundle {bundle.path}: its network does not compute on this device what it was converted to: "
        f"synthetic face {face}, {bundle.labels[label]}: expected code {bundle.golden[face, label]} "
        f"± {golden.TOLERANCE}, got {found[face, label]}: {REMEDY}"
    )


def check_in_subprocess(folder: Path) -> None:
    """Test a bundle in a process of its own: a model that this program does not know may crash the runtime.

    Raises:
        BundleError: the network crashed, gave no answer within ``LIMIT_S``, or failed the test.
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
        raise BundleError(
            f"bundle {folder}: its network gave no answer within {LIMIT_S} s: {REMEDY}"
        ) from None
    if result.returncode < 0:
        name = signal.Signals(-result.returncode).name
        raise BundleError(f"bundle {folder}: its network crashes the TFLite runtime ({name}): {REMEDY}")
    if result.returncode:
        lines = result.stderr.decode(errors="replace").splitlines() or ["no reason given"]
        raise BundleError(lines[-1].removeprefix("error: "))


def main() -> int:
    """``python -m edge.bundles.self_test FOLDER``, for ``check_in_subprocess``."""
    # In force even if the process that waits for this one ends.
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    bundle = read_bundle(Path(sys.argv[1]))
    check(TfliteClassifier(bundle), bundle)
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
