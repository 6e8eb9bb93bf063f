"""Reconciliation as a state machine: whatever a broker shows, in whatever order, every symbol gets one verdict.

Wrong, late and foreign holdings are shown, the process restarts, time passes; once the broker shows the truth again,
the book and the broker agree within minutes. Rules: CS-571..574, R5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from attrs import evolve, field, frozen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from builders_exchange import call, put
from builders_world import TERMS, World, a_scripted_plan, a_world, relayed
from gammacore.domain.ledger import Mode
from gammacore.ports.broker import BrokerDecorator

SHORT, LONG, FOREIGN = put(6880).occ, put(6870).occ, call(7000).occ
LOOKS_TO_AGREE = 12


@frozen
class Shows(BrokerDecorator):
    """The exchange, with some symbols shown at another quantity than it holds."""

    shown: dict[str, int] = field(factory=dict)

    def holdings(self) -> Mapping[str, int]:
        return {symbol: held for symbol, held in {**self.inner.holdings(), **self.shown}.items() if held}


class ReconcileMachine(RuleBasedStateMachine):
    """Three put spreads are held; what the broker shows of them is the rules' to choose."""

    world: World
    shown: dict[str, int]

    terms = TERMS

    @initialize()
    def three_spreads_are_held(self) -> None:
        self.shown = {}
        self.world = a_world(a_scripted_plan())
        self.world.terms = self.terms
        self.world.cycle()
        self.world.wrap_broker = relayed(lambda exchange: Shows(exchange, self.shown))
        self.world.restart()
        self.world.cycle(9)
        assert self.world.position().open_contracts == 3

    @rule(symbol=st.sampled_from((SHORT, LONG, FOREIGN, "SPX")), held=st.integers(-4, 4))
    def the_broker_shows(self, symbol: str, held: int) -> None:
        self.shown[symbol] = held

    @rule()
    def the_broker_shows_the_truth(self) -> None:
        self.shown.clear()

    @rule(cycles=st.integers(1, 3), seconds=st.sampled_from((10, 40, 61, 300)))
    def time_passes(self, cycles: int, seconds: int) -> None:
        self.world.cycle(cycles, seconds=seconds)

    @rule(seconds=st.sampled_from((10, 61)))
    def a_look_gives_one_verdict_a_symbol(self, seconds: int) -> None:
        self.world.show(seconds=seconds)
        findings = self.world.day.reconcile()
        assert max(Counter(finding.symbol for finding in findings).values()) == 1

    @rule(refusals=st.integers(1, 20))
    def the_exchange_refuses(self, refusals: int) -> None:
        for _ in range(refusals):
            self.world.exchange.next_submit(rejects="no bid")

    @rule()
    def the_process_restarts(self) -> None:
        self.world.restart()

    def teardown(self) -> None:
        """Once the broker shows the truth, the book and the broker agree within minutes."""
        self.shown.clear()
        self.world.exchange.faults = type(self.world.exchange.faults)()
        self.world.cycle(LOOKS_TO_AGREE, seconds=61)
        book = self.world.book
        ours, foreign = book.expected_holdings(), book.quarantined
        together = {symbol: ours.get(symbol, 0) + foreign.get(symbol, 0) for symbol in (*ours, *foreign)}
        assert {s: n for s, n in together.items() if n} == dict(self.world.exchange.holdings())


TestReconcileMachine = ReconcileMachine.TestCase
TestReconcileMachine.settings = settings(stateful_step_count=12)


class AtABroker(ReconcileMachine):
    """The same where absence is judged over minutes."""

    terms = evolve(TERMS, mode=Mode.PAPER)


TestReconcileMachineAtABroker = AtABroker.TestCase
TestReconcileMachineAtABroker.settings = settings(stateful_step_count=12)


@pytest.mark.parametrize(
    "shown",
    [({LONG: 0}, {SHORT: 0, LONG: -4}), ({SHORT: 1}, {SHORT: 4, LONG: 0})],
    ids=["the cover first", "the short first"],
)
@pytest.mark.parametrize("refusals", [0, 80])
def test_a_leg_that_changes_again_after_it_was_taken_for_traded_outside_gets_a_verdict(
    shown: tuple[dict[str, int], ...], refusals: int
) -> None:
    """CS-572: the verdict on the remaining legs once left out the leg that had vanished before: a KeyError."""
    machine = ReconcileMachine()
    machine.three_spreads_are_held()
    machine.the_exchange_refuses(refusals)
    for holdings in shown:
        machine.shown.clear()
        machine.shown.update(holdings)
        for _ in range(3):
            machine.a_look_gives_one_verdict_a_symbol(61)
    machine.teardown()
