"""A figure of a report: what it is called, what it is, in which unit and in which tone; every renderer lays these out.

A figure with a `label` is shown to people, one with a `key` to programs, one with a `column` in the journal CSV.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, assert_never

from attrs import frozen

from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.judged_entry import EntryOutcome
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.verdicts import Outcome

UNKNOWN = "–"


class Tone(StrEnum):
    """How a figure or a line is meant; each renderer has one table of its colours."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    GAIN = "gain"
    LOSS = "loss"
    DOUBT = "doubt"
    URGENT = "urgent"
    CALLS = "calls"
    PUTS = "puts"
    CONDOR = "condor"

    @classmethod
    def of(cls, amount: Decimal) -> Tone:
        """Of a gain or a loss."""
        return cls.GAIN if amount > 0 else cls.LOSS if amount < 0 else cls.PLAIN


class Unit(StrEnum):
    """What a value is counted in. Renderers for people use `Figure.text`; JSON and CSV write by unit."""

    AS_IT_IS = "as it is"  # words, or for programs any value that has a form of its own
    COUNT = "count"
    CHANGE = "change"  # a count with its sign
    COUNTS = "counts"  # how many by name; for people their sum
    DOLLARS = "dollars"
    GAIN = "gain"  # dollars, the sign is the news
    POINTS = "points"  # what one spread, option or share costs, to the cent
    FILL = "fill"  # points, for programs as exact as an average is
    PRICE = "price"  # of the underlying, a strike or VIX, as it is quoted
    DELTA = "delta"  # contract-deltas
    PART = "part"  # of one, in percent
    RATE = "rate"  # a part in whole percents
    RETURN = "return"  # a part that is won or lost
    FACTOR = "factor"
    MINUTES = "minutes"
    INSTANT = "instant"

    @property
    def is_number(self) -> bool:
        """Whether values stand below one another by their last digit."""
        return self not in (Unit.AS_IT_IS, Unit.INSTANT)


@frozen
class Figure:
    """One figure of a report; a `note` stands small beside its value.

    >>> Figure("P/L, gross", Decimal("-34.5"), Unit.GAIN, Tone.LOSS, "pnl").text
    '-$34.50'
    """

    label: str
    value: Any
    unit: Unit = Unit.AS_IT_IS
    tone: Tone = Tone.PLAIN
    key: str = ""
    column: str = ""
    note: str = ""

    @classmethod
    def gain(cls, label: str, amount: Decimal | None, key: str = "", column: str = "") -> Figure:
        """Dollars won or lost; None while that is not known."""
        return cls(label, amount, Unit.GAIN, Tone.PLAIN if amount is None else Tone.of(amount), key, column)

    @classmethod
    def fact(cls, key: str, value: Any, unit: Unit = Unit.AS_IT_IS, column: str = "") -> Figure:
        """For programs alone."""
        return cls("", value, unit, Tone.PLAIN, key, column)

    @property
    def text(self) -> str:
        """The value as people read it; a dash where it is not known."""
        value = self.value
        if value is None:
            return UNKNOWN
        match self.unit:
            case Unit.AS_IT_IS | Unit.PRICE:
                return str(value)
            case Unit.COUNT:
                return f"{value:,}"
            case Unit.CHANGE:
                return f"{value:+,d}"
            case Unit.COUNTS:
                return f"{sum(value.values()):,}"
            case Unit.DOLLARS:
                return dollars(value)
            case Unit.GAIN:
                return signed_dollars(value)
            case Unit.POINTS | Unit.FILL:
                return f"{value:.2f}"
            case Unit.DELTA:
                return delta_text(value)
            case Unit.PART:
                return f"{float(value):.1%}"
            case Unit.RATE:
                return f"{float(value):.0%}"
            case Unit.RETURN:
                return f"{float(value):+.1%}"
            case Unit.FACTOR:
                return "∞" if value == math.inf else f"{float(value):.2f}"
            case Unit.MINUTES:
                return "1 minute" if value == 1 else f"{value} minutes"
            case Unit.INSTANT:
                return clock_text(value)
            case _:
                assert_never(self.unit)

    @property
    def full_text(self) -> str:
        """The value with its note in brackets."""
        return f"{self.text} ({self.note})" if self.note else self.text


Figures = tuple[Figure, ...]


@frozen
class Section:
    """Rows of figures that stand below one another; of each row the labels are the columns. `key` is for programs."""

    title: str
    rows: tuple[Figures, ...]
    key: str = ""


def labelled(figures: Iterable[Figure]) -> Figures:
    """Those that people see."""
    return tuple(figure for figure in figures if figure.label)


def known(figures: Iterable[Figure]) -> Figures:
    """Those that people see, without what does not apply, or is not known while a trade is open."""
    return tuple(figure for figure in labelled(figures) if figure.value is not None)


def pick(figures: Iterable[Figure], *keys: str) -> Figures:
    """Those of these keys, in this order."""
    by_key = {figure.key: figure for figure in figures}
    return tuple(by_key[key] for key in keys)


OUTCOMES: Mapping[Outcome, tuple[str, Tone]] = {
    Outcome.PASS: ("✓", Tone.GAIN),
    Outcome.SKIP: ("✗", Tone.LOSS),
    Outcome.UNKNOWN: ("?", Tone.DOUBT),
    Outcome.NOT_JUDGED: ("·", Tone.MUTED),
}
"""The sign and the tone of a filter's verdict."""

ENTRY_OUTCOMES: Mapping[EntryOutcome, tuple[str, Tone]] = {
    EntryOutcome.FILLED: ("taken", Tone.GAIN),
    EntryOutcome.SKIPPED: ("skipped", Tone.MUTED),
    EntryOutcome.WORKING: ("working", Tone.DOUBT),
    EntryOutcome.UNFILLED: ("not filled", Tone.DOUBT),
}
"""What became of a scheduled entry, as people read it."""


def clock_text(instant: dt.datetime) -> str:
    """New York's clock, to the second only when there are seconds."""
    local = instant.astimezone(NEW_YORK)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def date_clock_text(instant: dt.datetime) -> str:
    """New York's date and clock, to the minute."""
    return f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def code_text(code: str) -> str:
    """A code as words: `profit_target` is profit target, a strategy's tag gets a capital.

    >>> code_text("profit_target"), code_text("PUT_SPREAD")
    ('profit target', 'Put spread')
    """
    words = code.replace("_", " ")
    return words if words.islower() else words.capitalize()


def delta_text(delta: Decimal) -> str:
    """Contract-deltas with their sign, to the thousandth.

    >>> delta_text(Decimal("-0.19753528")), delta_text(Decimal("-0.0002"))
    ('-0.198', '+0.000')
    """
    return f"{round(delta, 3) + 0:+.3f}"
