"""The kinds of results, and the version of each."""

from typing import Any

REPORTED = {"latency": 2, "matrix": 1, "peers": 2, "accuracy": 1, "robustness": 1}
"""Kind → version of the JSON result, in the order in which a report shows them."""
_OTHERS = {"compare": 1, "reasons": 1, "steadiness": 1, "stream": 1}
"""Those that are in no report."""


def head(kind: str) -> dict[str, Any]:
    """The first keys of a result."""
    return {"kind": kind, "schema": (REPORTED | _OTHERS)[kind]}
