"""The section of the report about ``peers``."""

from typing import Any

from benchmarks.accuracy.scores import data_name
from benchmarks.report.figures import ratio_plot
from benchmarks.report.formatting import milliseconds, percent, times
from benchmarks.report.result_files import Result, measured
from evaluation.report.page import DASH, Block, Table, Text, Tile, number

_TIMES = (
    *("", "p50, ms", "p99", "CPU, ms", "single picture p50, ms", "p99 ", "ratio", "p10", "p90"),
    *("frames with a face", "first result, s", "peak MB", "disk MB"),
)
_SHARES = ("", "accuracy, %", "coverage, %", "accuracy where found, %")


def overview(content: dict[str, Any]) -> dict[str, str]:
    ran = measured(content["peers"])
    slowest = max(line["ratio"]["p50"] for line in ran)
    scored = [line for line in ran if line["scores"]]
    best = max(scored, key=lambda line: line["scores"]["accuracy"], default=None)
    return {
        "ran": str(len(ran)),
        "not measured": str(len(content["peers"]) - len(ran)),
        "slowest, ratio": times(slowest),
        "most accurate": f"{best['title']}, {percent(best['scores']['accuracy'])} %" if best else DASH,
    }


def tile(result: Result) -> Tile:
    slowest = max(measured(result.content["peers"]), key=lambda line: line["ratio"]["p50"])
    who = f"{slowest['title']} over {slowest['against']}"
    return Tile(times(slowest["ratio"]["p50"]), "slowest peer", who)


def section(content: dict[str, Any]) -> list[Block]:
    ran = measured(content["peers"])
    intro = (
        f"{content['rounds']} rounds; in each, every peer runs one block of {content['frames']} frames of "
        f"the demo, in an environment and a process of its own. A ratio is the median of a block over that "
        f"of {ran[0]['title']} in the same round; given are its median, 10th and 90th percentile over the "
        "rounds. Mien tracks the face from frame to frame, but classifies a single picture in more than one "
        "pass: compare its accuracy with the time of a single picture."
    )
    blocks: list[Block] = [Text(intro), Table(_TIMES, [_times(line) for line in ran])]
    if len(ran) > 1:
        blocks.append(ratio_plot([line["title"] for line in ran], ran, ran[0]["title"]))
    blocks += _scores(content, ran)
    known = [[line["title"], each] for line in content["peers"] for each in _remarks(line)]
    blocks.append(Table(["", "remarks"], known, facts=True))
    return blocks


def _times(line: dict[str, Any]) -> list[str]:
    ms, still = line["ms"], line["ms_still"]
    return [
        line["title"],
        *(milliseconds(value) for value in (ms["p50"], ms["p99"], line["cpu_ms_per_frame"])),
        *(milliseconds(still[key]) if still else DASH for key in ("p50", "p99")),
        *(number(line["ratio"][key]) for key in ("p50", "p10", "p90")),
        f"{line['frames_with_face']} of {line['n']}",
        number(line["first_result_s"]),
        *(number(line[key], ".0f") for key in ("peak_rss_mb", "install_mb")),
    ]


def _scores(content: dict[str, Any], ran: list[dict[str, Any]]) -> list[Block]:
    if content["scored_on"] is None:
        return []
    keys = ("accuracy", "coverage", "accuracy_found")
    rows = [[line["title"], *(percent((line["scores"] or {}).get(key)) for key in keys)] for line in ran]
    on = content["scored_on"]
    words = f"{on['n']} pictures of {data_name(on)}, prepared in the same way; a missed face counts as wrong."
    return [Text(words), Table(_SHARES, rows)]


def _remarks(line: dict[str, Any]) -> list[str]:
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
