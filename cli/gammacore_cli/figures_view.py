"""Figures on the screen: the colours of their tones, one after another, or as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import frozen
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from gammacore.domain.reports.figures import Figure, Figures, Section, Tone, labelled

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

COLOURS: Mapping[Tone, str] = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.MUTED: "dim",
    Tone.GAIN: "green",
    Tone.LOSS: "red",
    Tone.DOUBT: "yellow",
    Tone.URGENT: "red",
    Tone.CALLS: "red",
    Tone.PUTS: "cyan",
    Tone.CONDOR: "yellow",
}

WIDE = 400
"""Characters in which every block of figures can be measured without a cut."""


def toned(text: str, tone: Tone) -> str:
    """Text in the colour of a tone, as markup."""
    colour = COLOURS[tone]
    return f"[{colour}]{escape(text)}[/]" if colour else escape(text)


def value(figure: Figure) -> str:
    """A figure's value in its tone, as markup."""
    return toned(figure.full_text, figure.tone)


def amount(dollars: Decimal) -> str:
    """A gain green, a loss red."""
    return value(Figure.gain("", dollars))


def in_a_row(figures: Iterable[Figure]) -> str:
    """Figures one after another: "at risk $2,250, held 149 min"."""
    return ", ".join(f"[dim]{escape(figure.label)}[/] {value(figure)}" for figure in figures)


@frozen
class FiguresGrid:
    """Figures in one block: three pairs of label and value across, fewer where the screen is narrow."""

    figures: Figures

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fits = (
            grid
            for across in (3, 2)
            if Measurement.get(console, options.update(width=WIDE), grid := self._grid(across)).maximum
            <= options.max_width
        )
        yield next(fits, self._grid(1))

    def _grid(self, across: int) -> Table:
        grid = Table.grid(padding=(0, 2))
        for _ in range(across):
            grid.add_column(style="dim")
            grid.add_column(justify="right", no_wrap=True)
        pairs = [(escape(figure.label), value(figure)) for figure in labelled(self.figures)]
        rows = -(-len(pairs) // across)
        for row in range(rows):
            grid.add_row(*(cell for pair in pairs[row::rows] for cell in pair))
        return grid


def section_table(section: Section, most: int | None = None, below: Mapping[int, str] | None = None) -> Table:
    """The rows of a section, `most` of them; numbers are never broken, `below` stands under the reason of a row.

    What does not fit ends in "…", by which `output.show` knows that it must print wider.
    """
    rows = [labelled(row) for row in section.rows]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=bool(below))
    for column in zip(*rows, strict=True):
        label, breaks = column[0].label, column[0].label in WORDS
        longest = max((len(line) for one in column for line in one.text.splitlines()), default=0)
        table.add_column(
            label if len(label) <= longest else label.replace(" ", "\n"),
            justify="right" if column[0].unit.is_number else "left",
            no_wrap=not breaks,
            ratio=1 if breaks and below else None,
            overflow="fold" if breaks else "ellipsis",
        )
    for number, row in enumerate(rows[:most]):
        under = "" if not below else f"\n{below[number]}"
        table.add_row(*(value(figure) + (under if figure.label in WORDS else "") for figure in row))
    if most is not None and len(rows) > most:
        table.add_row("", f"[dim]… {len(rows) - most} more[/]")
    return table


WORDS = ("reason", "working order", "holding", "intent", "awaited intent")
"""Columns that a narrow screen breaks first."""
