"""What the sections of the report have in common: figures as words, and the facts of a run."""

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.report import result_files
from benchmarks.report.page import Table
from benchmarks.report.result_files import Result

_OF_THE_RUN = (
    "date",
    "load_before",
    "threads",
    "delegate",
    "temperature_c",
    "throttled",
    "executable",
    "error",
)
"""Facts of an environment block that change from run to run."""

DASH = "–"


def number(value: float | None, digits: int = 2) -> str:
    """A decimal, or a dash."""
    return DASH if value is None else f"{value:.{digits}f}"


def points(value: float | None) -> str:
    """A ratio in percent, without the sign, or a dash."""
    return DASH if value is None else f"{100 * value:.1f}"


def milliseconds(value: float) -> str:
    """With three digits that mean something."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def facts(result: Result) -> Table:
    """How a result came about, folded."""
    content = result.content
    rows = [["file", result.path.name], ["command", str(content.get("command", DASH))]]
    environment = content.get("environment", {})
    rows += [[key, plain(environment[key])] for key in _OF_THE_RUN if key in environment]
    rows += [[key, plain(content[key])] for key in ("temperature_c", "throttled") if key in content]
    for bundle in [content["bundle"]] if "bundle" in content else content.get("bundles", {}).values():
        model = f"{bundle['model_bytes']:,} bytes, SHA-256 {bundle['model_sha256']}"
        rows.append([f"bundle {bundle['name']}", f"{model}; {', '.join(bundle['labels'])}"])
    if "data" in content:
        rows.append(["data", f"{content['data']['file']}, SHA-256 {content['data']['sha256']}"])
    return Table(["", "how it was measured"], rows, folded="How it was measured", facts=True)


def environments(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The different environments of all results, without what changes from run to run."""
    found: list[dict[str, Any]] = []
    for result in results:
        for environment in result_files.environments(result):
            lasting = {key: value for key, value in environment.items() if key not in _OF_THE_RUN}
            if lasting and lasting not in found:
                found.append(lasting)
    return found


def plain(value: Any) -> str:
    """A value of JSON for people."""
    if value is None:
        return DASH
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(inner)}" for key, inner in value.items())
    return value if isinstance(value, str) else json.dumps(value)
