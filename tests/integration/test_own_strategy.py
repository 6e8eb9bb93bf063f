"""The published example at brokers that are slow: what is sold is what is held, however late a fill is reported."""

from __future__ import annotations

import runpy
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, evolve, field

import gammacore
from builders_cli import PINNED, CommandLine
from conftest import ROOT
from gammacore.adapters.fake.in_memory import MemoryInbox
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import NOTHING_FILLED, Execution, OrderReport, OrderState, OrderTicket, Purpose
from gammacore.errors import BrokerError, OrderRejected
from gammacore.ports.broker import Broker, BrokerDecorator, Receipt, SendGate, always_open
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring.controls import still_open

SPY = {"market.underlying": "SPY", "market.seed": PINNED}
PRICE = Decimal("558.25")


@define
class SlowBroker(BrokerDecorator):
    """Takes every order, also more than is held, and reports a fill only when the order was asked for often enough.

    `parts` are the shares of each fill, one a query from the `fills_on`-th on; shares beyond them never fill.
    """

    fills_on: int
    parts: tuple[int, ...] = (10,)
    refuses: int = 0
    taken: list[OrderTicket] = field(factory=list)
    asked: dict[str, int] = field(factory=dict)
    reports: dict[str, OrderReport] = field(factory=dict)

    def submit(self, ticket: OrderTicket, gate: SendGate = always_open) -> Receipt:
        if ticket.purpose is Purpose.EXIT and self.refuses:
            self.refuses -= 1
            raise OrderRejected("try again")
        gate()
        self.taken.append(ticket)
        now = self.inner.clock().at
        self.reports[ticket.id] = OrderReport(ticket.id, f"b-{ticket.id}", OrderState.ACCEPTED, NOTHING_FILLED, now)
        return Receipt(f"b-{ticket.id}")

    def order(self, order_id: str) -> OrderReport | None:
        report = self.reports.get(order_id)
        if report is None or report.state.is_final:
            return report
        self.asked[order_id] = self.asked.get(order_id, 0) + 1
        wanted = next(ticket.quantity for ticket in self.taken if ticket.id == order_id)
        filled = min(sum(self.parts[: max(self.asked[order_id] - self.fills_on + 1, 0)]), wanted)
        state = OrderState.FILLED if filled == wanted else OrderState.PARTIALLY_FILLED if filled else report.state
        execution = Execution(filled, PRICE) if filled else NOTHING_FILLED
        self.reports[order_id] = evolve(report, state=state, execution=execution, at=self.inner.clock().at)
        return self.reports[order_id]

    def order_by_broker_id(self, order_id: str, broker_id: str) -> OrderReport | None:
        return self.order(order_id)

    def cancel(self, order_id: str) -> None:
        report = self.reports[order_id]
        if report.state.is_final:
            raise BrokerError("it is over")
        self.reports[order_id] = evolve(report, state=OrderState.CANCELED, at=self.inner.clock().at)

    def orders(self) -> Sequence[OrderReport]:
        return list(self.reports.values())

    def holdings(self) -> Mapping[str, int]:
        held: dict[str, int] = {}
        for ticket in self.taken:
            (leg,) = ticket.legs
            assert isinstance(leg, ShareLeg)
            filled = self.reports[ticket.id].execution.quantity * leg.side.sign
            held[leg.symbol] = held.get(leg.symbol, 0) + filled
        return {symbol: quantity for symbol, quantity in held.items() if quantity}


def traded(fills_on: int, parts: tuple[int, ...] = (10,), refuses: int = 0) -> tuple[SlowBroker, gammacore.DayReport]:
    """A simulated day of the example at such a broker."""
    brokers: list[SlowBroker] = []

    def slow(broker: Broker) -> Broker:
        brokers.append(SlowBroker(broker, fills_on, parts, refuses))
        return brokers[0]

    configuration = gammacore.configure([{**SPY, "orders.poll_seconds": 0}])
    day = gammacore.wire_day(configuration, strategy=ten_shares(), wrap_broker=slow)
    try:
        day.trade()
        return brokers[0], gammacore.day_report(day.storage.events())
    finally:
        day.close()


def ten_shares() -> gammacore.Strategy:
    strategy: gammacore.Strategy = runpy.run_path(str(ROOT / "examples" / "own_strategy.py"))["TenShares"]()
    return strategy


def shares(broker: SlowBroker, purpose: Purpose) -> list[int]:
    return [ticket.quantity for ticket in broker.taken if ticket.purpose is purpose]


@pytest.mark.parametrize("fills_on", [1, 2, 3, 4])
def test_ten_shares_are_bought_once_and_sold_once_however_late_a_fill_is_reported(fills_on: int) -> None:
    broker, report = traded(fills_on)

    assert (shares(broker, Purpose.ENTRY), shares(broker, Purpose.EXIT)) == ([10], [10])
    assert broker.holdings() == {}
    assert (report.entries, report.ended, report.finished) == (1, 1, True)


def test_fills_in_parts_are_waited_for() -> None:
    broker, _ = traded(2, (4, 3, 3))

    assert (shares(broker, Purpose.ENTRY), shares(broker, Purpose.EXIT)) == ([10], [10])
    assert broker.holdings() == {}


def test_of_an_entry_that_filled_in_part_only_that_part_is_sold() -> None:
    """The rest of the entry is called back when its life is over."""
    broker, _ = traded(1, (4,))

    assert (shares(broker, Purpose.ENTRY), shares(broker, Purpose.EXIT)) == ([10], [4])
    assert broker.holdings() == {}


def test_a_sale_that_was_refused_is_asked_for_again_and_sold_once() -> None:
    broker, _ = traded(3, refuses=2)

    assert shares(broker, Purpose.EXIT) == [10]
    assert broker.holdings() == {}


@pytest.fixture
def holding_ledger(tmp_path: Path) -> Path:
    """A ledger whose own strategy holds its ten shares; the program has ended."""
    ledger = tmp_path / "day.sqlite"
    day = gammacore.wire_day(gammacore.configure([SPY]), ledger, strategy=ten_shares())
    try:
        day.trade.run_until(lambda book: any(one.quantities for one in book.live_holdings))
    finally:
        day.close()
    return ledger


def test_flatten_closes_what_an_own_strategy_holds_without_its_program(
    holding_ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R10: everything of ours is closed, whichever program opened it."""
    flat = CommandLine(capsys)("flatten", "--ledger", str(holding_ledger), "--quiet")

    assert (flat.code, "flat and halted" in flat.out) == (0, True), flat.err


def test_a_flatten_ends_an_own_strategy_that_knows_nothing_of_it(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    configuration = gammacore.configure([SPY])
    day = gammacore.wire_day(configuration, tmp_path / "day.sqlite", strategy=ten_shares(), also_obey=inbox)
    try:
        day.trade.run_until(lambda book: any(one.quantities for one in book.live_holdings))
        inbox.post(Request(RequestKind.FLATTEN, day.trade.clock.now(), "by hand"))
        book = day.trade.run_until(lambda book: book.flatten is not None and not still_open(book))

        assert day.trade.broker.holdings() == {}
        assert day.trade.clock.now() < day.session.close
        assert book.halted == "by hand"
    finally:
        day.close()
