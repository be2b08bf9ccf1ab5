"""Who may import whom, read from the source of every module."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mien", "edge", "evaluation", "train", "convert", "benchmarks")

TENSORFLOW = {"tensorflow", "keras", "tf_keras"}
FORBIDDEN = {
    "mien": {"evaluation", "train", "convert", "benchmarks"} | TENSORFLOW,
    "edge": {"mien", "evaluation", "train", "convert", "benchmarks"} | TENSORFLOW,
    "evaluation": {"mien", "train", "convert", "benchmarks"} | TENSORFLOW,
    "train": {"convert", "benchmarks"},
    "convert": {"train", "benchmarks"},
    "benchmarks": {"train", "convert"} | TENSORFLOW,
}
"""What a package never imports, at the top or inside a function."""
EXCEPTED = {"mien.timeline": {"evaluation"}}
"""What a room imports all the same: a timeline is a report."""
RUNTIMES = {"ai_edge_litert", "tflite_runtime"}
THIRD_PARTY = {
    "mien": {"numpy", "cv2"},
    "mien.timeline": {"numpy"},
    "mien.page": {"numpy", "cv2", "starlette", "uvicorn", "h11"},
    "edge.core": {"numpy"},
    "edge": {"numpy", "cv2", "dacite"},
    "evaluation": {"numpy", "cv2"},
    "benchmarks": {"numpy", "cv2"},
}
"""Packages that may be imported when a module is loaded: all of them are in requirements-edge.txt, or in
requirements-page.txt for the page."""
OPTIONAL = {
    "mien": set(),
    "mien.timeline": {"jinja2", "matplotlib"},
    "mien.page": set(),
    "edge.core": RUNTIMES,
    "edge": RUNTIMES | {"mediapipe", "picamera2", "libcamera", "minisign"},
    "evaluation": {"jinja2", "matplotlib"},
    "benchmarks": RUNTIMES | {"jinja2", "matplotlib", "fer"},
}
"""Packages that may be imported inside a function that needs them."""
ROOTS = {
    "edge": "build idle loop pause pipeline reload running_config sd_notify service settings",
    "benchmarks": "all demo",
    "train": "cli fit npz run_folder settings versions",
}
"""Modules that may lie in a package's own folder; all others have a room in it."""
MOST_LINES = 300


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
    rooms = [room for room in THIRD_PARTY if f"{module}.".startswith(f"{room}.")]
    room = max(rooms, key=len, default=top)  # the innermost
    if entry.package in FORBIDDEN[top] - EXCEPTED.get(room, set()):
        return f"{top} never imports {entry.package}"
    if room == "edge.core" and entry.package == "edge" and not f"{entry.module}.".startswith("edge.core."):
        return "edge.core imports nothing else of edge"
    ours = entry.package in PACKAGES or entry.package in sys.stdlib_module_names
    if ours or room not in THIRD_PARTY or entry.package in THIRD_PARTY[room]:
        return None
    if entry.package in OPTIONAL[room]:
        return None if entry.lazy else "optional packages are imported inside the function that needs them"
    return f"not a package that {room} may import"


def modules() -> dict[str, str]:
    """Path below the root → source, of every module of the product."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


def test_import_rules():
    assert {f"{package}/__init__.py" for package in PACKAGES} <= modules().keys()
    found = [
        line
        for path, source in modules().items()
        for line in violations(path.rpartition("/")[0].replace("/", "."), source)
    ]
    assert found == []


def test_modules_are_short():
    assert [path for path, source in modules().items() if source.count("\n") > MOST_LINES] == []


@pytest.mark.parametrize("package", ROOTS)
def test_few_modules_lie_outside_a_room(package):
    lying = {path.stem for path in (ROOT / package).glob("*.py")}
    assert lying <= {"__init__", "__main__", *ROOTS[package].split()}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        # every form of an import
        ("edge", "import tensorflow as tf"),
        ("edge.landmarks", "def f():\n    from tensorflow.keras import layers"),
        ("edge", "class C:\n    def f(self):\n        import_module('convert')"),
        ("edge.sources", "def f():\n    return importlib.import_module('benchmarks.latency.latency')"),
        ("edge", "def f():\n    __import__('keras')"),
        ("edge.sinks", "from .. import models, wheels\nfrom train import fit"),
        # every rule
        ("edge.core", "import cv2"),
        ("edge.core", "from edge import settings"),
        ("edge.core", "from ..sources import open_source"),
        ("edge.core", "import edge.corelike"),
        ("edge.core", "import ai_edge_litert"),
        ("edge.landmarks", "try:\n    import mediapipe\nexcept ImportError:\n    pass"),
        ("edge.sources", "if True:\n    from picamera2 import Picamera2"),
        ("edge", "def f():\n    import pandas"),
        ("mien", "from evaluation import metrics"),
        ("mien.annotate", "from evaluation.report import page"),
        ("mien.timeline", "from train import report"),
        ("mien.timeline", "import matplotlib"),
        ("mien", "def f():\n    import starlette"),
        ("mien.page", "import fastapi"),
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
        ("mien.timeline", "from evaluation.report import page\ndef f():\n    import_module('jinja2')"),
    ],
)
def test_what_is_allowed_passes(module, source):
    assert violations(module, source) == []


@pytest.mark.parametrize("package", ["edge", "evaluation"])
def test_loading_all_of_it_loads_nothing_heavy(python, package):
    code = f"""
import importlib, pkgutil, sys, {package}
for module in pkgutil.walk_packages({package}.__path__, "{package}."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*sys.modules)
"""
    loaded = set(python("-c", code).stdout.split())
    assert "edge.core.types" in loaded
    assert not loaded & (OPTIONAL[package] | FORBIDDEN[package])


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (
            "edge.cli.run",
            {"subprocess", "tarfile", "zipfile", "email", "importlib.metadata"}
            | {"edge.stream", "edge.sinks.socket"},
        ),
        ("edge.cli.watch, edge.cli.pause", {"numpy", "cv2", "edge.build"}),
        # Its peak memory is the app's only as long as these are not imported before it is read.
        (
            "benchmarks.cli.main, benchmarks.latency.latency",
            {"tarfile", "zipfile", "email", "importlib.metadata", "statistics", "decimal"},
        ),
    ],
)
def test_the_loop_does_not_hold_what_only_other_commands_need(python, modules, absent):
    loaded = set(python("-c", f"import {modules}, sys; print(*sys.modules)").stdout.split())
    assert "edge.core.errors" in loaded
    assert not absent & loaded
