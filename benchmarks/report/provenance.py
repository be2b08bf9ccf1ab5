"""Where and how the results were measured."""

from collections.abc import Sequence
from typing import Any

from benchmarks.report import result_files
from benchmarks.report.formatting import json_text
from benchmarks.report.result_files import Result
from evaluation.report.page import DASH, Block, Heading, Table, Text

_OF_THE_RUN = (
    *("date", "load_before", "threads", "delegate", "temperature_c", "throttled"),
    *("executable", "error"),
)
"""Facts of an environment block that change from run to run."""


def run_details(result: Result) -> Table:
    """A folded table: command, data, bundles and state of the machine of one result."""
    content = result.content
    rows = [["file", result.path.name], ["command", str(content.get("command", DASH))]]
    environment = content.get("environment", {})
    rows += [[key, json_text(environment[key])] for key in _OF_THE_RUN if key in environment]
    rows += [[key, json_text(content[key])] for key in ("temperature_c", "throttled") if key in content]
    for bundle in [content["bundle"]] if "bundle" in content else content.get("bundles", {}).values():
        model = f"{bundle['model_bytes']:,} bytes, SHA-256 {bundle['model_sha256']}"
        rows.append([f"bundle {bundle['name']}", f"{model}; {', '.join(bundle['labels'])}"])
    if "data" in content:
        rows.append(["data", f"{content['data']['file']}, SHA-256 {content['data']['sha256']}"])
    return Table(["", "how it was measured"], rows, folded="How it was measured", facts=True)


def subtitle(results: Sequence[Result]) -> list[Block]:
    """A line with the machines and dates of all results."""
    described = [facts for result in results for facts in result_files.environments(result)]
    dates = sorted({str(facts["date"])[:10] for facts in described if "date" in facts})
    machines = {
        ", ".join(json_text(facts[key]) for key in ("board", "cpu", "system") if facts.get(key))
        for facts in _environments(results)
    }
    period = " to ".join(dict.fromkeys([*dates[:1], *dates[-1:]]))
    words = " · ".join(filter(None, [*sorted(machines), period]))
    return [Text(words)] if words else []


def section(results: Sequence[Result]) -> list[Block]:
    """The different environments of all results, side by side."""
    found = _environments(results)
    if not found:
        return []
    keys = list(dict.fromkeys(key for facts in found for key in facts))
    names = [f"environment {place}" for place in range(1, len(found) + 1)]
    rows = [[key, *(json_text(facts.get(key)) for facts in found)] for key in keys]
    columns = ["", *(names if len(found) > 1 else ["measured on"])]
    return [Heading(2, "Environment"), Table(columns, rows, facts=True)]


def _environments(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The different environments, without the facts that change from run to run."""
    found: list[dict[str, Any]] = []
    for result in results:
        for environment in result_files.environments(result):
            lasting = {key: value for key, value in environment.items() if key not in _OF_THE_RUN}
            if lasting and lasting not in found:
                found.append(lasting)
    return found
