"""Where each book stands, for people and for monitors; nothing here ever influences a decision. DH-1004, DH-1007."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

import attrs
from attrs import define, field, frozen

from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.step import REFUSED
from gammacore.domain.hedging.decision import base_threshold, net_delta, with_band
from gammacore.domain.hedging.exposure import sum_greeks
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.regime.regime import Regime

BUCKETS_SECONDS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1.0)
"""Upper bounds: a decision is tens of microseconds, one that waits for a document or a disk milliseconds."""


@frozen
class Sample:
    """One figure of a metric, under its labels; `kind` is counter, gauge or histogram."""

    name: str
    value: float
    labels: Mapping[str, str] = {}  # never written to
    kind: str = "gauge"


@define(eq=False)
class Histogram:
    """How often something took how long, by buckets that include their upper bound.

    >>> times = Histogram((0.1, 1.0))
    >>> for seconds in (0.1, 0.5, 7): times.observe(seconds)
    >>> times.counts, times.total
    ([1, 1, 1], 7.6)
    """

    bounds: tuple[float, ...] = BUCKETS_SECONDS
    counts: list[int] = field()
    total: float = 0.0

    @counts.default
    def _none_yet(self) -> list[int]:
        return [0] * (len(self.bounds) + 1)

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def samples(self, name: str) -> Iterator[Sample]:
        """Cumulative counts by upper bound, sum and count, as monitors read them."""
        seen = 0
        for bound, count in zip((*map(repr, self.bounds), "+Inf"), self.counts, strict=True):
            seen += count
            yield Sample(f"{name}_bucket", seen, {"le": bound}, "histogram")
        yield Sample(f"{name}_sum", self.total, kind="histogram")
        yield Sample(f"{name}_count", seen, kind="histogram")


@define(eq=False)
class HedgeCounts:
    """What happened to the inputs, why nothing came of them, and the intents by kind.

    >>> counts = HedgeCounts(inputs=3, refusals=Counter(duplicate=1, below_threshold=1))
    >>> counts.taken, counts.refused
    (2, 1)
    """

    inputs: int = 0
    refusals: Counter[str] = field(factory=Counter)
    intents: Counter[str] = field(factory=Counter)

    @property
    def refused(self) -> int:
        """Inputs that changed nothing at all. Rule: DH-704."""
        return sum(self.refusals[code] for code in REFUSED)

    @property
    def taken(self) -> int:
        return self.inputs - self.refused


ZERO = Decimal(0)


@frozen
class BookGauges:
    """One book as it is now. Greeks are Σ greek × contracts × multiplier; a missing one counts 0 and is counted.

    `net_delta` and `threshold` in contract-deltas, `price` of the hedge share in points; profits, fees and slippage in
    dollars; `hedge_pnl_open` None without a price, `gex_value` None while dealer gamma is unknown.
    """

    share: str
    net_delta: Decimal
    net_shares: Decimal
    hedge_shares: int
    in_flight_shares: int
    positions: int
    gamma: Decimal
    theta: Decimal
    vega: Decimal
    greeks_missing: int
    hedge_pnl_realised: Decimal
    hedge_pnl_open: Decimal | None
    hedge_fees: Decimal
    hedge_slippage: Decimal
    threshold: Decimal
    gex_value: Decimal | None = None
    price: Decimal | None = None


COUNTED = frozenset({"hedge_fees", "hedge_slippage"})
"""Sums that only grow by fills: counters to a monitor, though slippage may be negative."""


def gauges(
    book: DeskBook, settings: HedgingSettings, regime_of: Callable[[str], Regime | None] = lambda _: None
) -> tuple[BookGauges, ...]:
    """Every book's gauges, by hedge share; computed when asked, for an event must not pay for them.

    `regime_of` is the regime a book was last decided under; asking must not read anything.
    """
    return tuple(
        _gauges(book, share, settings, regime_of(share) or Regime()) for share in sorted(book.hedge_books)
    )  # fmt: skip


def _gauges(book: DeskBook, share: str, settings: HedgingSettings, regime: Regime) -> BookGauges:
    hedge_book = book.hedge_books[share]
    shares = hedge_book.shares
    held = [holding for holding in book.holdings.values() if holding.listing.book == share]
    sums = sum_greeks(held)
    net = book.net_shares(hedge_book, settings.count_hedges)
    mark = book.prices.get(share)
    price = None if mark is None else mark[0]
    return BookGauges(
        share=share,
        net_delta=net_delta(net, hedge_book.unit),
        net_shares=net,
        hedge_shares=shares.filled,
        in_flight_shares=shares.in_flight,
        positions=len(held),
        gamma=sums.gamma,
        theta=sums.theta,
        vega=sums.vega,
        greeks_missing=sums.missing,
        hedge_pnl_realised=shares.realised,
        hedge_pnl_open=None if price is None else shares.open_profit(price),
        hedge_fees=shares.fees,
        hedge_slippage=shares.slippage,
        threshold=with_band(settings, base_threshold(settings, regime), hedge_book.contracts),
        gex_value=regime.gex.value,
        price=price,
    )


def beta_weighted_delta(books: Iterable[BookGauges], betas: Mapping[str, Decimal]) -> Decimal | None:
    """Dollars that all books gain when the market rises 1 %: Σ net shares × price × beta / 100. Rule: DH-1008.

    For reports only. None where betas are off, or a book that is not flat lacks its beta or its price: a total without
    it would be wrong.
    """
    if not betas:
        return None
    total = ZERO
    for book in books:
        beta = betas.get(book.share)
        if book.net_shares == 0:
            continue
        if beta is None or book.price is None:
            return None
        total += book.net_shares * book.price * beta / 100
    return total


def gauge_samples(books: Iterable[BookGauges]) -> Iterator[Sample]:
    """The gauges as monitors read them, each by book; what is unknown is not shown."""
    for book in books:
        for name, value in attrs.asdict(book).items():
            if name not in ("share", "price") and value is not None:
                yield Sample(name, float(value), {"book": book.share}, "counter" if name in COUNTED else "gauge")


def hedge_samples(
    settings: HedgingSettings,
    counts: HedgeCounts,
    gex_reads: Counter[tuple[str, str]],
    books: tuple[BookGauges, ...],
    decision_time: Histogram,
) -> Iterator[Sample]:
    """Every metric of DH-1007; the beta-weighted total of DH-1008 where betas are set."""
    for outcome in ("taken", "refused"):
        yield Sample("events", getattr(counts, outcome), {"outcome": outcome}, "counter")
    for kind, number in sorted(counts.intents.items()):
        yield Sample("intents", number, {"kind": str(kind)}, "counter")
    for reason, number in sorted(counts.refusals.items()):
        yield Sample("refusals", number, {"reason": str(reason)}, "counter")
    for (source, status), number in sorted(gex_reads.items()):
        yield Sample("gex_reads", number, {"source": source, "status": status}, "counter")
    yield from gauge_samples(books)
    if (total := beta_weighted_delta(books, settings.book_betas)) is not None:
        yield Sample("beta_weighted_delta", float(total))
    yield from decision_time.samples("decision_seconds")
