"""Print, as JSON, how the real picamera2 wants to be called where ``edge.sources.picamera`` calls it.

The stand-in in ``tests/edge/sources/test_picamera.py`` is checked against what this has printed.
"""

import inspect
import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import picamera2

USED = {
    picamera2.Picamera2: (
        "__init__",
        "camera_configuration",
        "cancel_all_and_flush",
        "capture_request",
        "close",
        "configure",
        "create_video_configuration",
        "start",
    ),
    picamera2.CompletedRequest: ("get_metadata", "make_array", "release"),
}


def parameters(function: Callable[..., Any]) -> dict[str, str]:
    """Name and kind of each parameter, in order: required, optional, or what else Python has."""
    kinds = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            kinds[name] = parameter.kind.name.lower()
        else:
            kinds[name] = "required" if parameter.default is parameter.empty else "optional"
    return kinds


def main() -> None:
    """The version, then class → method → parameters."""
    interface: dict[str, Any] = {"version": version("picamera2")}
    for cls, names in USED.items():
        interface[cls.__name__] = {name: parameters(getattr(cls, name)) for name in names}
    print(json.dumps(interface, indent=2))


if __name__ == "__main__":
    main()
