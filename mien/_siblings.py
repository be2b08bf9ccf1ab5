"""Importing the packages beside this one, whose names, such as ``train``, a caller's folder may have, too."""

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Folder of all these packages: site-packages, or a checkout."""


def load_sibling(name: str) -> None:
    """Import the package from beside this one, even if another one of its name is on Python's path.

    Raises:
        ImportError: another package of that name is imported already, or this one is not installed.
    """
    loaded = sys.modules.get(name)
    if loaded is not None:
        file = getattr(loaded, "__file__", None)
        if file is None or Path(file).resolve().parents[1] != ROOT:
            raise ImportError(
                f"mien needs its own package {name!r}, but {file or 'a namespace package'} is imported"
            )
        return
    spec = PathFinder.find_spec(name, [str(ROOT)])
    if spec is None or spec.loader is None:
        raise ImportError(f"the package {name!r} is not beside {Path(__file__).parent}: install mien again")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
