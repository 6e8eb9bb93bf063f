"""Which 0DTE option a signal buys: the candidates of one expiry, the score among them, and the limit of its order.

Rules: SC-326..330.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum

import numpy as np
from attrs import field, frozen

from gammacore.domain.columns import Floats
from gammacore.domain.instruments import OptionContract, Right, Ticks, Underlying, tick_floor
from gammacore.domain.market import OptionChain, from_float
from gammacore.domain.pricing.option_model import exact_figure
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Direction

STANDARD_DELTA = Decimal("0.30")
DELTA_BAND = Decimal("0.10")
STRIKE_REACH = Decimal("0.015")
WIDEST = Decimal("0.10")
LEAST_VOLUME, LEAST_OPEN_INTEREST = 50, 500
USUAL_IV = Decimal("0.20")
REFUSALS = ("strike", "quote_missing", "locked", "quote_stale", "spread", "no_greeks", "delta", "activity")
"""Why a row is no candidate, in the order in which it is asked. Rule: SC-328."""
OVERPAY, FREE_FEED_EXTRA = Decimal("1.02"), Decimal("0.02")


@frozen(eq=False)
class ModelColumns:
    """What our own model says of each row of a chain: delta per share and implied volatility; NaN: it cannot say."""

    delta: Floats
    iv: Floats


OptionModel = Callable[[OptionChain, Decimal], ModelColumns]
"""Prices the rows of a chain at a price of the underlying, points; as many rows in the columns as in the chain."""


class StockFeed(StrEnum):
    """Where share quotes come from: all exchanges (sip), or the free feed of one (iex), which is to be trusted less."""

    SIP = "sip"
    IEX = "iex"


class ExpiryChoice(StrEnum):
    """today: the session's own date alone; nearest: the next listed one, for recordings without it. Rule: SC-327."""

    TODAY = "today"
    NEAREST = "nearest"


def right_bought(direction: Direction) -> Right | None:
    """Calls when bullish, puts when bearish; None without a direction. Rule: SC-326."""
    return {Direction.BULLISH: Right.CALL, Direction.BEARISH: Right.PUT}.get(direction)


def expiry_of(chain: OptionChain, today: dt.date, choice: ExpiryChoice = ExpiryChoice.TODAY) -> dt.date | None:
    """The expiry that is traded; None is `no_expiry_today`. Rule: SC-327."""
    listed = {date for date in np.unique(chain.expiry).tolist() if date >= today}
    if today in listed:
        return today
    return min(listed, default=None) if choice is ExpiryChoice.NEAREST else None


@frozen
class OptionCandidate:
    """One option that may be bought: its quote, points, our delta, its activity; missing counts are 0.

    `iv` None scores nothing. Rules: SC-328, SC-329.
    """

    contract: OptionContract
    bid: Decimal
    ask: Decimal
    delta: Decimal
    volume: int = 0
    open_interest: int = 0
    iv: Decimal | None = None
    wanted: Decimal = STANDARD_DELTA

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2

    @property
    def width(self) -> Decimal:
        """Spread over mid."""
        return (self.ask - self.bid) / self.mid

    @property
    def delta_gap(self) -> Decimal:
        """How far |delta| is from the one wanted."""
        return abs(abs(self.delta) - self.wanted)

    @property
    def score(self) -> Decimal:
        return option_score(self.delta_gap, self.volume, self.open_interest, self.width, self.iv)


def option_score(delta_gap: Decimal, volume: int, open_interest: int, width: Decimal, iv: Decimal | None) -> Decimal:
    """Up to 40 for delta, 30 for activity, 20 for a narrow spread (over mid), 10 for a usual volatility. Rule: SC-329.

    >>> option_score(Decimal("0.05"), 1200, 0, Decimal("0.02"), Decimal("0.16"))
    Decimal('70.0')
    """
    activity = min(Decimal(100), (volume + Decimal(open_interest) / 10) / 10)
    calm = Decimal(0) if iv is None else max(Decimal(0), 1 - abs(iv - USUAL_IV) / USUAL_IV)
    narrow = 1 - min(width / Decimal("0.05"), Decimal(1))
    return 40 * (1 - delta_gap / DELTA_BAND) + Decimal("0.3") * activity + 20 * narrow + 10 * calm


@frozen
class OptionSearch:
    """The candidates of one expiry and right, and how many rows were refused, by the first reason."""

    found: tuple[OptionCandidate, ...]
    refused: dict[str, int] = field(factory=dict)

    @property
    def best(self) -> OptionCandidate | None:
        """The largest score; ties: delta nearer to the one wanted, lower ask, symbol. Rule: SC-329."""
        ranked = sorted(self.found, key=lambda one: (-one.score, one.delta_gap, one.ask, one.contract.occ))
        return ranked[0] if ranked else None

    @property
    def verdict(self) -> Verdict:
        """Passed with the best, or `no_contract` with the count of each refusal. Rule: SC-328."""
        if (best := self.best) is not None:
            return Verdict.ok(best.contract.occ, f"score {best.score:.1f}")
        counts = ", ".join(f"{reason} {count}" for reason, count in self.refused.items())
        return Verdict.skip("no_contract", counts or "no contract listed")


@frozen(eq=False)
class OptionQuery:
    """What is searched: the chain of the one expiry, the right, the price of the underlying, points, and our model.

    A quote is older than `oldest` seconds at `now`, and its row is refused. `wanted` is the delta aimed at.
    """

    chain: OptionChain
    right: Right
    price: Decimal
    underlying: Underlying
    model: OptionModel
    now: dt.datetime
    oldest: float
    wanted: Decimal = STANDARD_DELTA

    def search(self) -> OptionSearch:
        """Every candidate; the model is asked of the rows alone that pass what needs no model. Rule: SC-328."""
        is_right = self.chain.is_call == (self.right is Right.CALL)
        refusals = {int(row): self._refusal(int(row)) for row in np.flatnonzero(is_right)}
        rows = np.array([row for row, reason in refusals.items() if reason is None], dtype=np.int64)
        refused = Counter(reason for reason in refusals.values() if reason is not None)
        found: list[OptionCandidate] = []
        for row, judged in self._judged(rows):
            if isinstance(judged, str):
                refused[judged] += 1
            else:
                found.append(self._candidate(row, *judged))
        return OptionSearch(tuple(found), {reason: refused[reason] for reason in REFUSALS if refused[reason]})

    def _refusal(self, row: int) -> str | None:
        chain = self.chain
        strike = from_float(float(chain.strike[row]))
        if abs(strike - self.price) > STRIKE_REACH * self.price:
            return "strike"
        bid, ask = float(chain.bid[row]), float(chain.ask[row])
        if not (bid > 0 and ask > 0):
            return "quote_missing"
        if ask == bid:
            return "locked"
        if self.now.timestamp() - float(chain.quoted_at[row]) > self.oldest:
            return "quote_stale"
        low, high = from_float(bid), from_float(ask)
        return "spread" if high - low > WIDEST * (low + high) / 2 else None

    def _judged(self, rows: np.ndarray) -> Iterator[tuple[int, str | tuple[Decimal, Decimal | None]]]:
        """Each row with its delta and volatility, or the refusal that needed the model."""
        if not len(rows):
            return
        mask = np.zeros(len(self.chain), dtype=bool)
        mask[rows] = True
        columns = self.model(self.chain.select(mask), self.price)
        for row, delta, iv in zip(rows.tolist(), columns.delta.tolist(), columns.iv.tolist(), strict=True):
            if not np.isfinite(delta):
                yield row, "no_greeks"
                continue
            exact = exact_figure(delta)
            if abs(abs(exact) - self.wanted) > DELTA_BAND:
                yield row, "delta"
            elif self._volume(row) < LEAST_VOLUME and self._interest(row) < LEAST_OPEN_INTEREST:
                yield row, "activity"
            else:
                yield row, (exact, exact_figure(iv) if np.isfinite(iv) else None)

    def _candidate(self, row: int, delta: Decimal, iv: Decimal | None) -> OptionCandidate:
        bid, ask = (from_float(float(column[row])) for column in (self.chain.bid, self.chain.ask))
        contract = self.chain.contract(row, self.underlying)
        return OptionCandidate(contract, bid, ask, delta, self._volume(row), self._interest(row), iv, self.wanted)

    def _volume(self, row: int) -> int:
        return _counted(float(self.chain.volume[row]))

    def _interest(self, row: int) -> int:
        return _counted(float(self.chain.open_interest[row]))


def _counted(figure: float) -> int:
    """Missing counts as 0. Rule: SC-328."""
    return 0 if np.isnan(figure) else int(figure)


def entry_limit(ask: Decimal, ticks: Ticks, feed: StockFeed = StockFeed.SIP) -> Decimal:
    """What an option is bought for at most: 2 % above the ask, 0.02 more on the free feed, never below the ask.

    Rounded down to the tick. Rules: SC-006, SC-330.

    >>> from gammacore.domain.instruments import PENNY
    >>> entry_limit(Decimal("0.80"), PENNY), entry_limit(Decimal("0.80"), PENNY, StockFeed.IEX)
    (Decimal('0.81'), Decimal('0.83'))
    """
    price = ask * OVERPAY + (FREE_FEED_EXTRA if feed is StockFeed.IEX else 0)
    return max(tick_floor(price, ticks.single(price)), ask)
