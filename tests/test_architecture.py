"""Who may import whom, read from the source of every module."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mien", "edge", "evaluation", "train", "convert", "benchmarks")

CORE_THIRD_PARTY = {"numpy"}
EDGE_THIRD_PARTY = CORE_THIRD_PARTY | {"cv2", "dacite"}
"""What modules of edge may import when they are loaded."""
RUNTIMES = {"ai_edge_litert", "tflite_runtime"}
EDGE_OPTIONAL = RUNTIMES | {
    "mediapipe",
    "picamera2",
    "libcamera",
    "minisign",
    "paho",
}
"""What edge may import beside that, where the object that needs it is built."""
TENSORFLOW = {"tensorflow", "keras", "tf_keras"}
FORBIDDEN = {
    "mien": {"evaluation", "train", "convert", "benchmarks"} | TENSORFLOW,
    "edge": {"evaluation", "train", "convert", "benchmarks"} | TENSORFLOW,
    "evaluation": {"mien", "train", "convert", "benchmarks"} | TENSORFLOW,
    "train": {"convert", "benchmarks"},
    "convert": {"train", "benchmarks"},
    "benchmarks": {"train", "convert"} | TENSORFLOW,
}
"""Never, at the top or inside a function."""


@dataclass(frozen=True)
class Import:
    """One imported module: dotted name, line, and whether it waits until a function is called."""

    module: str
    line: int
    lazy: bool

    @property
    def package(self) -> str:
        return self.module.split(".")[0]


def imports(source: str, package: str) -> Iterator[Import]:
    """All imports of a module that lies in ``package``: statements, ``import_module``, ``__import__``."""
    yield from _visit(ast.parse(source), package, lazy=False)


def _visit(node: ast.AST, package: str, lazy: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, lazy)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parents = package.split(".")
            base = ".".join(parents[: len(parents) - node.level + 1] + [base] * bool(base))
        for alias in node.names:
            # The name may be a module or something in one: both readings start alike.
            yield Import(f"{base}.{alias.name}", node.lineno, lazy)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
            yield Import(node.args[0].value, node.lineno, lazy)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for child in node.body:
            yield from _visit(child, package, lazy=True)
        for child in node.orelse:
            yield from _visit(child, package, lazy)
        return
    inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _visit(child, package, inside)


def violations(module: str, source: str) -> list[str]:
    """The rules that a module breaks, one line each.

    Args:
        module: its package, as ``edge.core`` for ``edge/core/types.py``.
        source: its text.
    """
    found = []
    for entry in imports(source, module):
        rule = _broken_rule(module, entry)
        if rule:
            found.append(f"{module}, line {entry.line}: imports {entry.module}: {rule}")
    return found


def _broken_rule(module: str, entry: Import) -> str | None:
    top = module.split(".")[0]
    if entry.package in FORBIDDEN[top]:
        return f"{top} never imports {entry.package}"
    if top != "edge" or entry.package in sys.stdlib_module_names:
        return None
    if module == "edge.core" or module.startswith("edge.core."):
        allowed = entry.package in CORE_THIRD_PARTY or f"{entry.module}.".startswith("edge.core.")
        allowed |= entry.lazy and entry.package in RUNTIMES
        return None if allowed else "edge.core is NumPy, the standard library and the TFLite runtime only"
    if entry.package in EDGE_THIRD_PARTY | {"edge"}:
        return None
    if entry.package in EDGE_OPTIONAL:
        return None if entry.lazy else "optional packages are imported where the object is built"
    return "not a package of requirements-edge.txt"


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_there_is_something_to_check():
    names = {path.relative_to(ROOT).as_posix() for path in modules()}
    assert {"edge/core/features.py", "edge/__main__.py", "train/__main__.py", "convert/__main__.py"} <= names


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_import_rules(path):
    package = ".".join(path.relative_to(ROOT).parent.parts)
    assert violations(package, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("edge", "import tensorflow as tf"),
        ("edge.landmarks", "def f():\n    from tensorflow.keras import layers"),
        ("edge", "def f():\n    import train.fit"),
        ("edge", "class C:\n    def f(self):\n        import_module('convert')"),
        ("edge.sources", "def f():\n    return importlib.import_module('benchmarks.latency.latency')"),
        ("edge", "def f():\n    __import__('keras')"),
        ("edge.sinks", "from .. import models, wheels\nfrom train import fit"),
        ("edge.core", "import cv2"),
        ("edge.core", "def f():\n    import dacite"),
        ("edge.core", "from edge import settings"),
        ("edge.core", "from ..sources import open_source"),
        ("edge.core", "import edge.corelike"),
        ("edge.core", "import ai_edge_litert"),
        ("edge", "from evaluation import metrics"),
        ("evaluation", "def f():\n    from benchmarks import latency"),
        ("edge.landmarks", "import mediapipe as mp"),
        ("edge.landmarks", "try:\n    import mediapipe\nexcept ImportError:\n    pass"),
        ("edge.sources", "if True:\n    from picamera2 import Picamera2"),
        ("edge.sinks", "class C:\n    import paho.mqtt.client"),
        ("edge", "def f():\n    import pandas"),
        ("benchmarks", "def f():\n    import tensorflow.lite"),
        ("benchmarks", "import train"),
        ("convert", "def f():\n    from train.network.model import build"),
        ("train", "import convert"),
    ],
)
def test_a_planted_violation_is_found(module, source):
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "edge.core",
            "import math, numpy as np\nfrom . import features\nfrom edge.core.errors import MienError",
        ),
        ("edge.landmarks", "import cv2\nfrom edge.landmarks import assets\nfrom ..core import types"),
        ("edge.landmarks", "def f():\n    import mediapipe as mp"),
        ("edge.sources", "if typing.TYPE_CHECKING:\n    from picamera2 import Picamera2"),
        ("edge", "def f(name):\n    return import_module(f'{name}.interpreter')"),
        ("convert", "import tensorflow as tf\nfrom edge.bundles import format"),
        ("train", "import tensorflow as tf\nfrom edge.landmarks import litert"),
        ("benchmarks", "from edge.pipeline import Pipeline"),
    ],
)
def test_what_is_allowed_passes(module, source):
    assert violations(module, source) == []


def test_loading_all_of_edge_loads_nothing_heavy():
    heavy = EDGE_OPTIONAL | TENSORFLOW | {"evaluation", "train", "convert", "benchmarks"}
    code = """
import importlib, pkgutil, sys, edge
for module in pkgutil.walk_packages(edge.__path__, "edge."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "edge.core.features" in loaded
    assert not loaded & heavy


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ("edge.cli.main", {"subprocess", "tarfile", "zipfile", "email", "importlib.metadata"}),
        # Its peak memory is the app's only as long as these are not imported before it is read.
        (
            "benchmarks.cli.main, benchmarks.latency.latency",
            {"tarfile", "zipfile", "email", "importlib.metadata", "statistics", "decimal"},
        ),
    ],
)
def test_the_loop_does_not_hold_what_only_other_commands_need(modules, absent):
    code = f"import {modules}, sys; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not absent & set(result.stdout.split())
