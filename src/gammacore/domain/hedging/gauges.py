"""Where each book stands, for people and for monitors; nothing here ever influences a decision. DH-1004, DH-1007."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from gammacore.domain.hedging.book import DeskBook
from gammacore.domain.hedging.intents import net_delta


@frozen
class BookGauges:
    """One book as it is now. Greeks are Σ greek × contracts × multiplier; a missing one counts 0 and is counted.

    `net_delta` in contract-deltas; profits, fees and slippage in dollars; `open_profit` None without a price.
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
    realised_profit: Decimal
    open_profit: Decimal | None
    fees: Decimal
    slippage: Decimal


def gauges(book: DeskBook) -> tuple[BookGauges, ...]:
    """Every book's gauges, by hedge share; computed when asked, for an event must not pay for them."""
    return tuple(_gauges(book, share) for share in sorted(book.hedge_books))


def _gauges(book: DeskBook, share: str) -> BookGauges:
    hedge_book = book.hedge_books[share]
    shares = hedge_book.shares
    held = [holding for holding in book.holdings.values() if holding.listing.book == share]
    sums = {"gamma": Decimal(0), "theta": Decimal(0), "vega": Decimal(0)}
    missing = 0
    for holding in held:
        for name in sums:
            greek = getattr(holding, name)
            if greek is None:
                missing += 1
            else:
                sums[name] += greek * (holding.contracts * holding.listing.multiplier)
    net = hedge_book.options_shares() + shares.held
    mark = book.prices.get(share)
    return BookGauges(
        share, net_delta(net, hedge_book.unit), net, shares.filled, shares.in_flight, len(held), sums["gamma"],
        sums["theta"], sums["vega"], missing, shares.realised,
        None if mark is None else shares.open_profit(mark[0]), shares.fees, shares.slippage,
    )  # fmt: skip
