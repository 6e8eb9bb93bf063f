"""What was traded outside this desk: which holdings lost what, at what price, and what came back.

Pure. A person at the broker's own page, or the broker's risk desk before the close, may buy back a short or sell a
cover: whatever is left is ours to watch, and a short without its cover ours to repair. A broker that showed too little
for a while shows it again: it is taken up where it left. Rules: CS-572, CS-413, R5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from gammacore.domain.dollars import to_cents
from gammacore.domain.holding_events import HoldingAdjusted
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import OrderReport
from gammacore.domain.sessions import new_york_date


def adjustments(
    holdings: Iterable[AnyHolding], symbol: str, gap: int, reports: Iterable[OrderReport], at: dt.datetime
) -> tuple[HoldingAdjusted, ...]:
    """What `gap` signed contracts or shares, held less expected, changes in holdings of this symbol, oldest first.

    What is missing comes back first, where it may; then live holdings are brought down, never beyond zero: the rest of
    the gap belongs to another trader. `reports` are the broker's orders that no book knows.
    """
    known, price = tuple(holdings), outside_price(symbol, gap, reports)
    events: list[HoldingAdjusted] = []
    for holding in known:
        if change := part(gap, returnable(holding, symbol, at)):
            gap -= change
            events.append(_came_back(holding, symbol, change, at))
    for holding in known:
        if change := part(gap, -holding.held(symbol) if holding.is_live else 0):
            gap -= change
            events.append(_went(holding, symbol, change, price, at))
    return tuple(events)


def returnable(holding: AnyHolding, symbol: str, at: dt.datetime) -> int:
    """Signed contracts or shares that went missing and may be shown again, until their holding is booked.

    One booked on the same New York date, by a ledger of format 1, may return all the same.
    """
    if (missing := holding.missing.get(symbol)) is None:
        return 0
    may_return = holding.is_live or new_york_date(missing.since) == new_york_date(at)
    return -missing.change if may_return else 0


def taken_back(
    holding: AnyHolding, gained: Mapping[str, int], order: str, at: dt.datetime
) -> Iterator[HoldingAdjusted]:  # fmt: skip
    """What was taken for traded outside at an unknown price, and a late fill of our own `order` now explains.

    The fill brings the true price; without this it would count twice. Rules: CS-410, CS-572.
    """
    for symbol, change in gained.items():
        missing = holding.missing.get(symbol)
        if missing is not None and (back := part(-change, -missing.change)):
            detail = f"{change:+d} {symbol} were the fill of {order}, not traded outside"
            is_guess = missing.price is not None
            yield HoldingAdjusted(at, holding.id, symbol, back, missing.price, detail, is_guess=is_guess)


def _came_back(holding: AnyHolding, symbol: str, change: int, at: dt.datetime) -> HoldingAdjusted:
    price = holding.missing[symbol].price
    detail = f"{change:+d} {symbol} of {holding.id} are at the broker again"
    return HoldingAdjusted(at, holding.id, symbol, change, price, detail, is_guess=price is not None)


def _went(
    holding: AnyHolding, symbol: str, change: int, price: Decimal | None, at: dt.datetime
) -> HoldingAdjusted:  # fmt: skip
    """At the price that the broker's orders show; else of a spread at its worst, of anything else at no gain or loss.

    Only the sides of a spread bound what it can have cost.
    """
    verb = "bought back" if change > 0 else "sold"
    if price is not None:
        detail = f"{abs(change)} {symbol} were {verb} outside this desk at {to_cents(price)}"
        return HoldingAdjusted(at, holding.id, symbol, change, price, detail)
    if holding.plan is not None:
        worst = "the width of its side" if change > 0 else "nothing"
        detail = f"{abs(change)} {symbol} were {verb} outside this desk at an unknown price, counted at {worst}"
        return HoldingAdjusted(at, holding.id, symbol, change, None, detail)
    detail = f"{-change:+d} {symbol} of {holding.id} are gone from the broker; what they brought is not known"
    guess = holding.lots[symbol].average_price
    return HoldingAdjusted(at, holding.id, symbol, change, guess, detail, is_guess=True)


def outside_price(symbol: str, gap: int, reports: Iterable[OrderReport]) -> Decimal | None:
    """The average price, points, of the newest fills that make up exactly this gap; None where none do.

    >>> outside_price("SPXW260105P06880000", 2, []) is None
    True
    """
    side = Side.BUY if gap > 0 else Side.SELL
    newest_first = sorted(reports, key=lambda report: report.at, reverse=True)
    fills = (fill for report in newest_first for fill in report.execution.legs)
    taken: list[LegFill] = []
    for fill in fills:
        if fill.symbol != symbol or fill.side is not side or not fill.quantity:
            continue
        taken.append(fill)
        if sum(one.quantity for one in taken) >= abs(gap):
            break
    return _average(taken) if sum(one.quantity for one in taken) == abs(gap) else None


def _average(fills: Sequence[LegFill]) -> Decimal:
    paid = sum((fill.price * fill.quantity for fill in fills), Decimal(0))
    return paid / sum(fill.quantity for fill in fills)


def part(gap: int, most: int) -> int:
    """As much of the gap as goes the way of `most`, and no further.

    >>> part(-3, -2), part(3, -2)
    (-2, 0)
    """
    if gap * most <= 0:
        return 0
    return min(gap, most) if gap > 0 else max(gap, most)
