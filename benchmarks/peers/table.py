"""The result of ``peers`` as a table for people, with remarks on each peer."""

from typing import Any

from benchmarks.accuracy.scores import headline, percent
from benchmarks.matrix.matrix import spread


def table(result: dict[str, Any]) -> str:
    """The result as a table for people."""
    ran = [line for line in result["peers"] if line["reason"] is None]
    lines = [
        f"{result['rounds']} rounds, blocks of {result['frames']} frames of the demo after "
        f"{result['skipped']} that do not count, one thread where a package lets us choose"
    ]
    if result["scored_on"]:
        lines.append(f"{headline(result['scored_on'])}; a missed face is wrong")
    width = max(len(line["title"]) for line in ran)
    lines.append(f"{'':<{width}} {'frame of a camera, ms':^26} {'single, ms':^17}")
    lines.append(
        f"{'':<{width}} {'p50':>8} {'p99':>8} {'CPU':>8} {'p50':>8} {'p99':>8}    ratio  (p10 – p90)    "
        f"{'faces':>9}  peak MB  disk MB  first s  accuracy  coverage     found"
    )
    lines += [_row(line, width) for line in ran]
    lines += [f"{line['title']}: {each}" for line in result["peers"] for each in remarks(line)]
    return "\n".join(lines)


def remarks(line: dict[str, Any]) -> list[str]:
    """What readers of its figures must know about a peer, or why it was not measured."""
    if line["reason"] is not None:
        return [f"not measured: {line['reason']}"]
    found = [f"trained on: {line['trained_on']}"]
    if line["note"]:
        found.append(line["note"])
    if line["lacks"]:
        found.append(f"has no label for {', '.join(line['lacks'])}: pictures of it count as wrong")
    if line["score_reason"] is not None:
        found.append(f"no figures of single pictures: {line['score_reason']}")
    return found


def _row(line: dict[str, Any], width: int) -> str:
    ms, still, scores = line["ms"], line["ms_still"], line["scores"] or {}
    times = f"{ms['p50']:8.2f} {ms['p99']:8.2f} {line['cpu_ms_per_frame']:8.2f}"
    stills = f"{still['p50']:8.2f} {still['p99']:8.2f}" if still else f"{'–':>8} {'–':>8}"
    faces = f"{line['frames_with_face']}/{line['n']}"
    shares = "".join(f"{percent(scores.get(key)):>10}" for key in ("accuracy", "coverage", "accuracy_found"))
    return (
        f"{line['title']:<{width}} {times} {stills} {spread(line['ratio']):<25} {faces:>9} "
        f"{line['peak_rss_mb']:8.0f} {line['install_mb']:8.0f} {line['first_result_s']:8.2f}{shares}"
    )
