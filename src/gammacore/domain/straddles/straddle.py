"""A straddle and its price; the one nearest to the price, as the delta-hedging desk buys it; size and reserve.

Rules: SC-458, SC-461; which, when and for how much the delta-hedging desk buys is ours: its source names no entry.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Right, Side, Underlying, tick_ceiling
from gammacore.domain.legs import Leg
from gammacore.domain.market import MarketSnapshot, Quote
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession
from gammacore.domain.verdicts import Verdict

WHOLE_DELTA = Decimal(1)


def hedge_reserve(price: Decimal, straddles: int, margin: Decimal, delta: Decimal) -> Decimal:
    """Dollars of buying power that hedges may take: shares of so much delta a straddle, at `margin` of their value.

    A straddle whose hedges are refused is sold again at its spread. Rule: SC-461.

    >>> hedge_reserve(Decimal(590), 1, Decimal("0.30"), Decimal("0.5"))
    Decimal('8850.000')
    """
    return price * EQUITY_OPTION_MULTIPLIER * straddles * delta * margin


@frozen
class StraddleRules:
    """What is bought to be hedged: one call and one put of today's expiry at the strike nearest to the price."""

    contracts: int = parameter(1, "Straddles bought a day.", at_least=1)
    buy_minutes_after_open: int = parameter(15, "When they are bought, minutes after the open.", at_least=0)
    latest_minutes_before_close: int = parameter(
        120, "Until then a purchase that could not be made is tried again, minutes before the close.", at_least=1
    )
    widest_quote: Decimal = parameter(
        Decimal("0.15"), "Bid-ask width of the straddle allowed, part of its mid.", above=0, at_most=1
    )
    hedge_margin: Decimal = parameter(
        Decimal("0.30"), "Buying power left for hedges, part of the value of a whole delta in shares.", at_least=0
    )

    def slot(self, session: TradingSession) -> dt.datetime:
        """The instant of the day's one purchase."""
        return session.after_open(self.buy_minutes_after_open)

    def hedge_reserve(self, spot: Decimal, contracts: int) -> Decimal:
        """Dollars of buying power that hedging takes when every straddle has a whole delta: the worst it comes to.

        >>> StraddleRules().hedge_reserve(Decimal(600), contracts=1)
        Decimal('18000.00')
        """
        return hedge_reserve(spot, contracts, self.hedge_margin, WHOLE_DELTA)


@frozen
class Straddle:
    """A call and a put of one strike and expiry, with their quotes."""

    call: OptionContract
    put: OptionContract
    call_quote: Quote
    put_quote: Quote

    @property
    def legs(self) -> tuple[Leg, Leg]:
        return Leg(self.call, Side.BUY), Leg(self.put, Side.BUY)

    @property
    def ask(self) -> Decimal:
        """What both cost at once, points."""
        return self.call_quote.ask + self.put_quote.ask

    @property
    def mid(self) -> Decimal:
        return self.call_quote.mid + self.put_quote.mid

    def limit(self, underlying: Underlying) -> Decimal:
        """A limit that trades at once: the asks, up to the tick of a complex order."""
        return tick_ceiling(self.ask, underlying.ticks.complex_order)

    def judge_width(self, rules: StraddleRules) -> Verdict:
        """Crossing wide quotes twice costs more than a day's gamma earns."""
        width = (self.ask - self.call_quote.bid - self.put_quote.bid) / self.mid
        if width > rules.widest_quote:
            return Verdict.skip("wide_quotes", f"{width:.1%} of the mid", f"> {rules.widest_quote:.0%}")
        return Verdict.ok(f"{width:.1%} of the mid", f"<= {rules.widest_quote:.0%}")


def nearest_straddle(underlying: Underlying, session: TradingSession, market: MarketSnapshot) -> Straddle | None:
    """The straddle of today's expiry at the strike nearest to a fresh price; None without usable quotes of both."""
    if market.spot is None or not market.fresh(market.spot_at):
        return None
    strike = underlying.strike(market.spot)
    call, put = (underlying.contract(session.date, right, strike) for right in (Right.CALL, Right.PUT))
    call_quote, put_quote = market.quote(call), market.quote(put)
    if call_quote is None or put_quote is None:
        return None
    return Straddle(call, put, call_quote, put_quote)
