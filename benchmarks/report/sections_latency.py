"""The section of the report about ``latency``."""

from functools import partial
from typing import Any

from benchmarks.report import figures
from benchmarks.report.figures import Bar
from benchmarks.report.formatting import milliseconds, times, with_unit
from benchmarks.report.result_files import Result
from evaluation.report.page import DASH, Block, Heading, Plot, Table, Text, Tile, number


def overview(content: dict[str, Any]) -> dict[str, str]:
    frame = content["frame_ms"]
    return {
        "p50, ms": milliseconds(frame["p50"]),
        "p99, ms": milliseconds(frame["p99"]),
        "over the bare network": times(content["frame_over_invoke_p50"]),
        "frames/s": f"{content['fps']:.0f}",
        "CPU, ms": milliseconds(content["cpu_ms_per_frame"]),
        "memory, MB": number(content["peak_rss_mb"], ".0f"),
        "first result, s": number(content["first_result_s"]),
    }


def tile(result: Result) -> Tile:
    frame = result.content["frame_ms"]
    detail = f"p50 of {result.content['n']} frames, p99 {milliseconds(frame['p99'])} ms"
    return Tile(f"{milliseconds(frame['p50'])} ms", f"a frame, {result.title}", detail)


def section(content: dict[str, Any]) -> list[Block]:
    width, height = content["frame_size"]
    faces = content["faces"]["frames_with_face"]
    intro = (
        f"{content['n']} frames of {width}×{height} px, each started when the one before is done, after "
        f"{content['warmup']} frames of warm-up; {faces} frames have a face."
    )
    return [
        Text(intro),
        _stages(content),
        _percentiles(content),
        Heading(3, "Ratios, memory and delay"),
        _rest(content),
    ]


def _stages(content: dict[str, Any]) -> Plot:
    bars = []
    if invoke := content["landmark_invoke_ms"]:
        bars.append(Bar("bare landmark network", "network", 0.0, invoke["p50"], invoke["p99"]))
    bars.append(Bar("frame", "frame", 0.0, content["frame_ms"]["p50"], content["frame_ms"]["p99"]))
    start = 0.0
    for stage, spread in content["stages_ms"].items():
        bars.append(Bar(stage, "stage", start, spread["p50"], spread["p99"]))
        start += spread["p50"]
    caption = (
        "Time of a frame: its stages one after the other (filled), the whole frame (pale), and the bare "
        "landmark network (outlined), the least that a frame can take. An arrow: the whisker is cut off."
    )
    return Plot(partial(figures.waterfall, bars), caption, "Time of each stage of a frame, p50 and p99")


def _percentiles(content: dict[str, Any]) -> Table:
    rows = {
        "frame": content["frame_ms"],
        **{f"· {stage}": spread for stage, spread in content["stages_ms"].items()},
        "bare landmark network": content["landmark_invoke_ms"],
        "classifier alone": content["classifier_alone_ms"],
        "capture to result": content["age_ms"],
        "waiting for the source": content["source_ms"],
    }
    if against := content["against"]:
        rows[f"frame, {against['backend']} {against['bundle']['name']}"] = against["frame_ms"]
    cells = [[name, *map(milliseconds, spread.values())] for name, spread in rows.items() if spread]
    return Table(["ms", *content["frame_ms"]], cells)


def _rest(content: dict[str, Any]) -> Table:
    tails, growth = content["p99_over_p50"], content["rss_growth_kb_per_1000_frames"]
    runs = ", ".join(f"{seconds:.2f}" for seconds in content["first_result_runs_s"])
    rows = [
        ["frame over the bare network, p50", times(content["frame_over_invoke_p50"])],
        ["p99 over p50: frame, network, one over the other", ", ".join(map(number, tails.values()))],
        ["last tenth of the run over the first", times(content["drift_p50"])],
        ["CPU for a frame", f"{milliseconds(content['cpu_ms_per_frame'])} ms"],
        ["frames a second, the pipeline alone", f"{content['fps']:.1f}"],
        ["capture to result, p50 and p99", _age(content["age_ms"])],
        ["memory: start, end, peak", _memory(content)],
        ["memory growth for 1,000 frames", with_unit(growth, "kB")],
        ["packages on the disk", with_unit(content["install_mb"]["total"], "MB")],
        ["first import to first result", f"{content['first_result_s']:.2f} s (runs: {runs})"],
    ]
    if against := content["against"]:
        name = f"{against['backend']} {against['bundle']['name']} on the same frames, in turn"
        rows.append([f"{name}: over this one, p50", times(against["ratio_p50"])])
    return Table(["figure", "value"], rows, facts=True)


def _age(age: dict[str, float] | None) -> str:
    return f"{milliseconds(age['p50'])}, {milliseconds(age['p99'])} ms" if age else DASH


def _memory(content: dict[str, Any]) -> str:
    values = [content[key] for key in ("start_rss_mb", "end_rss_mb", "peak_rss_mb")]
    return f"{', '.join(number(value, '.1f') for value in values)} MB" if any(values) else DASH
