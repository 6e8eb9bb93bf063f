"""What brokers really do wrong, over the fake exchange: late holdings, lists that are down, answers that do not fit.

Each run is one short day by seed, at the pace and with the patience of a real account (paper): a few faults, each for a
stretch of time, while spreads or a straddle are opened, held and closed. Everything heals before the afternoon, so the
day ends flat, with every dollar known. Rules: R2, R3, CS-408, CS-572. `tests/fault_sweep.py --broker` runs many.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from random import Random

from attrs import define, evolve, field, frozen

from builders import at
from builders_world import World
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.order import Behaviour, FaultPlan
from gammacore.application.alarms import NOT_BOOKED
from gammacore.application.survival import FAULT
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.instruments import contract_of
from gammacore.domain.ledger import AlarmRaised, Mode, OrderIntended
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import OrderReport, OrderState, OrderTicket
from gammacore.errors import BrokerUnavailable, OrderRejected, OutcomeUnknown
from gammacore.ports.broker import BrokerDecorator, Receipt, SendGate, always_open
from integration.test_random_faults import any_random_world, state_of

HEALED_BY = dt.timedelta(minutes=12)
"""After so much of the day nothing is wrong any more."""
NAKED_FOR = dt.timedelta(seconds=60)
"""A short without its cover at the broker is reported within this."""
RESTARTS_A_CYCLE = 0.03


class Fault(StrEnum):
    """What is wrong for a stretch of time."""

    HOLDINGS_LATE = "holdings as they were up to 300 s ago"
    HOLDINGS_DOWN = "holdings cannot be asked for"
    HOLDINGS_EMPTY = "holdings are an empty list"
    HOLDING_MISSING = "one symbol is left out of the holdings"
    LIST_DOWN = "the list of orders cannot be asked for"
    ANSWERS_DOWN = "no order can be asked for"
    NOT_FOUND = "an order that is there is not found"
    GARBLED = "an answer about an order does not fit what was sent"
    REFUSED_BUT_TAKEN = "an order is refused and yet taken"
    UNANSWERED = "an order is taken and the answer is lost"
    ONE_LEG = "only some legs of an order fill"
    CANCELS_DOWN = "cancels do not arrive"


@frozen
class Stretch:
    """One fault from `start` until `end`; `late` is by how much holdings lag."""

    fault: Fault
    start: dt.datetime
    end: dt.datetime
    late: dt.timedelta

    def holds(self, now: dt.datetime) -> bool:
        return self.start <= now < self.end


def drawn_stretches(rng: Random) -> tuple[Stretch, ...]:
    """One to three faults of the first minutes."""
    stretches = []
    for _ in range(rng.randint(1, 3)):
        start = at("10:00") + dt.timedelta(seconds=rng.randint(0, 420))
        end = min(start + dt.timedelta(seconds=rng.choice([40, 90, 200, 400])), at("10:00") + HEALED_BY)
        stretches.append(Stretch(rng.choice(list(Fault)), start, end, dt.timedelta(seconds=rng.randint(30, 300))))
    return tuple(stretches)


@define
class Shown:
    """What the exchange held, from when."""

    past: list[tuple[dt.datetime, Mapping[str, int]]] = field(factory=list)

    def note(self, now: dt.datetime, held: Mapping[str, int]) -> None:
        if not self.past or self.past[-1][1] != held:
            self.past.append((now, dict(held)))

    def before(self, then: dt.datetime) -> Mapping[str, int]:
        return next((held for since, held in reversed(self.past) if since <= then), {})


@frozen
class FaultyBroker(BrokerDecorator):
    """The exchange behind a broker's faults; a submit without one durable intent is caught."""

    exchange: FakeExchange
    world: World
    rng: Random
    stretches: tuple[Stretch, ...]
    shown: Shown = field(factory=Shown)

    def _now(self, fault: Fault) -> Stretch | None:
        now = self.world.clock.now()
        return next((one for one in self.stretches if one.fault is fault and one.holds(now)), None)

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        intents = [event.ticket.id for event in self.world.events if isinstance(event, OrderIntended)]
        assert intents.count(ticket.id) == 1, "submitted without one durable intent"
        if self._now(Fault.ONE_LEG) and len(ticket.legs) > 1 and self.inner is self.exchange:
            filled = tuple(self.rng.randint(0, ticket.quantity) for _ in ticket.legs)
            self.exchange.faults.next_submit(Behaviour(leg_contracts=filled))
        receipt = self.inner.submit(ticket, gate)
        if self._now(Fault.REFUSED_BUT_TAKEN):
            raise OrderRejected("400: not now")
        if self._now(Fault.UNANSWERED):
            raise OutcomeUnknown("no answer")
        return receipt

    def cancel(self, order_id: str) -> None:
        if self._now(Fault.CANCELS_DOWN):
            raise BrokerUnavailable("cancels do not arrive")
        self.inner.cancel(order_id)

    def order(self, order_id: str) -> OrderReport | None:
        if self._now(Fault.ANSWERS_DOWN):
            raise BrokerUnavailable("no answer about the order")
        report = self.inner.order(order_id)
        if report is None or self._now(Fault.NOT_FOUND):
            return None
        return self._garbled(report) if self._now(Fault.GARBLED) else report

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        if self._now(Fault.ANSWERS_DOWN):
            raise BrokerUnavailable("no answer about the order")
        report = self.inner.order_by_broker_id(order_id, broker_id)
        return self._garbled(report) if report is not None and self._now(Fault.GARBLED) else report

    def orders(self) -> Sequence[OrderReport]:
        if self._now(Fault.LIST_DOWN):
            raise BrokerUnavailable("the list of orders is down")
        reports = () if self._now(Fault.NOT_FOUND) else self.inner.orders()
        return tuple(map(self._garbled, reports)) if self._now(Fault.GARBLED) else reports

    def holdings(self) -> Mapping[str, int]:
        held, now = self.inner.holdings(), self.world.clock.now()
        self.shown.note(now, held)
        if self._now(Fault.HOLDINGS_DOWN):
            raise BrokerUnavailable("holdings are down")
        if self._now(Fault.HOLDINGS_EMPTY):
            return {}
        if (stretch := self._now(Fault.HOLDINGS_LATE)) is not None:
            held = self.shown.before(now - stretch.late)
        if self._now(Fault.HOLDING_MISSING) and held:
            held = {symbol: count for symbol, count in held.items() if symbol != min(held)}
        return held

    def _garbled(self, report: OrderReport) -> OrderReport:
        """Too much filled, other legs, no price, less than before, a state of another order."""
        done, rng = report.execution, self.rng
        other = LegFill("SPXW260303C09999000", done.legs[0].side, 1, Decimal(1)) if done.legs else None
        garbled = (
            evolve(report, execution=evolve(done, quantity=done.quantity + 100)),
            evolve(report, execution=evolve(done, price=None, legs=())),
            evolve(report, execution=evolve(done, quantity=0, legs=())),
            evolve(report, execution=evolve(done, legs=() if other is None else (other,))),
            evolve(report, state=OrderState.FILLED),
            evolve(report, state=OrderState.REJECTED, reason="garbled"),
            evolve(report, execution=evolve(done, price=Decimal(-5))),
        )
        return rng.choice(garbled)


def make_faulty(world: World, rng: Random, stretches: tuple[Stretch, ...]) -> None:
    """Let a world be traded as a real account is, at a broker with these faults."""
    wrap, shown = world.wrap_broker, Shown()
    world.terms = evolve(world.terms, mode=Mode.PAPER)
    world.wrap_broker = lambda broker: FaultyBroker(wrap(broker), world.exchange, world, rng, stretches, shown)


def naked_at_the_exchange(world: World) -> dict[str, int]:
    """Option shorts that nothing held covers, by root, as the exchange has them; calls and puts apart."""
    shorts: Counter[str] = Counter()
    for symbol, count in world.exchange._book.held.items():
        if (contract := contract_of(symbol)) is not None and count:
            shorts[f"{contract.root} {contract.right}"] += count
    return {name: count for name, count in shorts.items() if count < 0}


@define
class NakedWatch:
    """Since when the exchange has held an uncovered short, and whether that was reported in time. Rule: R2."""

    since: dt.datetime | None = None

    def look(self, world: World, step: dt.timedelta) -> None:
        now = world.clock.now()
        if not naked_at_the_exchange(world) or now >= world.session.close:
            self.since = None
            return
        self.since = self.since or now
        if now - self.since > NAKED_FOR + step:
            alarms = [event for event in world.events if isinstance(event, AlarmRaised) and event.at >= self.since]
            assert alarms, f"naked since {self.since:%H:%M:%S} and no alarm was raised: {naked_at_the_exchange(world)}"


def run(seed: int, a_world: Callable[[Random, int], World] = any_random_world) -> World:
    """One day to its end, looked at after each cycle."""
    rng = Random(seed)
    world = a_world(rng, seed)
    stretches = drawn_stretches(rng)
    make_faulty(world, rng, stretches)
    watch, before = NakedWatch(), world.clock.now()
    world.day.begin()
    while not world.day.is_finished():
        now = world.clock.now()
        assert now < at("16:30"), f"open at 16:30: {world.book.live_holdings} {[str(s.fault) for s in stretches]}"
        world.day.cycle()
        watch.look(world, now - before)
        if rng.random() < RESTARTS_A_CYCLE:
            world.restart()
            world.day.begin()
        before = now
        world.clock.wait_until(world.day.next_look(world.clock.now()))
    return world


def assert_ended_well(world: World) -> None:
    book, exchange = world.book, world.exchange
    exchange.faults = FaultPlan()
    unforeseen = [e.detail for e in world.events if isinstance(e, AlarmRaised) and e.code in (FAULT, NOT_BOOKED)]
    assert not unforeseen, unforeseen[0]
    received = Counter(ticket.id for ticket in exchange.received)
    assert max(received.values(), default=1) == 1, "an order was sent twice"
    assert state_of(Book.of(world.events)) == state_of(book), "the ledger folds to another book"
    assert dict(exchange.holdings()) == {}, f"held at the end: {dict(exchange.holdings())}"
    assert book.expected_holdings() == {}
    assert dict(book.quarantined) == {}
    assert book.live_holdings == ()
    assert is_estimate(world) or book.balance == exchange.account().balance, "the book's dollars are not the exchange's"


def is_estimate(world: World) -> bool:
    """Whether a price is flagged as not the broker's own, or a close as a guess. CS-411."""
    guessed = any(isinstance(event, HoldingClosed) and event.estimated for event in world.events)
    return guessed or any(order.lacks_price for order in world.book.orders.values())
