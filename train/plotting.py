"""How plots look: drawn once, as a PNG file on white and as SVG inside a light or a dark page."""

import io
import re
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PURPLE, YELLOW, RED = "#4c8bd6 #e07b39 #43a373 #a678d0 #c2a02b #d45f7d".split()
"""To be seen on white paper and on a dark screen alike; the order in which they are used."""
INK = "#010203"
"""Near black in the PNG; the page's text colour in the SVG."""
_STYLE: Any = {
    "text.color": INK,
    "text.parse_math": False,  # a split may be called anything, "$" too
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, PURPLE, YELLOW, RED]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#808080",
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "figure.figsize": (4.6, 3.4),  # a phone shows it in its own size
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",  # text stays text, in the font of the page
    "svg.hashsalt": "report",  # the same figure gives the same bytes
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}

styled = mpl.rc_context(_STYLE)
"""Decorator of a function that draws a ``Figure``."""


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file, on white."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120, facecolor="white")
    return file.getvalue()


@styled
def svg(figure: Figure) -> str:
    """A figure as an ``<svg>`` element for an HTML page, in the colour of its text."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' (xmlns(:xlink)?="[^"]*"|id="[\w.]+_\d+")', "", text)  # not needed; ids would repeat
    return re.sub(r' (width|height)="[\d.]+pt"', "", text)  # the page decides
