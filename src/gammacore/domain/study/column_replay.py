"""A whole day on its columns: which recorded entries a setting would have let in, and how each of them ended.

Entries meet the limits of the account and the positions still open (CS-336..344) by the rules' own functions, over a
book that holds what the replay holds. Rule: ST-512.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property

from attrs import evolve, field, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.entries.desk_limits import StrikeConflicts, judge_otm_limit
from gammacore.domain.entries.otm_single_sided import OtmRules
from gammacore.domain.holdings.holding import AnyHolding, SoldSpread
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Underlying
from gammacore.domain.orders import Order
from gammacore.domain.risk.limits import RiskLimits, live_plans
from gammacore.domain.sessions import TradingSession
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.study.columns import EntryColumns, Exit, ExitSearch, NeedsLoop, trade_of
from gammacore.domain.study.record import ClosedTrade, in_order_of_closing

WORST_OF_A_SPREAD = 3
"""Widths that an entry may take from the buying power at the very worst: lost, required and reserved."""


@frozen(eq=False)
class DayColumns:
    """One day's pass: its cycles, which of them are snapshots of the market, and every entry it recorded.

    `problem` says why no setting of this day can be replayed, "" where all can.
    """

    date: dt.date
    session: TradingSession
    underlying: Underlying
    cycles: tuple[dt.datetime, ...]
    is_market: tuple[bool, ...]
    entries: tuple[EntryColumns, ...]
    limits: RiskLimits
    sizing: SizingRules
    conflicts: StrikeConflicts
    otm: OtmRules
    data_hash: str = ""
    problem: str = ""
    _searches: dict[tuple[dt.datetime, ...], dict[int, ExitSearch]] = field(factory=dict, repr=False)

    @cached_property
    def _only_deadlines(self) -> tuple[int, ...]:
        return tuple(number for number, market in enumerate(self.is_market) if not market)

    def searches(self, stops: StopPolicy) -> Mapping[int, ExitSearch]:
        """The exit search of each entry that filled, over the cycles these stops have: snapshots and own deadlines."""
        own = (self.session.before_close(stops.soft_close_minutes), self.session.before_close(stops.hard_close_minutes))
        foreign = tuple(self.cycles[number] for number in self._only_deadlines if self.cycles[number] not in own)
        if foreign not in self._searches:
            self._searches[foreign] = {
                number: self._search(entry, frozenset(foreign))
                for number, entry in enumerate(self.entries)
                if entry.opened is not None
            }
        return self._searches[foreign]

    def _search(self, entry: EntryColumns, foreign: frozenset[dt.datetime]) -> ExitSearch:
        chosen = [number for number, look in enumerate(entry.looks) if look.at not in foreign]
        is_market = [self.is_market[entry.ended + number] for number in chosen]
        return ExitSearch.of(entry, chosen, is_market, self.session, self.underlying)


@frozen(eq=False)
class _Held:
    """One entry the replay let in: when it ends, and its trade; None of one whose order never filled."""

    entry: EntryColumns
    plan: SpreadPlan
    booked_at: dt.datetime
    trade: ClosedTrade | None

    def holding(self, now: dt.datetime, cycles: tuple[dt.datetime, ...]) -> SoldSpread:
        """As the book has it now: entering until its fill was seen, then open."""
        opened = self.entry.opened
        return self.entry.entering if opened is None or now < cycles[self.entry.ended] else opened


class _ReplayBook(Book):
    """The book as the limits read it while entries are judged: what the replay holds. One day, spreads alone."""

    def __init__(self, day: DayColumns, held: tuple[_Held, ...], now: dt.datetime) -> None:
        super().__init__()
        live = [one for one in held if one.booked_at > now]
        self._spreads = tuple(one.holding(now, day.cycles) for one in live)
        self._today = tuple(one.entry.plan for one in held)
        self._working = tuple(one.entry.order for one in live if now < day.cycles[one.entry.ended])
        self._sent = {one.entry.plan.holding: (one.entry.order,) for one in held}
        closed = (one.trade.net for one in held if one.trade is not None and one.booked_at <= now)
        self._realised = sum(closed, Decimal(0))
        self._balance = day.sizing.starting_capital + self._realised

    @property
    def balance(self) -> Decimal:
        return self._balance

    @property
    def live_holdings(self) -> tuple[AnyHolding, ...]:
        return self._spreads

    @property
    def live_spreads(self) -> tuple[SoldSpread, ...]:
        return self._spreads

    @property
    def working_orders(self) -> tuple[Order, ...]:
        return self._working

    @property
    def holdings(self) -> Mapping[str, AnyHolding]:
        return {spread.id: spread for spread in self._spreads}

    def orders_of(self, holding: str) -> tuple[Order, ...]:
        return self._sent.get(holding, ())

    def realised_on(self, date: dt.date) -> Decimal:
        return self._realised

    def entries_on(self, date: dt.date) -> tuple[SpreadPlan, ...]:
        return self._today


def replay(day: DayColumns, stops: StopPolicy) -> tuple[ClosedTrade, ...]:
    """The trades of the day under these stops, in order of closing, each as the loop would have traded it.

    Raises:
        NeedsLoop: something happened that the columns do not know.
    """
    if day.problem:
        raise NeedsLoop(day.problem)
    _refuse_scarce_buying_power(day)
    searches = day.searches(stops)
    held: list[_Held] = []
    for number, entry in enumerate(day.entries):
        now = day.cycles[entry.sent]
        if not _lets_in(day, entry, held, now):
            continue
        name = f"{entry.plan.spread.underlying}-{day.date:%Y%m%d}-{len(held) + 1}"
        held.append(_ended(day, entry, name, searches.get(number), stops))
    return in_order_of_closing(one.trade for one in held if one.trade is not None)


def _ended(day: DayColumns, entry: EntryColumns, name: str, search: ExitSearch | None, stops: StopPolicy) -> _Held:
    plan = evolve(entry.plan, holding=name)
    if search is None:
        return _Held(entry, plan, day.cycles[entry.ended], None)
    exit_: Exit | None = search.exit(stops)
    booked_at = None if exit_ is None else search.looks[exit_.filled].at
    trade = evolve(trade_of(entry, exit_, booked_at), id=name)
    assert trade.closed is not None
    return _Held(entry, plan, trade.closed, trade)


def _lets_in(day: DayColumns, entry: EntryColumns, held: Iterable[_Held], now: dt.datetime) -> bool:
    """Whether the limits that look at the book let this entry in, in the order of the filters. CS-336..344.

    Raises:
        NeedsLoop: it would be let in smaller.
    """
    book = _ReplayBook(day, tuple(held), now)
    plan, limits = entry.plan, day.limits
    risk = plan.spread.maximum_risk(plan.expected_credit)
    if not all(
        verdict.passed
        for verdict in (
            judge_otm_limit(plan.strategy, book.entries_on(day.date), day.otm),
            limits.judge_spacing(book, now),
            limits.judge_position_limit(book, day.underlying),
            limits.judge_daily_loss(book, now),
            limits.judge_minimum_account(book),
        )
    ):
        return False
    if day.sizing.is_halted(book.balance):
        return False
    fits = limits.contracts_by_risk(book, risk)
    if fits < plan.contracts:
        if limits.judge_concurrent_risk(book, plan.contracts, risk).passed:
            raise NeedsLoop("an entry that shrinks to fit the risk of what is open")
        return False
    live = live_plans(book)
    return day.conflicts.judge(plan.spread, plan.strategy, live, day.underlying).passed


def _refuse_scarce_buying_power(day: DayColumns) -> None:
    """Where every entry together cannot exhaust the account, CS-343 never speaks; elsewhere the loop must say."""
    worst = sum(
        (WORST_OF_A_SPREAD * entry.plan.spread.width * EQUITY_OPTION_MULTIPLIER * entry.plan.contracts
         for entry in day.entries),
        Decimal(0),
    )  # fmt: skip
    if worst > day.sizing.starting_capital:
        raise NeedsLoop("the buying power may run short")
