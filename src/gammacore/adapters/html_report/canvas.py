"""The paper pictures are drawn on: quiet axes, and colours that are either the page's or print's."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import asdict, frozen

from gammacore.domain.reports.figures import Tone
from gammacore.errors import InvalidInput, StorageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@frozen
class Palette:
    """One colour a role, as matplotlib takes it."""

    ink: str
    muted: str
    line: str
    card: str
    win: str
    loss: str
    accent: str
    call: str
    put: str
    pin: str
    positive: str
    negative: str
    flip: str


PAGE = Palette(*(f"#0101{number:02x}" for number in range(13)))
"""Stand-ins: matplotlib knows no CSS, so `inline_svg` turns each into the page's own variable, light or dark."""

ROLES: Mapping[Tone, str] = {
    Tone.PLAIN: "",
    Tone.STRONG: "",
    Tone.MUTED: "muted",
    Tone.GAIN: "win",
    Tone.LOSS: "loss",
    Tone.DOUBT: "doubt",
    Tone.URGENT: "loss",
    Tone.CALLS: "",
    Tone.PUTS: "",
    Tone.CONDOR: "",
}
"""The role that a tone plays on the page: a class of style.css, and a colour of `Palette` in pictures."""

PRINT = Palette("#1b1f24", "#6b7280", "#e4e2dd", "#ffffff", "#14804a", "#c0392b", "#2456a6", "#b4532a", "#23727a",
                "#7b4bb3", "#2867b2", "#c0392b", "#a8650a")  # fmt: skip
"""For a file of its own, on white."""


def blank(width: float, height: float, palette: Palette = PAGE) -> tuple[Figure, Axes]:
    """An empty, quiet pair of axes; inches."""
    figure, (axes,) = stacked(width, (height,), palette)
    return figure, axes


def stacked(width: float, heights: Sequence[float], palette: Palette = PAGE) -> tuple[Figure, tuple[Axes, ...]]:
    """Quiet axes one above the other over the same horizontal axis; inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    figure.patch.set_alpha(0)
    grid = figure.add_gridspec(len(heights), height_ratios=heights)
    first = figure.add_subplot(grid[0])
    rest = (figure.add_subplot(grid[row], sharex=first) for row in range(1, len(heights)))
    every = (first, *rest)
    for axes in every:
        _quieten(axes, palette)
    for axes in every[:-1]:
        axes.tick_params(labelbottom=False)
    return figure, every


def _quieten(axes: Axes, palette: Palette) -> None:
    axes.patch.set_alpha(0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(palette.line)
    axes.grid(axis="y", color=palette.line, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=palette.muted, labelsize=8.5, length=0)


FORMATS = ("png", "svg", "pdf")


def picture_kind(path: Path) -> str:
    """The kind of picture that the ending of a file's name asks for.

    Raises:
        InvalidInput: an ending that is no kind of picture we draw.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InvalidInput("plot", path, f"end the name in one of {', '.join('.' + one for one in FORMATS)}")
    return kind


def save_picture(figure: Figure, path: Path) -> None:
    """Write a drawing as a file of its own, in the kind that its name asks for.

    Raises:
        InvalidInput: an ending that is no kind of picture we draw.
        StorageError: the file cannot be written.
    """
    kind = picture_kind(path)
    try:
        figure.savefig(path, format=kind, dpi=190)
    except OSError as refusal:
        raise StorageError(f"{path}: cannot be written ({refusal.strerror or refusal})") from refusal


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """The drawing as an inline element: no prologue, no ids of its own, the colours of the page."""
    import matplotlib

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', f'<svg role="img" aria-label="{escape(description)}"', text)
    for role, colour in asdict(PAGE).items():
        text = text.replace(colour, f"var(--{role})")
    return text
