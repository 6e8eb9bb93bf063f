"""A hedge in shares, translated into options with the rest in shares. Rules: DH-801..804, section 8.

Nothing here raises for what a market may lack: bad input is a hedge in shares with a reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.hedging.decision import Alarm
from gammacore.domain.hedging.settings import HedgeWith, HedgingSettings, NegativeLeg, PositiveLeg
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Right, Side
from gammacore.domain.parameters import parameter


@frozen
class OptionHedge:
    """What is traded instead of `shares`: contracts of an option and a residual of shares, each with its side.

    `contracts` 0 means shares alone; `reason` says why. `residual` is unsigned, on the side of the hedge.
    """

    side: Side
    right: Right | None
    contracts: int
    residual: int
    reason: Alarm | None = None


Leg = tuple[Side, Right]
"""What is done with an option that stands for shares: bought or sold, call or put."""

_OWN_LEGS: dict[PositiveLeg | NegativeLeg, Leg] = {
    PositiveLeg.SELL_CALLS: (Side.SELL, Right.CALL),
    PositiveLeg.BUY_PUTS: (Side.BUY, Right.PUT),
    NegativeLeg.SELL_PUTS: (Side.SELL, Right.PUT),
    NegativeLeg.BUY_CALLS: (Side.BUY, Right.CALL),
}


def leg_for(settings: HedgingSettings, hedge: Side) -> Leg | None:
    """The leg for a hedge that sells or buys shares: its own setting, else that of `hedge_with`; None: shares. DH-801.

    >>> leg_for(HedgingSettings(positive_delta=PositiveLeg.BUY_PUTS), Side.SELL)
    (<Side.BUY: 'buy'>, <Right.PUT: 'P'>)
    >>> leg_for(HedgingSettings(positive_delta=PositiveLeg.BUY_PUTS), Side.BUY)
    """
    own = _OWN_LEGS.get(settings.positive_delta if hedge is Side.SELL else settings.negative_delta)
    return own or leg_of(settings.hedge_with, hedge)


def leg_of(hedge_with: HedgeWith, hedge: Side) -> Leg | None:
    """Side and right of the option that stands for a hedge of shares; None: shares themselves do. Rule: DH-801.

    >>> leg_of(HedgeWith.BUY_PROTECTION, Side.SELL), leg_of(HedgeWith.SELL_PREMIUM, Side.BUY)
    ((<Side.BUY: 'buy'>, <Right.PUT: 'P'>), (<Side.SELL: 'sell'>, <Right.PUT: 'P'>))
    """
    if hedge_with is HedgeWith.SHARES:
        return None
    if hedge_with is HedgeWith.BUY_PROTECTION:
        return Side.BUY, Right.PUT if hedge is Side.SELL else Right.CALL
    return Side.SELL, Right.CALL if hedge is Side.SELL else Right.PUT


def translate(
    leg: Leg | None, hedge: Side, shares: int, delta: Decimal | None, multiplier: int = EQUITY_OPTION_MULTIPLIER
) -> OptionHedge:
    """Contracts = floor(shares / (multiplier × |delta|)), the rest stays in shares. Rules: DH-802..804.

    >>> put = translate((Side.BUY, Right.PUT), Side.SELL, 250, Decimal("-0.30"))
    >>> put.side, put.right, put.contracts, put.residual
    (<Side.BUY: 'buy'>, <Right.PUT: 'P'>, 8, 10)
    """
    if leg is None:
        return OptionHedge(hedge, None, 0, shares)
    if delta is None or not delta.is_finite() or delta == 0 or abs(delta) > 1 or shares <= 0:
        return OptionHedge(hedge, None, 0, max(shares, 0), Alarm.NO_OPTION)
    side, right = leg
    if (delta > 0) != (right is Right.CALL):
        return OptionHedge(hedge, None, 0, shares, Alarm.NO_OPTION)
    per_contract = multiplier * abs(delta)
    contracts = int(shares // per_contract)
    if contracts == 0:
        return OptionHedge(hedge, None, 0, shares, Alarm.BELOW_ONE_CONTRACT)
    return OptionHedge(side, right, contracts, int(shares - contracts * per_contract))


class SelectorRefusal(StrEnum):
    """Why no option was chosen; the first "no" wins. Section 8."""

    UNSUPPORTED_UNDERLYING = "UNSUPPORTED_UNDERLYING"
    TIME_GUARD = "TIME_GUARD_NO_NEW_POSITIONS"
    EMPTY_CHAIN = "EMPTY_CHAIN"
    NO_ELIGIBLE_EXPIRY = "NO_ELIGIBLE_EXPIRY"
    NO_STRIKES = "NO_STRIKES_FOR_EXPIRY"
    NO_OTM_STRIKE = "NO_OTM_STRIKE"
    NO_STRIKE_MATCH = "NO_STRIKE_MATCH"
    LIQUIDITY_GUARD = "LIQUIDITY_GUARD"


@frozen
class OptionQuote:
    """One row of a chain: a contract with its two-sided market, points.

    `delta` per contract and `price`, the last one reported or the middle of the market, where they are known; `text` is
    the symbol as received, `at` the event time.
    """

    contract: OptionContract
    bid: Decimal
    ask: Decimal
    delta: Decimal | None = None
    price: Decimal | None = None
    text: str = ""
    at: dt.datetime | None = None

    @property
    def is_sound(self) -> bool:
        """There is an ask, and no bid above it: an empty or crossed market is not used."""
        return self.ask > 0 and self.bid <= self.ask

    @property
    def spread(self) -> Decimal:
        return self.ask - self.bid


@frozen
class HedgeOptionSelector:
    """The nearest out-of-the-money strike of the nearest eligible expiry, if its market is tight enough.

    Times count back from the close, so half days move them along: 15:30 is 30 minutes before a close at 16:00.
    """

    supported: tuple[str, ...] = parameter(("SPY", "QQQ", "IWM"), "Underlyings whose options may hedge.")
    same_day_until_seconds: int = parameter(5400, "Today's expiry until so long before the close (14:30).", at_least=0)
    stop_before_seconds: int = parameter(1800, "No new position from so long before the close (15:30).", at_least=0)
    max_spread: Decimal = parameter(Decimal("0.10"), "Widest market taken, points.", at_least=0)

    def select(
        self,
        underlying: str,
        spot: Decimal,
        right: Right,
        rows: Iterable[OptionQuote],
        now: dt.datetime,
        close: dt.datetime,
        *,
        today: dt.date,
        strike: Decimal | None = None,
    ) -> OptionQuote | SelectorRefusal:
        """The option to hedge with, or why there is none; never walks outward from an illiquid strike."""
        if underlying not in self.supported:
            return SelectorRefusal.UNSUPPORTED_UNDERLYING
        left = (close - now).total_seconds()
        if left <= self.stop_before_seconds:
            return SelectorRefusal.TIME_GUARD
        chain = list(rows)
        if not chain:
            return SelectorRefusal.EMPTY_CHAIN
        first = today if left > self.same_day_until_seconds else today + dt.timedelta(days=1)
        expiries = [row.contract.expiry for row in chain if row.contract.expiry >= first]
        if not expiries:
            return SelectorRefusal.NO_ELIGIBLE_EXPIRY
        listed = [row for row in chain if row.contract.expiry == min(expiries) and row.contract.right is right]
        if not listed:
            return SelectorRefusal.NO_STRIKES
        return self._at_strike(listed, spot, right, strike)

    def _at_strike(
        self, listed: list[OptionQuote], spot: Decimal, right: Right, asked: Decimal | None
    ) -> OptionQuote | SelectorRefusal:
        outside = [row for row in listed if (row.contract.strike - spot) * (1 if right is Right.CALL else -1) > 0]
        if asked is not None:
            found = [row for row in listed if row.contract.strike == asked]
            if not found:
                return SelectorRefusal.NO_STRIKE_MATCH
        elif not outside:
            return SelectorRefusal.NO_OTM_STRIKE
        else:
            nearest = min(abs(row.contract.strike - spot) for row in outside)
            found = [row for row in outside if abs(row.contract.strike - spot) == nearest]
        liquid = [row for row in found if row.spread <= self.max_spread]
        if not liquid:
            return SelectorRefusal.LIQUIDITY_GUARD
        return min(liquid, key=lambda row: (row.spread, row.contract.occ))
