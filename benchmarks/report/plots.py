"""The drawings of the report. Each tells its parts apart by shape, dashes or words, never by colour alone."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.report.svg import WIDTH, Drawing, Point, Scale, axes

_ROW = 34.0
"""Height of a bar with the line of words over it."""
_MOST_WHISKER = 3.0
"""A whisker that is longer than so many of the longest bars is cut off: the bars are to be seen."""
_PLOT = (36.0, WIDTH - 12.0, 26.0, 266.0)
"""Left, right, top and bottom of a square plot."""


class Bar(NamedTuple):
    """A bar of a waterfall, ms."""

    name: str
    start: float
    p50: float
    p99: float
    look: str
    """``"bar"``: a part, ``"soft"``: the whole, ``"floor"``: what is compared with."""


def waterfall(bars: Sequence[Bar], title: str) -> str:
    """Horizontal bars of p50, with a whisker to p99, each where the one before has ended."""
    longest = max(bar.start + bar.p50 for bar in bars)
    high = min(max(bar.start + bar.p99 for bar in bars), _MOST_WHISKER * longest)
    x, bottom = Scale(0.0, high, 2.0, WIDTH - 10.0), _ROW * len(bars) + 2
    drawing = Drawing(WIDTH, bottom + 34)
    for tick in x.ticks(4):
        _grid(drawing, x(tick), len(bars), "grid")
        drawing.text((x(tick), bottom + 15), f"{tick:g}", "note", "middle" if tick else "start")
    drawing.text((x(0.0), bottom + 30), "ms: bar to p50, whisker to p99", "note")
    for number, bar in enumerate(bars):
        top = _ROW * number
        drawing.text((2, top + 12), bar.name, "name")
        drawing.text((WIDTH - 2, top + 12), f"p50 {bar.p50:.2f}, p99 {bar.p99:.2f} ms", "note", "end")
        begin, end, whisker = x(bar.start), x(bar.start + bar.p50), bar.start + bar.p99
        drawing.box(begin, top + 17, max(end - begin, 1.5), 11, bar.look)
        drawing.line((end, top + 22.5), (x(whisker), top + 22.5), "whisker")
        if whisker <= high:
            drawing.line((x(whisker), top + 18.5), (x(whisker), top + 26.5), "whisker")
        else:
            drawing.text((x(high), top + 27), "›", "name", "middle")
    return drawing.svg(title)


class Ratio(NamedTuple):
    """A median and its spread."""

    name: str
    p10: float
    p50: float
    p90: float


def ratios(rows: Sequence[Ratio], title: str) -> str:
    """A dot for each ratio, a line over its spread, and a stronger line of the grid where 1 lies."""
    x = Scale(min(0.9, *(row.p10 for row in rows)), max(1.1, *(row.p90 for row in rows)), 8.0, WIDTH - 12.0)
    bottom = _ROW * len(rows) + 2
    drawing = Drawing(WIDTH, bottom + 20)
    for tick in x.ticks(5):
        _grid(drawing, x(tick), len(rows), "grid")
        drawing.text((x(tick), bottom + 15), f"{tick:g}", "note", "middle")
    _grid(drawing, x(1.0), len(rows), "axis")
    for number, row in enumerate(rows):
        top = _ROW * number
        drawing.text((2, top + 12), row.name, "name")
        drawing.text((WIDTH - 2, top + 12), f"{row.p50:.2f} ×", "note", "end")
        drawing.line((x(row.p10), top + 22.5), (x(row.p90), top + 22.5), "whisker")
        drawing.dot((x(row.p50), top + 22.5), radius=4)
    return drawing.svg(title)


def reliability(bins: Sequence[dict[str, Any]], title: str) -> str:
    """Accuracy over confidence; the more answers, the larger the dot. On the dashed line the two agree."""
    x, y = _square()
    drawing = Drawing(WIDTH, 302)
    axes(drawing, x, y, ("confidence, %", "accuracy, %"), [0, 0.2, 0.4, 0.6, 0.8, 1], "%")
    drawing.line((x(0), y(0)), (x(1), y(1)), "dashed")
    filled = [row for row in bins if row["n"]]
    most = max((row["n"] for row in filled), default=1)
    for row in filled:
        drawing.line(
            (x(row["confidence"]), y(row["confidence"])),
            (x(row["confidence"]), y(row["accuracy"])),
            "whisker",
        )
    for row in filled:
        drawing.dot((x(row["confidence"]), y(row["accuracy"])), radius=2 + 5 * (row["n"] / most) ** 0.5)
    return drawing.svg(title)


def risk_coverage(points: Sequence[Point], title: str) -> str:
    """Share of all pictures that is answered → error rate among them, 0–1."""
    left, right, top, bottom = _PLOT
    x, y = Scale(0, 1, left, right), Scale(0, max(0.1, *(risk for _, risk in points)) * 1.15, bottom, top)
    drawing = Drawing(WIDTH, 302)
    for tick in y.ticks():
        drawing.line((left, y(tick)), (right, y(tick)), "grid")
        drawing.text((left - 6, y(tick) + 4), f"{100 * tick:g}", "note", "end")
    for share in (0, 0.2, 0.4, 0.6, 0.8, 1):
        drawing.text((x(share), bottom + 15), f"{100 * share:g}", "note", "middle")
    drawing.line((left, bottom), (right, bottom), "axis")
    drawing.text(((left + right) / 2, bottom + 31), "answered, % of all pictures", "note", "middle")
    drawing.text((6, top - 10), "wrong among them, %", "note")
    drawing.area(
        [(x(points[0][0]), bottom), *((x(s), y(r)) for s, r in points), (x(points[-1][0]), bottom)], "soft"
    )
    drawing.curve([(x(share), y(risk)) for share, risk in points], "curve")
    for share, risk in points:
        drawing.dot((x(share), y(risk)))
        end = "end" if share == 1 else "middle"
        drawing.text((x(share), y(risk) - 8), f"{100 * risk:.1f}", "name", end)
    return drawing.svg(title)


def severities(name: str, accuracy: Sequence[float], coverage: Sequence[float], title: str) -> str:
    """A small plot: accuracy (line with dots) and coverage (dotted) over severity 0…5, 0–1; the accuracy of
    clean pictures as a dashed line."""
    drawing = Drawing(160, 122)
    x, y = Scale(0, len(accuracy) - 1, 24, 134), Scale(0, 1, 104, 24)
    drawing.text((2, 12), name, "name")
    for tick in (0, 0.5, 1):
        drawing.line((x(0), y(tick)), (134, y(tick)), "grid")
        drawing.text((20, y(tick) + 3.5), f"{100 * tick:g}", "note small", "end")
    for severity in range(len(accuracy)):
        drawing.text((x(severity), 117), str(severity), "note small", "middle")
    points = [(x(number), y(value)) for number, value in enumerate(accuracy)]
    clean = y(accuracy[0])
    drawing.area([points[0], *points, (points[-1][0], clean)], "soft")
    drawing.line((x(0), clean), (134, clean), "dashed")
    drawing.curve([(x(number), y(value)) for number, value in enumerate(coverage)], "dotted")
    drawing.curve(points, "curve")
    for point in points:
        drawing.dot(point, radius=2.2)
    drawing.text((140, points[-1][1] + 4), f"{100 * accuracy[-1]:.0f}", "name")
    return drawing.svg(title)


def _grid(drawing: Drawing, x: float, rows: int, look: str) -> None:
    """An upright line behind the bars, but not behind their names."""
    for number in range(rows):
        drawing.line((x, _ROW * number + 16), (x, _ROW * number + 30), look)


def _square() -> tuple[Scale, Scale]:
    left, right, top, bottom = _PLOT
    return Scale(0, 1, left, right), Scale(0, 1, bottom, top)
