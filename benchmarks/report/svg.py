"""Drawings without a library: what matplotlib would do, on a device that has none.

Colours and fonts are those of the page (``style``): a drawing names classes. It is as wide as a phone, so
that its text is as large as the page's.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape

WIDTH = 340.0
"""Of a drawing, in its own units: px on a phone."""

Point = tuple[float, float]


class Scale:
    """Values → places along an axis."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        """``low`` lies at ``start``, ``high`` at ``end``; what lies beyond is put at the end."""
        self.low, self.high = low, high if high > low else low + 1.0
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        """The place of a value."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self._start + share * (self._end - self._start)

    def ticks(self, most: int = 5) -> list[float]:
        """Round values within the scale, at most ``most`` steps apart."""
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [step * number for number in range(first, last + 1)]


class Drawing:
    """Lines, boxes and words, from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        """An empty one."""
        self._size = width, height
        self._parts: list[str] = []

    def line(self, start: Point, end: Point, look: str) -> None:
        """A straight line; ``look`` is a class of the page's style."""
        (x1, y1), (x2, y2) = start, end
        self._add("line", look, x1=x1, y1=y1, x2=x2, y2=y2)

    def curve(self, points: Iterable[Point], look: str) -> None:
        """Straight lines from point to point."""
        self._parts.append(f'<polyline class="{look}" points="{_points(points)}"/>')

    def area(self, points: Iterable[Point], look: str) -> None:
        """What the points enclose."""
        self._parts.append(f'<polygon class="{look}" points="{_points(points)}"/>')

    def box(self, x: float, y: float, width: float, height: float, look: str) -> None:
        """A box; one of no width is not to be seen."""
        self._add("rect", look, x=x, y=y, width=max(width, 0.0), height=max(height, 0.0))

    def dot(self, place: Point, look: str = "dot", radius: float = 3.0) -> None:
        """A circle around ``place``."""
        self._add("circle", look, cx=place[0], cy=place[1], r=radius)

    def text(self, place: Point, text: str, look: str = "", anchor: str = "start") -> None:
        """Words that start, end or have their middle at ``place``, on their base line."""
        x, y = place
        kind = f' class="{look}"' if look else ""
        self._parts.append(
            f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def svg(self, title: str) -> str:
        """The drawing as an ``<svg>`` element; ``title`` says what it shows to those who cannot see it."""
        width, height = self._size
        inner = "".join(self._parts)
        return (
            f'<svg role="img" viewBox="0 0 {width:g} {height:g}" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title>{inner}</svg>"
        )

    def _add(self, name: str, look: str, **places: float) -> None:
        attributes = " ".join(f'{key}="{value:.1f}"' for key, value in places.items())
        self._parts.append(f'<{name} class="{look}" {attributes}/>')


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def axes(
    drawing: Drawing, x: Scale, y: Scale, labels: tuple[str, str], ticks: Sequence[float], unit: str
) -> None:
    """The frame of a plot: the same ticks along both axes, with a grid.

    Args:
        labels: of the axes.
        ticks: values along both.
        unit: ``"%"`` writes ratios as such.
    """
    left, right, bottom, top = x(x.low), x(x.high), y(y.low), y(y.high)
    for tick in ticks:
        name = f"{100 * tick:g}" if unit == "%" else f"{tick:g}"
        drawing.line((left, y(tick)), (right, y(tick)), "grid")
        drawing.text((left - 6, y(tick) + 4), name, "note", "end")
        drawing.text((x(tick), bottom + 15), name, "note", "middle")
    drawing.line((left, bottom), (right, bottom), "axis")
    drawing.text(((left + right) / 2, bottom + 31), labels[0], "note", "middle")
    drawing.text((left - 30, top - 10), labels[1], "note")
