"""Small option chains, written row by row, for the tests of exposure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from gammacore.domain.market import OptionChain

NAN = float("nan")
TODAY = dt.date(2026, 8, 19)
TEN_O_CLOCK = dt.datetime(2026, 8, 19, 14, 0, tzinfo=dt.UTC)


@frozen
class Row:
    """One contract: strike, right, and what is known of it; by default an SPXW contract of today without quotes."""

    strike: float
    is_call: bool
    open_interest: float = 100.0
    iv: float = NAN
    gamma: float = NAN
    bid: float = NAN
    ask: float = NAN
    expiry: dt.date = TODAY
    root: str = "SPXW"


def a_chain(rows: Sequence[Row], as_of: dt.datetime = TEN_O_CLOCK, underlying: str = "SPX") -> OptionChain:
    """The rows as one chain, all quoted at its instant."""
    roots = tuple(dict.fromkeys(row.root for row in rows))
    return OptionChain(
        underlying,
        as_of,
        roots,
        strike=[row.strike for row in rows],
        is_call=[row.is_call for row in rows],
        expiry=np.array([row.expiry for row in rows], dtype="datetime64[D]"),
        root=[roots.index(row.root) for row in rows],
        bid=[row.bid for row in rows],
        ask=[row.ask for row in rows],
        open_interest=[row.open_interest for row in rows],
        iv=[row.iv for row in rows],
        gamma=[row.gamma for row in rows],
        quoted_at=[as_of.timestamp()] * len(rows),
    )
