"""``model.json`` of schema 4, which program versions up to 0.5 wrote, as schema 5 has it."""

from typing import Any

from edge.bundles import fields
from edge.core.errors import BundleError

SCHEMA = 4

INPUTS = {1: {"landmarks": 1404}, 2: {"landmarks": 1404, "coarse_map": 1152, "fine_map": 18432}}
"""Feature version → the network's inputs in their order, and how many numbers each had, laid flat."""


def upgraded(info: dict[str, Any]) -> dict[str, Any]:
    """The same bundle in the newer form; its network and its golden codes stay as they are.

    Raises:
        BundleError: the feature version is missing or unknown.
    """
    version = fields.get(info, "feature_version", int)
    if version not in INPUTS:
        known = " and ".join(map(str, INPUTS))
        raise BundleError(
            f"was made for feature version {version}, this program knows {known}: "
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
