"""The strategy of the recording pass: it sells at every slot as if the book were empty and closes nothing.

The loop around it is the day's own, so orders, fills and settlements are those of CS-419. Rule: ST-512.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from attrs import define, evolve, field, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.book.view import BookView
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.case import EntryCase
from gammacore.domain.entries.filters import judge_entry
from gammacore.domain.holdings.holding import HoldingState, SoldSpread, is_spread
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.ledger import LedgerOpened, Mode
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.orders import Order
from gammacore.domain.sessions import TradingSession
from gammacore.domain.stops.exits import is_expired
from gammacore.domain.strategy import Decision, Decisions, Needs, NoTrade, Open, Situation
from gammacore.domain.study.columns import EntryColumns, Look, NeedsLoop
from gammacore.domain.study.record import ClosedTrade

ClosingCost = Callable[[SoldSpread, MarketSnapshot], Decimal | None]
"""What closing a whole position would cost in one snapshot, points; None where a leg of it cannot be traded."""


@define(eq=False)
class _Recorded:
    """One entry while the pass runs."""

    plan: SpreadPlan
    sent: int
    order: Order | None = None
    entering: SoldSpread | None = None
    ended: int | None = None
    opened: SoldSpread | None = None
    looks: list[Look] = field(factory=list)


@frozen(eq=False)
class EntryRecorder:
    """A credit-spread desk that only enters. `stops` are all the settings that will be tried: their deadlines are kept.

    `problems` says why the columns of the day cannot be used, if they cannot.
    """

    desk: CreditSpreadDesk
    stops: tuple[StopPolicy, ...]
    closing_cost: ClosingCost
    cycles: list[dt.datetime] = field(factory=list, init=False)
    problems: list[str] = field(factory=list, init=False)
    seen: list[Situation] = field(factory=list, init=False)
    """The first situation of the day."""
    _entries: dict[str, _Recorded] = field(factory=dict, init=False)
    _desks: tuple[CreditSpreadDesk, ...] = field(init=False)
    """One for each two closing times that some setting has: most settings share theirs."""

    @_desks.default
    def _of_each_closing_time(self) -> tuple[CreditSpreadDesk, ...]:
        times = {(stops.soft_close_minutes, stops.hard_close_minutes): stops for stops in self.stops}
        return tuple(evolve(self.desk, stops=stops) for stops in times.values())

    @property
    def name(self) -> str:
        return self.desk.name

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        return self.desk.needs(now, session, book)

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        """Those of every setting, so that each finds its own cycles on the columns."""
        each = (desk.deadlines(session, book) for desk in self._desks)
        return tuple(sorted({instant for deadlines in each for instant in deadlines}))

    def decide(self, situation: Situation) -> Decisions:
        """Look at what is held, then judge the slots that are due."""
        self.cycles.append(situation.now)
        if not self.seen:
            self.seen.append(situation)
        number = len(self.cycles) - 1
        for name, entry in self._entries.items():
            self._look(name, entry, situation, number)
        return Decisions(tuple(self._enter(situation, number)))

    def _enter(self, situation: Situation, number: int) -> Iterator[Decision]:
        slots = self.desk.due_slots(situation.now, situation.session, situation.book)
        if len(slots) > 1:
            self.problems.append("several slots are due at once")
        for slot in slots:
            capital = self.desk.sizing.starting_capital
            alone = evolve(situation, book=_empty_book(situation.now, capital), buying_power=capital)
            name = f"{situation.underlying.symbol}-{situation.session.date:%Y%m%d}-{len(self._entries) + 1}"
            desk = self.desk
            case = EntryCase(alone, slot, desk.entries, desk.limits, desk.sizing, desk.stops, name)
            judgement = judge_entry(case)
            if judgement.plan is None:
                yield NoTrade(judgement.record)
                continue
            self._entries[judgement.plan.holding] = _Recorded(judgement.plan, number)
            first = self.desk.entries.limit.first(judgement.plan, situation.underlying)
            yield Open(judgement.plan, judgement.record, case.proposal, limit=first)
            return

    def _look(self, name: str, entry: _Recorded, situation: Situation, number: int) -> None:
        holding, book = situation.book.holding(name), situation.book
        if holding is None or not is_spread(holding):
            self._give_up(entry, f"the entry of {entry.plan.scheduled_at:%H:%M} UTC was not sent", number)
            return
        if entry.ended is None:
            if entry.order is None:
                orders = book.orders_of(name)
                entry.order, entry.entering = orders[0], holding
            if holding.state is HoldingState.ENTERING and any(order.is_working for order in book.orders_of(name)):
                return
            entry.ended = number
            if holding.state is HoldingState.OPEN and not is_expired(situation.session, situation.now):
                entry.opened = holding
                if holding.contracts != entry.plan.contracts:
                    self.problems.append("an entry filled in part")
            elif holding.has_filled:
                self.problems.append("an entry filled at the end of the session")
        if entry.opened is not None and not is_expired(situation.session, situation.now):
            entry.looks.append(self._seen(holding, situation))

    def _give_up(self, entry: _Recorded, problem: str, number: int) -> None:
        if entry.ended is None:
            self.problems.append(problem)
            entry.ended = number

    def _seen(self, position: SoldSpread, situation: Situation) -> Look:
        market = situation.market
        longs = [market.quote(side.long) for side in position.spread.sides]
        return Look(
            at=situation.now,
            mark=position.spread.mark(market.quote),
            price=situation.price if position.underlying == situation.underlying.symbol else None,
            vix=market.vix,
            noise=situation.memory.noise_level(position.id),
            unbid=any(quote is not None and quote.bid == 0 for quote in longs),
            closing=self.closing_cost(position, market),
        )

    def columns(
        self, trades: Sequence[ClosedTrade], fees: FeeSchedule, instants: frozenset[dt.datetime]
    ) -> tuple[EntryColumns, ...]:
        """What was recorded, with the settled `trades` of the pass; `instants` are the market's own.

        Raises:
            NeedsLoop: an entry that the cycles of one setting alone have brought about, or that is not whole.
        """
        settled = {trade.id: trade for trade in trades}
        return tuple(self._columns(name, entry, settled, fees, instants) for name, entry in self._entries.items())

    def _columns(
        self, name: str, entry: _Recorded, settled: dict[str, ClosedTrade], fees: FeeSchedule,
        instants: frozenset[dt.datetime],
    ) -> EntryColumns:  # fmt: skip
        if entry.order is None or entry.entering is None or entry.ended is None:
            raise NeedsLoop("an entry without its order")
        if any(at not in instants for at in self.cycles[entry.sent : entry.ended + 1]):
            raise NeedsLoop("an entry at a cycle that only some settings have")
        legs, contracts = entry.plan.spread.closing_legs, entry.plan.contracts
        return EntryColumns(
            plan=entry.plan,
            order=entry.order,
            sent=entry.sent,
            ended=entry.ended,
            entering=entry.entering,
            opened=entry.opened,
            looks=tuple(entry.looks),
            held=settled.get(name),
            closing_fees=sum((fees.trade(leg, contracts) for leg in legs), Decimal(0)),
        )


def _empty_book(now: dt.datetime, balance: Decimal) -> Book:
    book = Book()
    book.apply(LedgerOpened(now, "study", Mode.STUDY, "columns", balance))
    return book
