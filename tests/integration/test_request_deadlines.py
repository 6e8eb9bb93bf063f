"""A deadline for a whole request, at a server that sends a byte now and then and is never silent for long.

Through both dialects: a question past it has failed, an order past it may be at the broker. Rules: R4, R5.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from attrs import frozen

from builders import a_put_spread
from builders_broker_day import CREDENTIALS
from builders_exchange import an_entry
from counterparts.alpaca_control import clients_of, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, Asked, Trouble, WireFault, World, scripted_world
from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.alpaca.client import TimeOuts
from gammacore.adapters.tradier.broker import TradierBroker
from gammacore.adapters.tradier.client import Patience
from gammacore.adapters.wire import Repeats
from gammacore.adapters.wire.deadline import step_seconds, within
from gammacore.configuration import Sourced, configure
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.domain.orders import OrderTicket
from gammacore.errors import BrokerUnavailable, InvalidInput, OrderTooOld, OutcomeUnknown
from gammacore.ports.broker import Broker
from gammacore.wiring.brokers import open_broker
from gammacore.wiring.service.arming import Armed

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

SHORT = RequestDeadlines(read_seconds=0.4, order_seconds=0.3)
"""Of the deadlines; the time-outs from byte to byte are far longer."""
AT_MOST = 2.5
"""Real seconds a call may take on a busy machine; without a deadline it would take for ever."""


@frozen
class Line:
    world: World
    server: LoopbackServer
    broker: Broker
    ticket: OrderTicket

    def drips(self, asked: Asked, trouble: Trouble = Trouble.DRIP) -> None:
        self.world.faults.always(asked, WireFault(trouble))

    @property
    def arrived(self) -> int:
        return len(self.world.exchange.every_order)


@contextmanager
def at_tradier() -> Iterator[Line]:
    world = scripted_world()
    with serving(tradier_app(world)) as server:
        client = tradier_client(server, world, Patience(SHORT, connect_seconds=60, answer_seconds=60))
        yield Line(world, server, TradierBroker(client, ACCOUNT), an_entry("gc-1"))
        client.close()


@contextmanager
def at_alpaca() -> Iterator[Line]:
    world = spy_world()
    ticket = an_entry("gc-1", a_put_spread(688, 687, "SPY"), limit="0.23")
    with serving(alpaca_app(world)) as server:
        clients = clients_of(server, TimeOuts(connect_seconds=60, read_seconds=60))
        yield Line(world, server, AlpacaBroker(clients, world.clock, Repeats(SHORT)), ticket)
        clients.close()


@pytest.fixture(params=[at_tradier, at_alpaca], ids=["tradier", "alpaca"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    with request.param() as opened:
        yield opened


def seconds_of(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.mark.parametrize("trouble", [Trouble.DRIP, Trouble.DRIP_HEAD, Trouble.SILENCE])
@pytest.mark.parametrize("asked", ["order", "orders", "holdings", "account", "clock"])
def test_a_question_to_a_server_that_drips_fails_by_its_deadline(line: Line, asked: str, trouble: Trouble) -> None:
    """The repeats share the deadline: a question is over once, not four times later."""
    line.drips(Asked.READ, trouble)
    ask: Callable[[], object] = {
        "order": lambda: line.broker.order("gc-1"),
        "orders": line.broker.orders,
        "holdings": line.broker.holdings,
        "account": line.broker.account,
        "clock": line.broker.clock,
    }[asked]

    def fails() -> None:
        with pytest.raises(BrokerUnavailable):
            ask()

    assert SHORT.read_seconds <= seconds_of(fails) < AT_MOST


@pytest.mark.parametrize("trouble", [Trouble.DRIP, Trouble.DRIP_HEAD, Trouble.SILENCE])
def test_an_order_whose_answer_drips_has_an_unknown_outcome_and_is_never_called_not_sent(
    line: Line, trouble: Trouble
) -> None:
    line.drips(Asked.SUBMIT, trouble)

    def unclear() -> None:
        with pytest.raises(OutcomeUnknown):
            line.broker.submit(line.ticket)

    assert seconds_of(unclear) < AT_MOST


def test_a_cancel_whose_answer_drips_has_an_unknown_outcome(line: Line) -> None:
    line.broker.submit(line.ticket)
    line.drips(Asked.CANCEL)

    def unclear() -> None:
        with pytest.raises(OutcomeUnknown):
            line.broker.cancel("gc-1")

    assert seconds_of(unclear) < AT_MOST


def test_after_a_deadline_the_next_request_is_answered_and_no_thread_is_left(line: Line) -> None:
    line.broker.holdings()
    threads = threading.active_count()
    line.drips(Asked.READ)
    with pytest.raises(BrokerUnavailable):
        line.broker.holdings()

    line.world.faults.lift()

    assert line.broker.holdings() == {}
    assert threading.active_count() == threads


def test_a_gate_that_closes_while_the_order_is_connected_keeps_every_byte_here(line: Line) -> None:
    """It is asked where the request is handed over and again before its first byte: closed the second time."""
    asked: list[int] = []

    def closes() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise OrderTooOld("the machine slept while it connected")

    line.world.faults.counted[Asked.SUBMIT] = 0
    with pytest.raises(OrderTooOld):
        line.broker.submit(line.ticket, closes)

    assert len(asked) == 2
    assert line.arrived == 0
    assert line.world.faults.counted[Asked.SUBMIT] == 0
    assert line.broker.submit(line.ticket).broker_id


def test_the_configured_deadlines_are_each_brokers_own() -> None:
    given = {"tradier.read_seconds": 7.0, "tradier.order_seconds": 8.0, "alpaca.order_seconds": 9.0}
    settings = configure([{key: Sourced(value, "test") for key, value in given.items()}]).settings

    assert settings.deadlines(BrokerName.TRADIER) == RequestDeadlines(7.0, 8.0)
    assert settings.deadlines(BrokerName.ALPACA).order_seconds == 9.0
    opened = open_broker(
        Armed(Mode.PAPER, BrokerName.TRADIER), CREDENTIALS, scripted_world().clock,
        deadlines=settings.deadlines(BrokerName.TRADIER),
    )  # fmt: skip
    assert opened.broker.inner._tradier._patience.deadlines == RequestDeadlines(7.0, 8.0)  # type: ignore[attr-defined]
    opened.close()


def test_of_two_deadlines_the_earlier_one_counts() -> None:
    now = [100.0]
    with within(10, monotonic=lambda: now[0]), within(60, monotonic=lambda: now[0]):
        now[0] = 108.0
        assert step_seconds(5) == pytest.approx(2.0)
        now[0] = 111.0
        with pytest.raises(TimeoutError):
            step_seconds(5)
    assert step_seconds(5) == 5


@pytest.mark.parametrize("seconds", [0, -1, 601, float("nan")])
def test_a_deadline_is_a_positive_number_of_seconds(seconds: float) -> None:
    with pytest.raises(InvalidInput):
        RequestDeadlines(read_seconds=seconds)
