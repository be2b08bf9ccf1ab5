"""The result of ``stream`` for people."""

from typing import Any

from evaluation.report.page import DASH, Block, Table, Text

_NAMES = {
    "without": "no socket",
    "idle": "socket, no reader",
    "readers": "socket, readers",
    "mesh": "socket, readers of meshes",
}


def section(content: dict[str, Any]) -> list[Block]:
    intro = (
        f"{content['rounds']} × {content['seconds']:g} s of each, {content['fps']:g} frames a second, "
        f"{content['readers']} readers and one that never reads. The last three columns are ratios to no "
        "socket, medians over the rounds."
    )
    columns = [
        "",
        "p50, ms",
        "p99, ms",
        "CPU per frame, ms",
        "memory, MB",
        "growth, MB",
        "p50",
        "p99",
        "CPU per frame",
    ]
    return [Text(intro), Table(columns, [_row(content, mode) for mode in content["modes"]])]


def _row(content: dict[str, Any], mode: str) -> list[str]:
    figures, ratios = content["modes"][mode], content["ratios"].get(mode)
    frame = figures["frame_ms"]
    cells = [f"{frame['p50']:.3f}", f"{frame['p99']:.3f}", f"{figures['cpu_ms_per_frame']:.3f}"]
    against = [f"{each['p50']:.3f} ×" for each in ratios.values()] if ratios else [DASH] * 3
    return [_NAMES[mode], *cells, f"{figures['rss_mb']:.1f}", f"{figures['rss_growth_mb']:+.1f}", *against]
