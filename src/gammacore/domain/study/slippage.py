"""What fills cost against the quotes of the snapshot that decided, a leg: what `broker.slippage` should be. ST-623."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
from attrs import frozen

from gammacore.domain.instruments import Right, Side
from gammacore.domain.legs import Leg
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.orders import Order
from gammacore.domain.sessions import NEW_YORK


@frozen
class LegSlippage:
    """One leg of one filled order, points against us: above 0 is paid. `mid` and `natural` as of the decision.

    `filled` is against the natural price of the snapshot that filled it, what `broker.slippage` is lost beyond; None
    where that had no quotes. `hour` is New York's; `kind` what the order was for and how, like "entry limit".
    """

    hour: int
    right: Right
    side: Side
    kind: str
    mid: Decimal
    natural: Decimal
    filled: Decimal | None = None


@frozen
class Spread:
    """Mean and quartiles of some figures, points."""

    mean: float
    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[Decimal]) -> Spread:
        """Of one figure or more.

        >>> Spread.of([Decimal("0.05"), Decimal("0.05")]).mean
        0.05
        """
        low, median, high = np.quantile([float(value) for value in values], (0.25, 0.5, 0.75)).tolist()
        mean = float(sum(values) / len(values))
        return cls(*(figure + 0.0 for figure in (mean, low, median, high)))  # never -0.0


@frozen
class SlippageGroup:
    """The legs of one hour, right, side and kind of order; None in all of them: every leg."""

    hour: int | None
    right: Right | None
    side: Side | None
    kind: str | None
    legs: int
    mid: Spread
    natural: Spread
    filled: Spread | None


def legs_of(order: Order, decided_on: MarketSnapshot, filled_on: MarketSnapshot) -> tuple[LegSlippage, ...]:
    """The slippage of each option leg of a filled order; none where a price or a usable quote is not known.

    Where the broker reports the net price alone, what it is off is divided among the legs. Rule: ST-623.
    """
    ticket = order.ticket
    quotes = _quotes(order, decided_on)
    if quotes is None or not order.execution.any:
        return ()
    off_mid = _off(order, [quote.mid for quote in quotes])
    off_natural = _off(order, _naturals(order, quotes))
    if off_mid is None or off_natural is None:
        return ()
    later = _quotes(order, filled_on)
    off_filled: list[Decimal | None] = [None] * len(off_mid)
    if later is not None and (known := _off(order, _naturals(order, later))) is not None:
        off_filled = [*known]
    hour = order.intended_at.astimezone(NEW_YORK).hour
    kind = f"{ticket.purpose} {'market' if ticket.is_market else 'limit'}"
    return tuple(
        LegSlippage(hour, leg.contract.right, leg.side, kind, mid, natural, filled)
        for leg, mid, natural, filled in zip(ticket.option_legs, off_mid, off_natural, off_filled, strict=True)
    )


def _quotes(order: Order, snapshot: MarketSnapshot) -> list[Quote] | None:
    """The usable quote of every leg; None where one is missing, or the order is of shares."""
    quotes = [snapshot.quote(leg.contract) for leg in order.ticket.option_legs]
    known = [quote for quote in quotes if quote is not None]
    return known if known and len(known) == len(quotes) else None


def _naturals(order: Order, quotes: Sequence[Quote]) -> list[Decimal]:
    return [_natural(leg, quote) for leg, quote in zip(order.ticket.option_legs, quotes, strict=True)]


def _natural(leg: Leg, quote: Quote) -> Decimal:
    return quote.bid if leg.side is Side.SELL else quote.ask


def _off(order: Order, prices: Sequence[Decimal]) -> list[Decimal] | None:
    """What each leg's fill was worse than these prices, points; None where no price is reported."""
    ticket, execution = order.ticket, order.execution
    legs = ticket.option_legs
    filled = {fill.symbol: fill.price for fill in execution.legs if fill.price > 0}
    if all(leg.symbol in filled for leg in legs):
        return [leg.side.sign * (filled[leg.symbol] - price) for leg, price in zip(legs, prices, strict=True)]
    if execution.price is None:
        return None
    at_prices = sum((-leg.side.sign * leg.ratio * price for leg, price in zip(legs, prices, strict=True)), Decimal(0))
    off = at_prices - ticket.effect.sign * execution.price
    return [off / sum(leg.ratio for leg in legs)] * len(legs)


def group_slippage(legs: Iterable[LegSlippage]) -> tuple[SlippageGroup, ...]:
    """All legs together first, then by hour, right, side and kind of order. Rule: ST-623."""
    every = tuple(legs)
    if not every:
        return ()
    keys = sorted({(one.hour, one.right, one.side, one.kind) for one in every})
    groups = [_group(None, None, None, None, every)]
    for hour, right, side, kind in keys:
        some = [one for one in every if (one.hour, one.right, one.side, one.kind) == (hour, right, side, kind)]
        groups.append(_group(hour, right, side, kind, some))
    return tuple(groups)


def _group(
    hour: int | None, right: Right | None, side: Side | None, kind: str | None, legs: Sequence[LegSlippage]
) -> SlippageGroup:
    mid, natural = (Spread.of([getattr(one, name) for one in legs]) for name in ("mid", "natural"))
    filled = [one.filled for one in legs if one.filled is not None]
    return SlippageGroup(hour, right, side, kind, len(legs), mid, natural, Spread.of(filled) if filled else None)
