"""Upgrade of ``model.json`` from schema 4, which program versions up to 0.5 wrote, to schema 5."""

from typing import Any

from edge.bundles import fields
from edge.core.errors import BundleError

SCHEMA = 4

INPUTS = {1: {"landmarks": 1404}, 2: {"landmarks": 1404, "coarse_map": 1152, "fine_map": 18432}}
"""Feature version → the network's inputs in their order, with the length of each, flattened."""


def upgraded(info: dict[str, Any]) -> dict[str, Any]:
    """The same ``model.json`` in schema 5; the network and its golden codes do not change.

    Raises:
        BundleError: the feature version is missing or unknown.
    """
    version = fields.get(info, "feature_version", int)
    if version not in INPUTS:
        known = " and ".join(map(str, INPUTS))
        raise BundleError(
            f"feature version {version} is unknown, this program reads {known}: "
            "train and convert the model again, or install a matching version"
        )
    inputs: list[dict[str, Any]] = [
        {
            "name": name,
            "version": 1,
            "tensor": f"serving_default_input_{place}:0",  # the converter's name
            "shape": [length],
            "dtype": "float32",
        }
        for place, (name, length) in enumerate(INPUTS[version].items())
    ]
    if "standardization" in info:
        inputs[0]["standardization"] = info["standardization"]
    result: dict[str, Any] = {}
    for key, value in info.items():  # in the old order, the inputs where their version stood
        if key == "feature_version":
            result["inputs"] = inputs
        elif key != "standardization":
            result[key] = value
    return {**result, "schema": 5}
