"""The use cases of a trading day over any adapters: what `wire_day`, a test or another program puts together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import frozen

from gammacore.adapters.chain_exposure import ChainExposure
from gammacore.adapters.notifiers.composite import CompositeNotifier
from gammacore.adapters.pause_file import PauseFile
from gammacore.application.ask_advisors import AskAdvisor, AskEntryAdvisor
from gammacore.application.carry_out import CarryOut
from gammacore.application.confirm_closed import ConfirmClosed
from gammacore.application.day_ledger import DayLedger
from gammacore.application.gather_history import GatherHistory, GatherMinutes
from gammacore.application.guard import Checks, Guard
from gammacore.application.lost_orders import LostOrders
from gammacore.application.obey_requests import ObeyRequests
from gammacore.application.order_desk import OrderDesk
from gammacore.application.protect_shorts import ProtectShorts
from gammacore.application.publish_view import PublishView
from gammacore.application.recall_market import RecallMarket
from gammacore.application.reconcile import Reconcile
from gammacore.application.settle_expiry import SettleExpiry
from gammacore.application.survival import ForeseenBroker, Survival
from gammacore.application.trade_day import TradeDay
from gammacore.application.watch_broker import InstrumentedBroker
from gammacore.application.watch_equity import AccountWorth, RecordedEquity, WatchEquity
from gammacore.application.watch_feed import WatchFeed
from gammacore.application.watch_lineage import WatchLineage
from gammacore.application.watch_regime import WatchRegime
from gammacore.configuration import Settings
from gammacore.domain.dated_table import Horizon
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.risk.broker_limits import BrokerEntryRules
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Strategy
from gammacore.domain.verdicts import Verdict
from gammacore.ports.people import EntryAdvisor, ExitAdvisor
from gammacore.ports.storage import Inbox
from gammacore.wiring.alerts.notices import keep_time_of
from gammacore.wiring.mode_rules import (
    entry_bounds,
    hedge_triggers,
    market_memory,
    order_life,
    rates_of,
    reconcile_rules,
)
from gammacore.wiring.strategies import guards_of, spec_of, without_the_users_file
from gammacore.wiring.venues import Venue


@frozen(eq=False)
class TradedDay:
    """What is traded on which day, by which figures.

    `previous` is the session before, whose bars a history begins with; `broker_rules` what the broker forbids beyond
    our own limits (None: nothing); `tables` the dated tables the day looks up.
    """

    settings: Settings
    underlying: Underlying
    session: TradingSession
    strategy: Strategy
    previous: TradingSession | None = None
    broker_rules: BrokerEntryRules | None = None
    tables: tuple[Horizon, ...] = ()


@frozen(eq=False)
class Extras:
    """What a day may have besides: who is alerted, advisors, dealer gamma, the equity the day before handed over.

    `gates` are asked before an order that opens something.
    """

    notices: CompositeNotifier | None = None
    exit_advisor: ExitAdvisor | None = None
    entry_advisor: EntryAdvisor | None = None
    regimes: WatchRegime | None = None
    equity: RecordedEquity | None = None
    view: PublishView | None = None
    gates: tuple[Callable[[], Verdict], ...] = ()


def wire_trade(
    day: TradedDay, venue: Venue, ledger: DayLedger, inbox: Inbox, extras: Extras = Extras()
) -> TradeDay:  # fmt: skip
    """The use cases of a day over any adapters."""
    settings, underlying, clock, market = day.settings, day.underlying, venue.clock, venue.market
    ledger.notifier = extras.notices
    survival = Survival(ledger, clock, survives=venue.terms.mode is not Mode.STUDY)
    broker = InstrumentedBroker(ForeseenBroker(venue.broker, survival), ledger, clock, settings.breaker)
    if extras.view is not None:
        extras.view.requests = lambda: broker.counts
    fill_timeout = dt.timedelta(seconds=float(settings.hedging.fill_timeout))
    known = {**REGISTRY, **settings.underlyings, underlying.symbol: underlying}
    rules = reconcile_rules(settings, venue.terms.mode)
    is_looked_at = venue.terms.mode is not Mode.STUDY
    lineages = WatchLineage(ledger, broker, clock, rules, looks=is_looked_at)
    spec = spec_of(settings.trade.strategy)
    feed: WatchFeed | None = None
    feed_speaks: tuple[Callable[[], Verdict], ...] = ()
    tape_after = None
    if venue.feed is not None:
        feed = WatchFeed(venue.feed, ledger, clock, day.session, settings.scalping.runner)
        feed_speaks, tape_after = (feed.judge_opening,), venue.feed.tape_after
    guard = Guard(
        ledger,
        broker,
        clock,
        settings.limits,
        known,
        broker_rules=day.broker_rules,
        is_reconciled=lambda: reconcile.is_settled,
        checks=Checks(
            (survival.judge_opening, lineages.judge_opening, *extras.gates, *feed_speaks), lineages.judge_any
        ),
        worth=AccountWorth(ledger, broker, is_study=venue.terms.mode is Mode.STUDY),
        session=day.session,
        is_scalping=spec.is_scalping,
        bounds=entry_bounds(settings),
    )
    time = keep_time_of(settings, venue.terms.mode, ledger, clock, broker, extras.notices)
    is_doubted = (lambda: False) if time is None else time.is_doubted
    desk = OrderDesk(
        ledger, broker, clock, order_life(settings, venue.terms.mode), guard, fill_timeout, is_doubted,
        hedge_triggers(settings),
    )  # fmt: skip
    lost = LostOrders(ledger, broker, clock, looks=is_looked_at, is_mine=lineages.is_mine)
    reconcile = Reconcile(
        ledger,
        desk,
        broker,
        clock,
        rules=rules,
        policy=settings.stops,
        underlyings=known,
        lost=lost,
    )
    recall = RecallMarket(
        ledger, market, underlying, market_memory(settings, day.session, venue.terms.mode), tape_after
    )
    gather = GatherHistory(market, underlying, day.session, day.previous)
    guards, exits, entries = guards_of(day.strategy), extras.exit_advisor, extras.entry_advisor
    return TradeDay(
        terms=venue.terms,
        underlying=underlying,
        session=day.session,
        strategy=day.strategy,
        ledger=ledger,
        clock=clock,
        market=market,
        broker=broker,
        exposures=ChainExposure(underlying, day.session, settings.gex.greeks, settings.gex.sign, settings.gex.rates),
        guard=guard,
        desk=desk,
        carry_out=CarryOut(ledger, desk, clock, recall, day.strategy.name, lost),
        confirm=ConfirmClosed(
            ledger, broker, clock, dt.timedelta(seconds=venue.confirm_after_seconds), desk.silent.has_answered
        ),
        settle=SettleExpiry(ledger, market, clock, {underlying.symbol: underlying}),
        reconcile=reconcile,
        protect=ProtectShorts(
            ledger, desk, clock, settings.protective_stop, day.session, underlying, lost, cannot=venue.refuses_stops
        ),
        lineages=lineages,
        survival=survival,
        closing=without_the_users_file(settings, day.strategy.name),
        requests=ObeyRequests(ledger, inbox, clock),
        recall=recall,
        gather=gather,
        minutes=GatherMinutes(gather),
        pause=None if settings.account.pause_file is None else PauseFile(settings.account.pause_file),
        advise=None if exits is None else AskAdvisor(exits, ledger),
        advise_entries=None if entries is None else AskEntryAdvisor(entries),
        watch=extras.notices,
        regimes=extras.regimes,
        news=venue.news,
        equity=None if guards is None else WatchEquity(ledger, guards, underlying, extras.equity),
        rates=rates_of(settings, underlying, venue.terms.mode, venue.dividends),
        tables=day.tables,
        time=time,
        feed=feed,
        view=extras.view,
    )
