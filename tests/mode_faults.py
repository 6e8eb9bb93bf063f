"""Rule R3 for the scalping modes: a simulated half day of one mode, in one mood, under random faults to its end.

The seed draws mode, mood and options; each order, question, look and restart may go wrong. A market order that closes
comes to an end in the end, as at an exchange; all others may not. A hedge is called back after its straddle is sold,
one look a minute before the close: its cancels are not ignored for so long.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from attrs import frozen

from builders_modes import HALF_DAY, MODES, Keys, a_mode_world, check_dollars, check_halts, check_sent_once, cycles
from builders_world import World
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.order import Behaviour, CancelOutcome, FaultPlan
from gammacore.adapters.simulated.moods import Mood
from gammacore.configuration import StrategyName
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import HoldingClosed
from gammacore.domain.ledger import OrderIntended
from gammacore.domain.orders import OrderTicket, Purpose
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open
from troubles import draw_trouble

STEP = 60
FAULTS_A_CYCLE = 0.08
RESTARTS_A_CYCLE = 0.02
LIVELY: Mapping[StrategyName, Keys] = {
    StrategyName.ST0CKA: {"scalping.st0cka.power_hour": True},
    StrategyName.ST0CKG: {"scalping.st0ckg.profile": "early", "scalping.st0ckg.afternoon": True},
    StrategyName.GAMMA_SCALPING: {},
    StrategyName.HYBRID: {"scalping.hybrid.min_dwell": 600, "scalping.st0cka.all_day": True},
}
"""More entries, so that more may go wrong."""
CHEAP: Keys = {"market.date": HALF_DAY, "scalping.gamma.tree_steps": 10}


def a_random_world(rng: Random) -> World:
    mode, mood = rng.choice(MODES), rng.choice(list(Mood))
    more: dict[str, object] = {**CHEAP}
    if rng.random() < 0.5:
        more |= LIVELY[mode]
    if mode is StrategyName.HYBRID:
        more["scalping.hybrid.hybrid_threshold"] = rng.choice([0.12, 0.2])
    if mode is StrategyName.ST0CKA and rng.random() < 0.3:
        more |= {"scalping.st0cka.unwind": "patient"}
    return a_mode_world(mode, mood, rng.randrange(1000), STEP, more)


def a_behaviour(rng: Random, ticket: OrderTicket) -> Behaviour:
    """How one order is treated: fairly as often as not, else badly in one way, and its cancel perhaps badly too."""
    quantity = ticket.quantity
    bad: list[Mapping[str, object]] = [
        {"unavailable": True},
        {"times_out": True, "accepts": True},
        {"times_out": True, "accepts": False},
        {"rejects": "not now"},
        {"rejects_later": "changed its mind"},
        {"delay": rng.randint(1, 3)},
    ]
    if ticket.limit is not None or ticket.purpose is not Purpose.EXIT:
        bad += [
            {"never": True},
            {"parts": (1,)},
            {"parts": (1, 1)},
            {"leg_contracts": tuple(rng.randint(0, quantity) for _ in ticket.legs)},
            {"times_out": True, "leg_contracts": tuple(rng.randint(0, quantity) for _ in ticket.legs)},
        ]
    fields = dict(rng.choice(bad)) if rng.random() < 0.5 else {}
    if rng.random() < 0.4:
        ignored = rng.randint(0, 4)
        fields["ignored_cancels"] = min(ignored, 2) if ticket.purpose is Purpose.HEDGE else ignored
        fields["on_cancel"] = rng.choice(list(CancelOutcome))
    return Behaviour(**fields)  # type: ignore[arg-type]  # fields by name, drawn above


@frozen
class Watched(BrokerDecorator):
    """The exchange as the desk sees it: troubles are drawn for each order, and a submit without an intent is caught."""

    inner: FakeExchange
    rng: Random
    world: World

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        intents = [event for event in self.world.events if isinstance(event, OrderIntended)]
        assert [event.ticket for event in intents].count(ticket) == 1, "submitted without one durable intent"
        self.inner.faults.next_submit(a_behaviour(self.rng, ticket))
        return self.inner.submit(ticket, gate)


def started(seed: int) -> tuple[Random, World]:
    """The world of a seed before its first look, and what its faults are drawn from."""
    rng = Random(seed)
    world = a_random_world(rng)

    def watched(broker: Broker) -> Broker:
        assert isinstance(broker, FakeExchange)
        return Watched(broker, rng, world)

    world.wrap_broker = watched
    return rng, world


def traded(rng: Random, world: World) -> World:
    """The half day to its end."""
    for _ in cycles(world):
        draw_trouble(rng, world, FAULTS_A_CYCLE, STEP)
        if rng.random() < RESTARTS_A_CYCLE:
            world.restart()
            world.day.begin()
    return world


def run(seed: int) -> World:
    return traded(*started(seed))


def assert_ended_well(world: World) -> None:
    """Nothing lost, nothing doubled, nothing left, every dollar accounted for."""
    book, exchange = world.book, world.exchange
    exchange.faults = FaultPlan()
    check_sent_once(exchange.received)
    assert dict(exchange.holdings()) == book.expected_holdings() == {}
    assert dict(book.quarantined) == {}
    assert book.live_holdings == ()
    assert Book.of(world.events).balance == book.balance
    check_dollars(world)
    check_halts(world.events, book)
    late = [event for event in world.events if isinstance(event, HoldingClosed) and event.at > world.session.close]
    assert not late, f"left to settlement: {late[0]}"
