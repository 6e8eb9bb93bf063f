"""How trades are drawn from a record: one by one, in runs, in whole days, or by the VIX of the record's own order.

A mode states which random numbers it needs, and turns them into trades; the numbers are drawn elsewhere and handed in
(ST-004). Rules: ST-403, ST-404.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gammacore.domain.columns import Floats
from gammacore.domain.reports.review import VixRegime
from gammacore.domain.sizing.on_paths import Codes
from gammacore.domain.study.record import ClosedTrade
from gammacore.errors import InvalidInput

USUAL_LENGTH = 10
"""Trades of a block. Ours."""


class DrawKind(StrEnum):
    TRADE = "trade"
    BLOCK = "block"
    DAY = "day"
    REGIME = "regime"


@frozen
class DrawMode:
    """What is drawn at a time; `length` is the trades of a block. Rule: ST-404.

    >>> str(DrawMode.parse("block")), str(DrawMode.parse("block:25")), str(DrawMode.parse("day"))
    ('block:10', 'block:25', 'day')
    """

    kind: DrawKind = DrawKind.TRADE
    length: int = USUAL_LENGTH

    @classmethod
    def parse(cls, text: str) -> DrawMode:
        name, colon, number = text.partition(":")
        try:
            kind, length = DrawKind(name), int(number) if colon else USUAL_LENGTH
        except ValueError:
            kind, length = DrawKind.TRADE, 0
        if length < 1 or (colon and kind is not DrawKind.BLOCK):
            raise InvalidInput("mode", text, "give trade, block:L, day or regime, L at least 1")
        return cls(kind, length)

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.length}" if self.kind is DrawKind.BLOCK else self.kind.value


@frozen(eq=False)
class Drawing:
    """A mode over one record: each path takes `columns` whole numbers below `below`, of 0..1 where that is None."""

    mode: DrawMode
    steps: int
    columns: int
    below: int | None
    groups: tuple[NDArray[np.intp], ...] = ()
    """Numbers of the trades of each date, or of each VIX band, in the record's order."""
    group_of_step: NDArray[np.intp] | None = None

    @classmethod
    def of(cls, mode: DrawMode, record: Sequence[ClosedTrade], steps: int) -> Drawing:
        """How `steps` trades a path are drawn from a record.

        Raises:
            InvalidInput: blocks longer than the record, days without dates, bands without VIX.
        """
        trades = len(record)
        match mode.kind:
            case DrawKind.TRADE:
                return cls(mode, steps, steps, trades)
            case DrawKind.BLOCK:
                if mode.length > trades:
                    raise InvalidInput("mode", mode, f"give blocks of at most the {trades} trades of the record")
                return cls(mode, steps, -(-steps // mode.length), trades)
            case DrawKind.DAY:
                dates = _groups([_date(trade) for trade in record])
                return cls(mode, steps, steps, len(dates), dates)
            case DrawKind.REGIME:
                bands = [_band(trade) for trade in record]
                place = {band: number for number, band in enumerate(dict.fromkeys(bands))}
                each = np.array([place[band] for band in bands], dtype=np.intp)
                return cls(mode, steps, steps, None, _groups(bands), each[np.arange(steps) % trades])
            case _:
                assert_never(mode.kind)

    def trades(self, drawn: NDArray[np.int64] | Floats) -> Codes:
        """Numbers of the trades, steps × paths, of what was drawn, paths × `columns`."""
        match self.mode.kind:
            case DrawKind.TRADE:
                indices = drawn
            case DrawKind.BLOCK:
                assert self.below is not None
                run = np.arange(self.mode.length)
                indices = ((drawn[:, :, None] + run) % self.below).reshape(len(drawn), -1)[:, : self.steps]
            case DrawKind.DAY:
                indices = self._days(drawn.astype(np.intp))
            case DrawKind.REGIME:
                indices = self._bands(np.asarray(drawn, dtype=float))
            case _:
                assert_never(self.mode.kind)
        return np.ascontiguousarray(indices.T, dtype=np.intp)

    def _days(self, dates: NDArray[np.intp]) -> Codes:
        """Each date brings its trades in order, until there are enough."""
        lengths = np.array([len(group) for group in self.groups])
        brought = lengths[dates]
        begun = np.cumsum(brought, axis=1) - brought
        taken = np.clip(self.steps - begun, 0, brought).ravel()  # each path takes exactly its steps
        first = (np.cumsum(lengths) - lengths)[dates].ravel()
        within = np.arange(len(dates) * self.steps) - np.repeat(np.cumsum(taken) - taken, taken)
        indices: Codes = np.concatenate(self.groups)[np.repeat(first, taken) + within].reshape(len(dates), self.steps)
        return indices

    def _bands(self, parts: Floats) -> Codes:
        """Step j takes the trade at its part of the trades of the band that record trade j, around again, is in."""
        assert self.group_of_step is not None
        lengths = np.array([len(group) for group in self.groups])
        counts = lengths[self.group_of_step]
        within = np.minimum(np.floor(parts * counts).astype(np.intp), counts - 1)
        indices: Codes = np.concatenate(self.groups)[(np.cumsum(lengths) - lengths)[self.group_of_step] + within]
        return indices


def has_dates(record: Sequence[ClosedTrade]) -> bool:
    """Whether every trade has its date, so that whole days can be drawn."""
    return all(trade.date or trade.booked_on for trade in record)


def _groups(keys: Sequence[object]) -> tuple[NDArray[np.intp], ...]:
    """The places of each key, keys in order of appearance."""
    places: dict[object, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return tuple(np.array(group, dtype=np.intp) for group in places.values())


def _date(trade: ClosedTrade) -> dt.date:
    if (date := trade.date or trade.booked_on) is None:
        raise InvalidInput("mode", "day", f"draw trade or block:10: trade {trade.id} has no date")
    return date


def _band(trade: ClosedTrade) -> VixRegime:
    if trade.vix is None or (band := VixRegime.of(trade.vix)) is VixRegime.UNKNOWN:
        raise InvalidInput("mode", "regime", f"draw day or block:10: trade {trade.id} has no VIX")
    return band
