"""Every strategy in one table: how it is built, what it reads, what it trades by default, how it is previewed.

A strategy that trades shares is added by its module, its name in `StrategyName`, and its line in `spec_of`; mypy names
the line while it is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import assert_never

from attrs import evolve, frozen

from gammacore.adapters.firestore import FirestoreRegimeSource
from gammacore.application.watch_regime import WatchRegime
from gammacore.configuration import Configuration, OwnStrategy, Settings, Sourced, StrategyName
from gammacore.configuration.sources import Given
from gammacore.domain.dated_table import Horizon
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.desks.gamma_scalping import GammaScalpingDesk
from gammacore.domain.desks.hybrid import HybridDesk
from gammacore.domain.desks.own_desk import OwnDesk
from gammacore.domain.desks.st0cka import St0ckaDesk
from gammacore.domain.desks.st0ckg import St0ckgDesk
from gammacore.domain.entries.filters import EntryJudgement, judge_entry
from gammacore.domain.hedge_filter_events import RegimeNoted
from gammacore.domain.hedging.settings import HedgeRatio, HedgingSettings, check_live
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.instruments import Underlying
from gammacore.domain.ledger import Mode
from gammacore.domain.regime.documents import ONE_STORE
from gammacore.domain.risk.opening_limits import OpeningGuards
from gammacore.domain.sessions import TradingSession, new_york_time
from gammacore.domain.stops.describe import describe
from gammacore.domain.strategy import Situation, Strategy, Trade
from gammacore.domain.tape import TapeRules
from gammacore.domain.verdicts import Verdict
from gammacore.errors import ConfigurationError
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import MarketData
from gammacore.wiring.ledgers.storage import firestore_documents
from gammacore.wiring.own_strategies import load_strategy
from gammacore.wiring.regime_feeds import chain_source, regime_feeds

NOTHING_NOTED: Mapping[str, RegimeNoted] = MappingProxyType({})
SHARES_TRADED = "SPY"
"""The default underlying of strategies that hold shares: an index has none."""

NO_LONGER_THAN_A_LOOK = Decimal(0)
"""Seconds that a reading of the traded market's own chains serves."""


@frozen(eq=False)
class EntryPreview:
    """What `plan` shows: the judgement, what the account may risk, and the exits the position would have.

    `purchase` is the order of a strategy that buys, where no check refuses it; one that sells has it in the judgement,
    and `first_limit`, points, where its price walks from there down to the plan's limit (CS-421).
    """

    judgement: EntryJudgement
    buying_power: Decimal | None
    exits: tuple[str, ...]
    purchase: Trade | None = None
    first_limit: Decimal | None = None


JudgePlan = Callable[[SpreadPlan], Verdict]
"""What the guard would answer to a plan."""


@frozen(eq=False)
class PreviewSpec:
    """How one entry of a strategy is judged without an order: the day's instants, and the judgement of one."""

    slots: Callable[[Settings, TradingSession], tuple[dt.datetime, ...]]
    judge: Callable[[Settings, Situation, dt.datetime, JudgePlan], EntryPreview]


@frozen(eq=False)
class StrategySpec:
    """One strategy; the defaults are those of a strategy that trades shares and looks at the market alone.

    `default_underlying` None is the market's own default. `hedges_in_shares` needs an underlying with a hedge share
    (DH-220), `reads_regime` dealer gamma and macro events (DH-402), `dated_tables` what it looks up by date (CS-367);
    `check_live` refuses settings that are for comparison (DH-003). `is_scalping` puts every entry under the gates of
    SC-602, by their own defaults (SC-601). `furthest_expiry` is in how many days the last expiry is that it looks at,
    where that is not today's. Without a `preview`, `plan` refuses.
    """

    name: str
    build: Callable[[Settings], Strategy]
    default_underlying: str | None = SHARES_TRADED
    preview: PreviewSpec | None = None
    hedges_in_shares: bool = False
    reads_regime: bool = False
    dated_tables: Callable[[Settings, dt.date], tuple[Horizon, ...]] = lambda _settings, _date: ()
    check_live: Callable[[Settings], None] = lambda _settings: None
    is_scalping: bool = False
    furthest_expiry: Callable[[Settings], int] | None = None


def spec_of(chosen: StrategyName | OwnStrategy) -> StrategySpec:
    """The table. A user's own strategy is loaded when it is built, not before."""
    if isinstance(chosen, OwnStrategy):
        return StrategySpec(chosen, lambda settings: _own_desk(settings, chosen))
    match chosen:
        case StrategyName.CREDIT_SPREAD:
            return StrategySpec(
                chosen, credit_spread_desk, None, PreviewSpec(_spread_slots, _preview_spread),
                dated_tables=_days_of_announcements,
            )  # fmt: skip
        case StrategyName.DELTA_HEDGE:
            return StrategySpec(
                chosen, _delta_hedge_desk, preview=PreviewSpec(_purchase_slots, _preview_purchase),
                hedges_in_shares=True, reads_regime=True, check_live=lambda settings: check_live(settings.hedging),
                dated_tables=lambda settings, _date: settings.releases.horizons,
            )  # fmt: skip
        case StrategyName.ST0CKA:
            return StrategySpec(chosen, _st0cka_desk, is_scalping=True)
        case StrategyName.ST0CKG:
            return StrategySpec(chosen, _st0ckg_desk, is_scalping=True)
        case StrategyName.GAMMA_SCALPING:
            return StrategySpec(
                chosen, _gamma_desk, is_scalping=True,
                furthest_expiry=lambda settings: settings.scalping.gamma.max_dte,
            )  # fmt: skip
        case StrategyName.HYBRID:
            return StrategySpec(
                chosen, _hybrid_desk, is_scalping=True,
                furthest_expiry=lambda settings: settings.scalping.gamma.max_dte,
            )  # fmt: skip
        case _:
            assert_never(chosen)


def open_strategy(settings: Settings) -> Strategy:
    """The configured strategy with its configured figures.

    Raises:
        ConfigurationError: a setting that the day loop would not follow, or a user's strategy that cannot be loaded.
    """
    return spec_of(settings.trade.strategy).build(settings)


def _own_desk(settings: Settings, chosen: OwnStrategy) -> Strategy:
    return with_duties(settings, load_strategy(chosen))


def with_duties(settings: Settings, strategy: Strategy) -> Strategy:
    """A strategy of another author under the duties of every desk: a flatten closes it, whether it knows of one or not.

    Built-in desks, by their names, have them already.
    """
    if strategy.name in set(StrategyName) or isinstance(strategy, OwnDesk):
        return strategy
    return OwnDesk(strategy.name, settings.limits, strategy)


def without_the_users_file(settings: Settings, name: str | None) -> Strategy:
    """What closes holdings of a user's own strategy, under the `name` its ledger has.

    The user's file may be gone or broken; a flatten must still work.
    """
    return OwnDesk(name or settings.trade.strategy, settings.limits)


def credit_spread_desk(settings: Settings) -> CreditSpreadDesk:
    """The credit-spread desk with the configured figures."""
    return CreditSpreadDesk(settings.entries, settings.limits, settings.sizing, settings.stops, settings.orders)


def _delta_hedge_desk(settings: Settings) -> DeltaHedgeDesk:
    _refuse_what_only_the_filter_does(settings.hedging)
    return DeltaHedgeDesk(settings.hedging, settings.straddle, settings.limits, settings.guards, settings.releases)


def _st0cka_desk(settings: Settings) -> St0ckaDesk:
    scalping = settings.scalping
    return St0ckaDesk(scalping.st0cka, scalping.volatility, settings.limits, settings.broker.fees)


def _st0ckg_desk(settings: Settings) -> St0ckgDesk:
    return St0ckgDesk(settings.scalping.st0ckg, settings.scalping.volatility, settings.limits)


def _gamma_desk(settings: Settings) -> GammaScalpingDesk:
    fed_days = frozenset(settings.entries.fomc.known)
    return GammaScalpingDesk(settings.scalping.gamma, settings.limits, fed_days)


def _hybrid_desk(settings: Settings) -> HybridDesk:
    """A morning without a straddle is its usual one, so that its straddle desk never insists on one. Rule: SC-452."""
    scalping, gamma = settings.scalping, _gamma_desk(settings)
    gamma = evolve(gamma, rules=evolve(gamma.rules, resume_or_open=True))
    return HybridDesk(_st0cka_desk(settings), gamma, scalping.hybrid, scalping.volatility, settings.limits)


def _refuse_what_only_the_filter_does(hedging: HedgingSettings) -> None:
    """`trade` hedges in shares, at the registry's ratio: what it would not follow is refused, never ignored. DH-801."""
    if hedging.hedges_in_options:
        raise ConfigurationError("hedging.hedge_with, positive_delta, negative_delta: `trade` hedges in shares, only "
                                 "`gammacore hedge` in options; leave them out, or give shares")  # fmt: skip
    if hedging.hedge_ratio is not HedgeRatio.REGISTRY:
        raise ConfigurationError(f"hedging.hedge_ratio: {hedging.hedge_ratio} is for `gammacore hedge`, `trade` has no "
                                 "price of the shares beside an index; give registry")  # fmt: skip


def _days_of_announcements(settings: Settings, date: dt.date) -> tuple[Horizon, ...]:
    """Dates of the Federal Reserve and of other announcements, as far as entries look at them."""
    fomc = (settings.entries.fomc.horizon(date),) if settings.entries.fomc.on else ()
    return (*fomc, *(settings.entries.event_days.horizons if settings.entries.event_days.on else ()))


def guards_of(strategy: Strategy) -> OpeningGuards | None:
    """The opening guards of a strategy that has some: they read what the account was worth. Rule: DH-1009."""
    guards = getattr(strategy, "guards", None)
    return guards if isinstance(guards, OpeningGuards) else None


def naming_its_underlying(configuration: Configuration, *, load: bool = True) -> Configuration:
    """The configuration with the strategy's default underlying, where neither user nor recording names one.

    And for a scalping desk with a market that quotes the share: a simulated one does, a live quote is young (SC-008).

    A user's own strategy may name it (`default_underlying`); with `load` False its file is not read.
    """
    settings, chosen = configuration.settings, configuration.settings.trade.strategy
    if spec_of(chosen).is_scalping:
        configuration = configuration.filled_in(_of_share_quotes(f"default of {chosen}"))
    if "market.underlying" in configuration.given or settings.market.source != "simulated":
        return configuration
    default = spec_of(chosen).default_underlying
    if isinstance(chosen, OwnStrategy) and load:
        default = load_strategy(chosen).default_underlying or default
    if default is None:
        return configuration
    return configuration.filled_in({"market.underlying": Sourced(default, f"default of {chosen}")})


def _of_share_quotes(source: str) -> Given:
    return {
        "market.share_quotes": Sourced(True, source),
        "market.live_quote_age_seconds": Sourced(TapeRules().max_quote_age, source),
    }


def _spread_slots(settings: Settings, session: TradingSession) -> tuple[dt.datetime, ...]:
    return settings.entries.schedule.slots(session)


def _preview_spread(settings: Settings, situation: Situation, slot: dt.datetime, judge_plan: JudgePlan) -> EntryPreview:
    """The spread that would be sold, judged by every filter and by the guard."""
    judgement = judge_entry(credit_spread_desk(settings).case(situation, slot))
    if judgement.plan is not None:
        verdict = judge_plan(judgement.plan)
        judgement = judgement if verdict.passed else judgement.refused(verdict)
    entry, limits = judgement.plan, settings.entries.limit
    exits = () if entry is None else describe(entry.policy, entry.expected_credit, entry.confidence, entry.strategy)
    first = limits.first(entry, situation.underlying) if entry is not None and limits.walk else None
    return EntryPreview(judgement, situation.buying_power, exits, first_limit=first)


def _purchase_slots(settings: Settings, session: TradingSession) -> tuple[dt.datetime, ...]:
    return (settings.straddle.slot(session),)


def _preview_purchase(settings: Settings, situation: Situation, _slot: dt.datetime, _plan: JudgePlan) -> EntryPreview:
    """The straddle that would be bought, judged by every check of the purchase. Rules: DH-502, DH-510."""
    case = _delta_hedge_desk(settings).purchase(situation)
    record = case.judged()
    order = case.order(record)
    minutes = settings.hedging.exit_before_close / 60
    judgement = EntryJudgement(record, None)
    if (before := situation.book.judgement(record.scheduled_at)) is not None and before.reason is None:
        once = Verdict.skip("bought", f"ordered at {new_york_time(before.at)}", "once a day")
        judgement, order = judgement.refused(once), None
    exits = () if order is None else (
        f"Hedged with {situation.underlying.hedge_share} shares while it is held; what they lose comes on top.",
        f"Closed {minutes:g} minutes before the end of trading.",
    )  # fmt: skip
    return EntryPreview(judgement, situation.buying_power, exits, order)


@frozen(eq=False)
class OpenRegimes:
    """Dealer gamma and macro events for a strategy that reads them (else `watch` is None), and how to close them."""

    watch: WatchRegime | None
    close: Callable[[], None]


def open_regimes(
    settings: Settings, mode: Mode, underlying: Underlying, market: MarketData, calendar: Calendar,
    noted: Mapping[str, RegimeNoted] = NOTHING_NOTED,
) -> OpenRegimes:  # fmt: skip
    """The dealer gamma a strategy reads: by default from the chains it trades on. Rules: DH-402, DH-407.

    Firestore is read where a project is set, but never in a study: that must come out the same tomorrow. Chains that
    are looked at anyway are measured at every look: with a cache, which look measures would depend on when the process
    began, and a restart would hedge otherwise. What the ledger `noted` of the regime by subject is neither journaled
    again after a restart nor forgotten (DH-406).
    """
    if not spec_of(settings.trade.strategy).reads_regime:
        return OpenRegimes(None, lambda: None)
    hedging = evolve(
        settings.hedging, gex_symbols={underlying.hedge_share: underlying.symbol, **settings.hedging.gex_symbols}
    )
    chain = chain_source(settings, underlying, lambda _date: market, calendar)
    if mode is Mode.STUDY or not settings.firestore.project:
        hedging = evolve(hedging, gex_ttl=NO_LONGER_THAN_A_LOOK)
        watch = WatchRegime(hedging, regime_feeds(hedging, chain=chain), None, noted, settings.releases)
        return OpenRegimes(watch, lambda: None)
    documents = firestore_documents(settings)
    feeds = regime_feeds(hedging, documents=documents, chain=chain)
    macro = FirestoreRegimeSource(documents, ONE_STORE)
    return OpenRegimes(WatchRegime(hedging, feeds, macro, noted, settings.releases), documents.close)
