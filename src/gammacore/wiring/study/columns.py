"""The recording pass of a day, wired: the same loop with limits that let every entry in. Rule: ST-512."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve

from gammacore.adapters.fake.order import net_price
from gammacore.adapters.fake.trading_floor import natural_prices
from gammacore.application.study.record_columns import EntryRecorder
from gammacore.configuration import Configuration, Settings
from gammacore.configuration.settings import StrategyName
from gammacore.domain.holdings.holding import SoldSpread
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.sessions import TradingSession
from gammacore.domain.study.column_replay import DayColumns
from gammacore.domain.study.columns import NeedsLoop
from gammacore.domain.study.from_ledger import closed_trades
from gammacore.ports.market_data import MarketData
from gammacore.wiring.study.days import study_day

ON_COLUMNS = "stops."
NOT_ON_COLUMNS = ("stops.preset", "stops.gate.", "stops.noise_gate", "stops.advice.")
"""Keys of the stops that name other settings, or that what is seen of a position depends on."""
_WITHOUT_LIMIT = Decimal(10) ** 12


def is_on_columns(key: str) -> bool:
    """Whether a key may be swept on the columns.

    >>> is_on_columns("stops.stop"), is_on_columns("stops.gate.loud"), is_on_columns("entries.vix.floor")
    (True, False, False)
    """
    return key.startswith(ON_COLUMNS) and not key.startswith(NOT_ON_COLUMNS)


def why_not_on_columns(settings: Settings, keys: Sequence[str]) -> str:
    """Why a sweep over these keys goes through the loop, in words; "" where the columns can do it."""
    entries, limits, sizing = settings.entries, settings.limits, settings.sizing
    foreign = [key for key in keys if not is_on_columns(key)]
    reasons = (
        (bool(foreign), f"{', '.join(foreign)} decides more than exits"),
        (settings.trade.strategy is not StrategyName.CREDIT_SPREAD, f"strategy {settings.trade.strategy}"),
        (sizing.sizing and sizing.max_contracts > 1, "sizes that follow the balance"),
        (entries.two_desks.on, "entries.two_desks looks at what is open"),
        (entries.observation.on, "entries.observation watches before it sells"),
        (entries.stop_inside_quotes.on, "entries.stop_inside_quotes reads the stop"),
        (settings.protective_stop.on, "protective_stop.on rests orders of its own"),
        (entries.limit.walk, "entries.limit.walk sends orders the limits may stop"),
        (limits.sets_scalping_gates or bool(limits.flatten_on_daily_loss), "limits that count what is open"),
    )
    return next((words for holds, words in reasons if holds), "")


def day_columns(
    configuration: Configuration, date: dt.date, stops: Sequence[StopPolicy], read_from: dt.date | None = None
) -> DayColumns:
    """One pass over a day: every scheduled entry, held to its settlement; `stops` are all that will be tried on it.

    Raises:
        NeedsLoop: the day cannot be recorded, or its columns would not be whole.
    """
    from gammacore.wiring.strategies import credit_spread_desk

    settings = configuration.settings
    relaxed = evolve(
        settings,
        limits=evolve(settings.limits, max_positions=10**6, daily_loss=_WITHOUT_LIMIT, minimum_account=Decimal(0),
                      concurrent_risk=Decimal(1)),
        sizing=evolve(settings.sizing, starting_capital=_WITHOUT_LIMIT),
    )  # fmt: skip
    slippage = settings.broker.slippage

    def closing_cost(position: SoldSpread, market: MarketSnapshot) -> Decimal | None:
        ticket = _close_of(position)
        prices = natural_prices(ticket, market, slippage)
        return None if prices is None else net_price(ticket, prices)

    recorder = EntryRecorder(credit_spread_desk(settings), tuple(stops), closing_cost)
    markets: list[MarketData] = []

    def noted(market: MarketData) -> MarketData:
        markets.append(market)
        return market

    day = study_day(
        evolve(configuration, settings=relaxed), date, strategy=recorder, wrap_market=noted, read_from=read_from
    )
    if day.error is not None or not markets or not recorder.seen:
        raise NeedsLoop(day.error or "the day was not begun")
    first = recorder.seen[0]
    instants = _instants(markets[0], first.session)
    problem = recorder.problems[0] if recorder.problems else ""
    return DayColumns(
        date=date,
        session=first.session,
        underlying=first.underlying,
        cycles=tuple(recorder.cycles),
        is_market=tuple(cycle in instants for cycle in recorder.cycles),
        entries=recorder.columns(closed_trades([day.report]), settings.broker.fees, instants),
        limits=settings.limits,
        sizing=settings.sizing,
        conflicts=settings.entries.conflicts,
        otm=settings.entries.otm,
        data_hash=day.data_hash,
        problem=problem,
    )


def _instants(market: MarketData, session: TradingSession) -> frozenset[dt.datetime]:
    """When the market itself shows something new, from the open on."""
    found, at = {session.open}, session.open
    while at < session.close:
        at = market.next_at(at)
        found.add(at)
    return frozenset(found)


def _close_of(position: SoldSpread) -> OrderTicket:
    return OrderTicket(
        id="close",
        purpose=Purpose.EXIT,
        underlying=position.underlying,
        holding=position.id,
        legs=position.spread.closing_legs,
        quantity=position.contracts,
        effect=Effect.DEBIT,
        limit=None,
        reason="",
    )
