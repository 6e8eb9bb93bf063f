"""What of a day depends on whose money it is: order lives, comparisons, what is remembered, who is asked for rates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import evolve

from gammacore.adapters.treasury import Treasury
from gammacore.application.daily_rates import DailyRates
from gammacore.configuration import Settings, StrategyName
from gammacore.domain.desks.orphans import ReconcileRules
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.market_memory import MarketMemory
from gammacore.domain.order_life import OrderLife
from gammacore.domain.risk.day_profit import Marks
from gammacore.domain.risk.entry_limits import EntryBounds
from gammacore.domain.scalping.trigger import TriggerRules
from gammacore.domain.sessions import TradingSession
from gammacore.domain.tape import Tape
from gammacore.ports.market_data import DividendSource
from gammacore.wiring.strategies import spec_of


def rates_of(
    settings: Settings, underlying: Underlying, mode: Mode, dividends: DividendSource | None = None
) -> DailyRates | None:
    """What pricing beyond today needs, the dividends of the market's broker.

    A study asks no server: its rates are the fallback, its dividend yield 0, both marked assumed. SC-424, SC-425.
    """
    if spec_of(settings.trade.strategy).furthest_expiry is None:
        return None
    rates, paid = (None, None) if mode is Mode.STUDY else (Treasury(), dividends)
    return DailyRates(underlying.symbol, rates, paid, settings.scalping.gamma.fallback_rate)


def market_memory(settings: Settings, session: TradingSession, mode: Mode) -> MarketMemory:
    """What is remembered of the market: quotes of what is held where open losses count, the tape for scalping desks."""
    scalps = spec_of(settings.trade.strategy).is_scalping
    marks = Marks() if scalps or settings.limits.count_open_loss else None
    tape = Tape(settings.scalping.quotes, session.open, is_stepped=mode is Mode.STUDY)
    return MarketMemory(marks=marks, tape=tape if scalps else None)


def order_life(settings: Settings, mode: Mode) -> OrderLife:
    """How orders live: the exchange of a study knows an order at once, a real broker may list it late. Rule: R4.

    A broker's stream reports a fill as it happens; a study has none, so there no look at its market goes by without
    one at its orders: a fill that is not seen has no target and no stop. Rules: SC-016, SC-206.
    """
    if mode is not Mode.STUDY:
        return settings.orders
    orders, step = settings.orders, settings.market.step_seconds
    polled, verified = min(orders.poll_seconds, step), min(orders.verify_seconds, step)
    return evolve(orders, absent_seconds=0, poll_seconds=polled, verify_seconds=verified)


def reconcile_rules(settings: Settings, mode: Mode) -> ReconcileRules:
    """How holdings are compared: a study's exchange shows a fill at once, a real broker minutes late. Rule: CS-572."""
    return evolve(settings.reconcile, absence_seconds=0) if mode is Mode.STUDY else settings.reconcile


def hedge_triggers(settings: Settings) -> TriggerRules | None:
    """What bounds the age of a hedge at the wire, where the strategy hedges a straddle by triggers. Rule: SC-443."""
    holds_straddles = spec_of(settings.trade.strategy).furthest_expiry is not None
    return settings.scalping.gamma.triggers(Decimal(1)) if holds_straddles else None


def entry_bounds(settings: Settings) -> Mapping[str, EntryBounds]:
    """How often each scalping desk may open, by the owner of what it opens: the guard asks again. Rule: SC-602."""
    st0cka, st0ckg, gamma = settings.scalping.st0cka, settings.scalping.st0ckg, settings.scalping.gamma
    return {
        StrategyName.ST0CKA: EntryBounds(st0cka.most_trades, st0cka.max_positions),
        StrategyName.ST0CKG: EntryBounds(st0ckg.max_trades_per_day, st0ckg.max_positions),
        StrategyName.GAMMA_SCALPING: EntryBounds(gamma.max_straddles_per_day, 1),
    }
