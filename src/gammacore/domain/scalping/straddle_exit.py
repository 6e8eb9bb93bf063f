"""When a held straddle is sold: its profit at bid and ask, and the first exit that hits. Rules: SC-453..455."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.lots import ZERO
from gammacore.domain.instruments import OptionContract, Underlying, parse_occ
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.risk.day_profit import mark_of
from gammacore.domain.scalping.gamma import GammaRules
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.stops.levels import Level

EXPIRY_NEAR = "expiry_near"
"""Why a straddle is sold with few days left: what a roll follows. Rule: SC-455."""
EXIT_MINUTES = 15
"""Before the close: 15:45 on a whole day. Rule: SC-453."""

PREMIUM_STOP, TAKE_PROFIT = "premium_stop", "take_profit"


@frozen
class StraddleProfit:
    """Dollars: `premium` paid for the options held, `total` what they and all hedges bring at bid and ask."""

    premium: Decimal
    total: Decimal


def straddle_profit(holding: AnyHolding, market: MarketSnapshot, underlying: Underlying) -> StraddleProfit | None:
    """Mark at bids - cost + hedges, realised and open; None while a part of it has no usable quote. Rule: SC-454."""
    premium, total = ZERO, holding.options_realised + holding.shares_realised
    for symbol, lots in holding.lots.items():
        if not lots.lots:
            continue
        quote = mark_of(symbol, is_option=lots.is_option, market=market, underlying=underlying)
        if quote is None:
            return None
        total += lots.open_profit(quote.bid if lots.quantity > 0 else quote.ask)
        premium += lots.cost if lots.is_option else ZERO
    return StraddleProfit(premium, total)


def stop_level(rules: GammaRules, premium: Decimal, budget_left: Decimal) -> Decimal:
    """The loss at which it is sold, dollars, fixed at its entry: a part of the premium, or what the day may still lose.

    >>> stop_level(GammaRules(), Decimal(2940), Decimal(500))
    Decimal('500')
    """
    return min(rules.stop_loss * premium, budget_left)


def straddle_exit(
    rules: GammaRules, holding: AnyHolding, profit: StraddleProfit | None, session: TradingSession, now: dt.datetime
) -> str | None:
    """The first exit by time or money, in the order of SC-453; requests and blindness come before, the regime after."""
    if rules.flatten_before_close and now >= session.before_close(EXIT_MINUTES):
        return "time_exit"
    if profit is not None and profit.premium > 0:
        stop, target = _money_levels(rules, holding, profit.premium)
        if profit.total <= stop:
            return PREMIUM_STOP
        if profit.total >= target:
            return TAKE_PROFIT
    today = session.date
    if any((contract.expiry - today).days < rules.min_hold_dte for contract in contracts_of(holding)):
        return EXPIRY_NEAR
    return "max_hold" if (today - new_york_date(holding.opened_at)).days > rules.max_hold_days else None


def _money_levels(rules: GammaRules, holding: AnyHolding, premium: Decimal) -> tuple[Decimal, Decimal]:
    """The profit at or below which it is sold, and that at or above which it is sold, dollars."""
    risk = rules.stop_loss * premium if holding.terms is None else holding.terms.risk
    return -risk, rules.take_profit * premium


def straddle_levels(rules: GammaRules, holding: AnyHolding, profit: StraddleProfit | None) -> tuple[Level, ...]:
    """Stop and target of a straddle, dollars of its profit with all hedges; () once no option is held. CS-512."""
    premium = sum((lots.cost for lots in holding.lots.values() if lots.is_option), ZERO)
    if premium <= 0:
        return ()
    stop, target = _money_levels(rules, holding, premium)
    total = None if profit is None else profit.total
    return (
        Level(PREMIUM_STOP, stop, None if total is None else total - stop, "profit"),
        Level(TAKE_PROFIT, target, None if total is None else target - total, "profit"),
    )


def contracts_of(holding: AnyHolding) -> tuple[OptionContract, ...]:
    """The options held."""
    return tuple(parse_occ(symbol) for symbol in holding.options)
