"""Carry out what a strategy decided: every decision becomes an order through the order desk, or a record of why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Sequence
from decimal import Decimal
from typing import assert_never

from attrs import evolve

from gammacore.application.alarms import RepeatedAlarms
from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.application.order_ids import next_order_id
from gammacore.application.recall_market import RecallMarket
from gammacore.domain.desks.closing import goes_unanswered
from gammacore.domain.holding_events import CloseDecided, HoldingAdopted, WatchChanged
from gammacore.domain.holdings.holding import AnyHolding, HoldingState, Origin, SoldSpread, is_spread
from gammacore.domain.holdings.plans import Opening, SpreadPlan, terms_of
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import AlarmRaised, DayHalted, DeskSwitched, EntryJudged, Event, Halted
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Effect, Order, OrderState, OrderTicket, Purpose
from gammacore.domain.risk.guard import Refused
from gammacore.domain.sessions import new_york_date
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.strategy import (
    Cancel,
    Close,
    Decision,
    Halt,
    HaltDay,
    Note,
    NoTrade,
    Open,
    RecordWatch,
    Repair,
    Reprice,
    SaveState,
    SwitchDesk,
    TakeOver,
    Trade,
    Warn,
    subject_of,
)
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput
from gammacore.ports.clock import Clock

STUCK_AFTER_ATTEMPTS = 5


class CarryOut:
    """Does what was decided, one decision at a time. Rules: CS-338..344, CS-402, CS-413, CS-416, CS-420, CS-421, R1."""

    def __init__(
        self, ledger: DayLedger, desk: OrderDesk, clock: Clock, recall: RecallMarket, strategy: str,
        taken: Container[str] = frozenset(),
    ) -> None:  # fmt: skip
        """`strategy` is the name that new spreads are held under, `taken` the ids the broker knows and the book not."""
        self._taken = taken
        self._ledger = ledger
        self._desk = desk
        self._clock = clock
        self._recall = recall
        self._strategy = strategy
        self._alarm = RepeatedAlarms(clock)

    def __call__(self, step: Decision) -> None:
        """Do one; what cannot be carried out is journaled with its reason, and the day goes on."""
        try:
            self._do(step)
        except InvalidInput as problem:
            holding, purpose, symbols = subject_of(step)
            self._desk.refuse(holding, purpose, symbols, Verdict.skip(f"invalid_{problem.field}", problem))

    def _do(self, step: Decision) -> None:
        match step:
            case Open():
                self._open(step)
            case Reprice():
                self._reprice(step)
            case NoTrade():
                self._ledger.record(step.judgement)
            case RecordWatch():
                self._recall.watch(step.slot, step.watched)
            case Close():
                self._close(step)
            case Repair():
                self._repair(step)
            case Trade():
                self._trade(step)
            case TakeOver():
                self._take_over(step)
            case Note():
                self._ledger.record(step.record)
            case Cancel():
                self._cancel(step)
            case SaveState():
                self._ledger.record(WatchChanged(self._clock.now(), step.holding, step.watch))
            case Warn():
                self._ledger.record(*self._alarm(step.code, step.detail, step.holding, about=step.detail))
            case Halt():
                self._ledger.record(Halted(self._clock.now(), step.reason))
            case HaltDay():
                self._halt_day(step)
            case SwitchDesk():
                at = self._clock.now()
                self._ledger.record(DeskSwitched(at, step.before, step.after, step.step, step.volatility, step.source))
            case _:
                assert_never(step)

    # -- spreads ------------------------------------------------------------------------------------------------------

    def _open(self, step: Open) -> None:
        """Intend and send the first order of a spread, or record which limit forbids it now.

        Raises:
            InvalidInput: the name is taken: a spread is opened once, under a name of its own.
        """
        plan, now = step.plan, self._clock.now()
        known = self._ledger.book.holding(plan.holding)
        if known is not None and (known.is_live or known.has_filled or not is_spread(known)):
            raise InvalidInput("holding", known.id, "this name is taken; open each spread under a name of its own")
        warned = (AlarmRaised(now, each.code, each.detail, each.holding) for each in step.warnings)
        self._sell(plan, self._entry(plan, step), first=(step.judgement, *warned))

    def _reprice(self, step: Reprice) -> None:
        """Send the next order of an entry that walks, if the limits still allow it; a refusal is an alarm. CS-421."""
        sent = self._sell(step.plan, self._entry(step.plan, step))
        if isinstance(sent, Refused):
            detail = str(sent.verdict)
            self._ledger.record(*self._alarm("walk_stopped", detail, step.plan.holding, again=None))

    def _entry(self, plan: SpreadPlan, step: Open | Reprice) -> OrderTicket:
        underlying = plan.spread.underlying
        return OrderTicket(
            id=self._next_id(self._strategy, underlying, plan.holding, Purpose.ENTRY),
            purpose=Purpose.ENTRY,
            underlying=underlying,
            holding=plan.holding,
            legs=plan.spread.opening_legs,
            quantity=plan.contracts,
            effect=Effect.CREDIT,
            limit=step.limit or plan.limit,
            reason=str(plan.strategy),
        )

    def _sell(self, plan: SpreadPlan, ticket: OrderTicket, first: Sequence[Event] = ()) -> OrderState | Refused:
        opens = Opening(self._strategy, plan.spread.underlying, terms_of(plan, ticket.limit))
        return self._desk.send(ticket, opens, plan, first)

    def _close(self, step: Close) -> None:
        """Note the decision, then send one multi-leg order for what is open of the sides it names. Rule: CS-420.

        Raises:
            InvalidInput: no such spread is open, or the limit is no price.
        """
        book, spread = self._ledger.book, self._open_spread(step.holding)
        first: tuple[Event, ...] = ()
        if spread.state is HoldingState.OPEN:
            first = (CloseDecided(self._clock.now(), spread.id, step.reason, step.value, step.detail),)
        sides = spread.sides if step.sides is None else step.sides
        contracts = spread.open_in(sides)
        if contracts == 0 or any(
            _is_in_the_way(order, sides, self._clock.now()) for order in book.orders_of(spread.id)
        ):
            self._ledger.record(*first)  # its entry is called back first; the next cycle goes on
            return
        purpose = Purpose.EMERGENCY if step.urgent else Purpose.EXIT
        ticket = OrderTicket(
            id=self._next_id(spread.owner, spread.underlying, spread.id, purpose),
            purpose=purpose,
            underlying=spread.underlying,
            holding=spread.id,
            legs=CreditSpread(sides).closing_legs,
            quantity=contracts,
            effect=Effect.DEBIT,
            limit=step.limit,
            reason=step.reason,
        )
        self._desk.send(ticket, first=(*first, *self._stuck(spread)))

    def _repair(self, step: Repair) -> None:
        """Trade one leg by itself, at market or as decided; the guard cuts it to what is left. Rules: CS-413, CS-420.

        Raises:
            InvalidInput: no such spread is open, or the quantity is nothing.
        """
        spread = self._open_spread(step.holding)
        leg = Leg(step.leg.contract, step.leg.side)
        buys = leg.side is Side.BUY
        ticket = OrderTicket(
            id=self._next_id(spread.owner, spread.underlying, spread.id, Purpose.REPAIR),
            purpose=Purpose.REPAIR,
            underlying=spread.underlying,
            holding=spread.id,
            legs=(leg,),
            quantity=step.contracts,
            effect=Effect.DEBIT if buys else Effect.CREDIT,
            limit=step.limit,
            reason=step.reason or _repair_reason(spread, buys=buys),
            life=step.life,
        )
        self._desk.send(ticket, first=(*self._imbalance(spread, ticket), *self._stuck(spread)))

    def _open_spread(self, name: str) -> SoldSpread:
        holding = self._ledger.book.holding(name)
        if holding is None or not holding.is_live or not holding.has_filled or not is_spread(holding):
            raise InvalidInput("holding", name, "no such spread is open in this ledger")
        return holding

    def _imbalance(self, spread: SoldSpread, ticket: OrderTicket) -> tuple[Event, ...]:
        (leg,), naked = ticket.legs, spread.naked_shorts()
        is_left_over = spread.state is HoldingState.CLOSING and ticket.life is not None and not naked
        if not spread.excess() or is_left_over:  # the long of a close without a bid: as planned (CS-420)
            return ()
        detail = f"{ticket.reason}: {leg.side} {ticket.quantity} {leg.symbol}"
        if naked:
            detail += f"; naked short {naked}"
        return self._alarm("leg_imbalance", detail, spread.id, about=detail)

    def _stuck(self, holding: AnyHolding) -> tuple[Event, ...]:
        """The alarm of a close that has been tried too often, every five minutes. Rule: CS-563."""
        if holding.close_attempts < STUCK_AFTER_ATTEMPTS:
            return ()
        return self._alarm("stuck", f"{holding.close_attempts} attempts to close; trying on", holding.id)

    # -- everything else ----------------------------------------------------------------------------------------------

    def _trade(self, step: Trade) -> None:
        """Intend and send one order, the first of which opens the holding.

        Raises:
            InvalidInput: no such order can exist: no legs, a quantity of nothing, a name that a spread has.
        """
        book = self._ledger.book
        known = book.holding(step.holding)
        if known is not None and is_spread(known):
            raise InvalidInput("holding", known.id, "a spread has this name; give the holding one of its own")
        if len(step.legs) == 1 and step.legs[0].ratio != 1:
            raise InvalidInput("ratio", step.legs[0].ratio, "a single leg has the ratio 1; give contracts as quantity")
        underlyings = [leg.symbol if isinstance(leg, ShareLeg) else leg.contract.underlying for leg in step.legs]
        ticket = OrderTicket(
            id=self._next_id(step.strategy, step.underlying, step.holding, step.purpose),
            purpose=step.purpose,
            underlying=underlyings[0] if underlyings else step.underlying,
            holding=step.holding,
            legs=step.legs,
            quantity=step.quantity,
            effect=step.effect,
            limit=step.limit,
            reason=step.reason,
            life=step.life,
        )
        opens = None
        if known is None or not known.is_live:
            opens = Opening(step.strategy, step.underlying, terms=step.terms)
        state = self._desk.send(ticket, opens, first=() if step.record is None else (step.record,))
        if state is OrderState.REJECTED and step.purpose is not Purpose.ENTRY:
            detail = f"{step.reason} of {step.holding} was refused: {book.orders[ticket.id].reason}; tried again"
            self._ledger.record(*self._alarm("refused", detail, step.holding))
        if state is OrderState.NOT_SENT:
            self._entry_came_to_nothing(step, state, book.orders[ticket.id].reason)  # it may be bought yet

    def _take_over(self, step: TakeOver) -> None:
        """Write down whose it is from now on, at assumed prices. Rule: SC-452."""
        now = self._clock.now()
        options = (price for symbol, price in step.prices.items() if symbol != step.underlying)
        self._ledger.record(
            HoldingAdopted(
                now, step.holding, step.strategy, step.underlying, Origin.RESUMED, dict(step.symbols),
                sum(options, Decimal(0)), now, prices=dict(step.prices), terms=step.terms,
            )
        )  # fmt: skip

    def _entry_came_to_nothing(self, step: Trade, state: OrderState, explanation: str) -> None:
        """An entry came to nothing after all: its judgement says why, where that is new."""
        if not isinstance(record := step.record, EntryJudged):
            return
        known = self._ledger.book.judgement(record.scheduled_at)
        if known is None or known.reason != state.value:
            self._ledger.record(evolve(record, reason=state.value, explanation=explanation))

    def _halt_day(self, step: HaltDay) -> None:
        """Once a day for each reason, with an alarm: a person must know why nothing is opened. Rule: SC-609."""
        now = self._clock.now()
        date, book = new_york_date(now), self._ledger.book
        known = book.halted_on(date)
        if known is None or not known.covers(step.reason):
            self._ledger.record(
                DayHalted(now, date, step.reason, step.detail), AlarmRaised(now, step.reason, step.detail)
            )

    def _cancel(self, step: Cancel) -> None:
        if (order := self._ledger.book.order(step.order)) is not None and order.is_working:
            self._desk.cancel(order, step.reason)

    def _next_id(self, strategy: str, underlying: str, holding: str, purpose: Purpose) -> str:
        book, now = self._ledger.book, self._clock.now()
        return next_order_id(book, strategy, underlying, holding, str(purpose), now, self._taken)


def _is_in_the_way(order: Order, sides: Sequence[Vertical], now: dt.datetime) -> bool:
    """An order that may still buy or sell shorts of these sides; one that only sells longs may rest.

    An entry of which nothing comes is not waited for: an exit trades the other way. Rule: CS-535.
    """
    if order.ticket.purpose is Purpose.ENTRY and goes_unanswered(order, now):
        return False
    ticket, shorts = order.ticket, {side.short.occ for side in sides}
    is_only_a_sale = ticket.closes and not ticket.buys_back
    return order.is_working and not is_only_a_sale and not shorts.isdisjoint(ticket.symbols)


def _repair_reason(spread: SoldSpread, *, buys: bool) -> str:
    if not spread.excess():
        return "leg by leg"
    return "uncovered short" if buys else "loose long"
