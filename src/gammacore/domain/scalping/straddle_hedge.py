"""The hedge of a held straddle: its net delta, how many shares bring it to zero, and why nothing is traded.

What is seen, rounded and split at zero is the same as the delta-hedging desk's. Rules: SC-419, SC-438..442, SC-444,
SC-446, SC-447.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

import numpy as np
from attrs import evolve, frozen

from gammacore.domain.hedging.rule import HedgeRule
from gammacore.domain.hedging.share_hedge import GreeksByQuotes, HedgedBook, QuotedOption
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Exercise, Right
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.pricing.option_model import ContractColumns, OptionGreeks, greeks_of
from gammacore.domain.pricing.rates import MarketRates

REFUSALS_IN_A_ROW = 3
"""Hedges the broker refuses before the straddle is closed. Rule: SC-444."""


class NoHedge(StrEnum):
    """Why a hedge decision trades nothing."""

    BELOW_THRESHOLD = "below_threshold"
    BELOW_ONE_SHARE = "below_one_share"
    ORDER_IN_FLIGHT = "order_in_flight"
    HEDGE_COOLDOWN = "hedge_cooldown"
    HEDGE_CAP = "hedge_cap"


@frozen
class StraddleHedge:
    """One straddle, `straddles` of it held, at one instant; `options` is the delta of its legs in shares. SC-438.

    >>> from gammacore.domain.hedging.rule import HedgeRounding
    >>> rule = HedgeRule(Decimal(2), HedgeRounding.HALF_EVEN)
    >>> hedge = StraddleHedge(rule, 1, Decimal("30.00"), held=-7, pending=-20)
    >>> hedge.net, hedge.wanted
    (Decimal('3.00'), -3)
    """

    rule: HedgeRule
    straddles: int
    options: Decimal
    held: int = 0
    pending: int = 0
    last_hedge_at: dt.datetime | None = None
    covered: bool = False

    @classmethod
    def of(cls, rule: HedgeRule, straddles: int, book: HedgedBook, options: Decimal) -> StraddleHedge:
        """A holding's hedge shares beside the delta of its options, which may be an estimate (SC-445)."""
        limits = evolve(
            rule, threshold=rule.threshold * straddles, most_held=EQUITY_OPTION_MULTIPLIER * straddles
        )  # fmt: skip
        return cls(
            limits, straddles, options, book.held, sum(book.in_flight), book.options.last_hedge_at, book.owed != 0
        )  # fmt: skip

    @property
    def net_shares(self) -> Decimal:
        return self.options + self.held + self.pending

    @property
    def net(self) -> Decimal:
        """Shares a straddle: what the threshold is compared with."""
        return self.net_shares / self.straddles

    @property
    def wanted(self) -> int:
        """Signed shares to zero, not to the edge of the band; 0 within it."""
        return self.rule.wanted(self.net_shares) if self.rule.is_beyond(self.net_shares) else 0

    def judge(self, book: HedgedBook, now: dt.datetime) -> int | NoHedge:
        """The signed shares of one order, or why there is none.

        What crosses zero is two orders, each recomputed: the second is sent after the fill of the first (SC-447).
        """
        if book.in_flight:
            return NoHedge.ORDER_IN_FLIGHT
        if not self.rule.is_beyond(self.net_shares):
            return NoHedge.BELOW_THRESHOLD
        if not self.covered and self.rule.waits(self.last_hedge_at, now):
            return NoHedge.HEDGE_COOLDOWN
        if (wanted := self.wanted) == 0:
            return NoHedge.BELOW_ONE_SHARE
        shares = self.rule.within(self.rule.capped(wanted), self.held)
        return book.orderable(shares) if shares else NoHedge.HEDGE_CAP


def refused_in_a_row(orders: Iterable[Order]) -> int:
    """How many of the newest hedges the broker refused, one after the other. Rule: SC-444."""
    count = 0
    for order in orders:
        if order.ticket.purpose is not Purpose.HEDGE or not order.state.is_final:
            continue
        count = count + 1 if order.state is OrderState.REJECTED else 0
    return count


def straddle_model(
    exercise: Exercise, seconds_to: Callable[[dt.date], float], today: dt.date, rates: MarketRates, steps: int
) -> GreeksByQuotes:
    """Greeks of the legs, all in one go, by the same model that chose them.

    An in-the-money leg without a volatility, whose mid is its intrinsic value as near as its spread tells, moves like
    shares: a deep leg at parity does not blind the desk. Rule: SC-419.
    """

    def greeks(quoted: Sequence[QuotedOption], spot: Decimal) -> list[OptionGreeks | None]:
        contracts = [contract for contract, _ in quoted]
        columns = ContractColumns(
            [float(one.strike) for one in contracts],
            np.array([one.right is Right.CALL for one in contracts]),
            [seconds_to(one.expiry) for one in contracts],
        )
        carry = rates.carry([(one.expiry - today).days for one in contracts])
        seen = greeks_of(exercise, columns, [float(quote.mid) for _, quote in quoted], spot, carry, steps)
        rows = (seen.row(number) for number in range(len(quoted)))
        return [
            row if isinstance(row, OptionGreeks) else at_parity(option, spot)
            for row, option in zip(rows, quoted, strict=True)
        ]

    return greeks


def at_parity(option: QuotedOption, spot: Decimal) -> OptionGreeks | None:
    """The greeks of an in-the-money leg that is worth its intrinsic value within half its spread; else None. SC-419.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> from gammacore.domain.market import Quote
    >>> put = REGISTRY["SPY"].contract(dt.date(2026, 8, 21), Right.PUT, Decimal(790))
    >>> quote = Quote(Decimal("41.40"), Decimal("41.80"), dt.datetime(2026, 6, 1, 14, tzinfo=dt.UTC))
    >>> at_parity((put, quote), Decimal("748.40")).delta
    Decimal('-1')
    """
    contract, quote = option
    intrinsic = contract.intrinsic(spot)
    if intrinsic <= 0 or abs(quote.mid - intrinsic) > quote.width / 2:
        return None
    whole = Decimal(1 if contract.right is Right.CALL else -1)
    return OptionGreeks(whole, Decimal(0), Decimal(0), Decimal(0), at_parity=True)
