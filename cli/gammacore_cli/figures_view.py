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


WORDS = ("group", "reason", "working order", "holding", "intent", "awaited intent")
"""Columns that a narrow screen breaks first."""
SHORTEST = 5
"""Characters of a heading that are never broken."""


@frozen
class SectionTable:
    """The rows of a section, `most` of them, as a table; `below` stands under the reason of each row.

    Numbers are never broken. Where the screen is too narrow, headings are broken; where that is not enough, what does
    not fit ends in "…", by which `output.show` knows that it must print wider.
    """

    section: Section
    most: int | None = None
    below: tuple[str, ...] = ()
    title: str = ""
    gap: int = 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = [(figure, longest) for figure, longest in self._columns if figure.label not in WORDS]
        narrowest = sum(longest + self.gap for _, longest in columns)
        whole = sum(max(longest, *map(len, figure.label.split())) + self.gap for figure, longest in columns)
        yield self._table(breaks=narrowest <= options.max_width < whole)

    @property
    def _columns(self) -> list[tuple[Figure, int]]:
        """A figure of each column, and the characters of its longest value."""
        columns = list(zip(*map(labelled, self.section.rows), strict=True))
        lengths = [
            max(min(len(column[0].label), SHORTEST), *(len(line) for one in column for line in one.text.split("\n")))
            for column in columns
        ]
        return [(column[0], length) for column, length in zip(columns, lengths, strict=True)]

    def _table(self, *, breaks: bool) -> Table:
        title = self.title or None
        table = Table(box=None, padding=(0, self.gap, 0, 0), header_style="dim", expand=bool(self.below),
                      title=title, title_style="dim", title_justify="left")  # fmt: skip
        for figure, longest in self._columns:
            if figure.label in WORDS:
                table.add_column(figure.label, ratio=1 if self.below else None, overflow="fold")
            else:
                table.add_column(
                    figure.label if len(figure.label) <= longest else figure.label.replace(" ", "\n"),
                    justify="right" if figure.unit.is_number else "left",
                    no_wrap=not breaks,
                    width=longest if breaks else None,
                    overflow="fold" if breaks else "ellipsis",
                )
        for number, row in enumerate(self.section.rows[: self.most]):
            under = f"\n{self.below[number]}" if self.below else ""
            table.add_row(*(value(one) + (under if one.label in WORDS else "") for one in labelled(row)))
        if self.most is not None and (left := len(self.section.rows) - self.most) > 0:
            table.add_row("", f"[dim]… {left} more[/]")
        return table
