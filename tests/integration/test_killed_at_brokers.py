"""Killed between submit and answer, started again: the order is found at the broker and adopted. Rules: R1, R2, R4.

The exchange is in this process, behind a broker's dialect. The day is traded by another, which has the wire, a ledger
file and nothing else. It is killed while the server is about to answer an order, or before the order left. In a smoke
each kind of order is tried at one broker and each broker with every desk; in `make sweep` every kind at both.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from attrs import evolve, frozen
from starlette.types import ASGIApp

import broker_crash_child
import builders_unbid
from builders_broker_day import Day, a_world
from builders_unbid import WAYS
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import Asked, World
from extent import WHOLE, many, pairs
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import CloseDecided, HoldingClosed
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import Event, OrderAccepted, OrderIntended, OrderNotSent
from gammacore.domain.orders import THE_DAY, OrderReport, OrderTicket, Purpose

APPS: Mapping[str, Callable[[World], ASGIApp]] = {"tradier": tradier_app, "alpaca": alpaca_app}
SEED = 57
STEP = many(600, 300)
PROCESSES = multiprocessing.get_context("forkserver")
"""Each process is a fork of one that has imported what trades and done nothing else: a second less to wait for each."""
PROCESSES.set_forkserver_preload([broker_crash_child.__name__])
PATIENCE_SECONDS = 120.0
TOO_OLD_SECONDS = 31
"""An intent is sent after a restart only when younger than 30 s."""


@frozen
class Desk:
    """Who trades what, where."""

    broker: str
    underlying: str
    strategy: str

    def __str__(self) -> str:
        return f"{self.broker} {self.strategy}"


@frozen
class Meant:
    """One order of a day: the first of its purpose and reason."""

    desk: Desk
    purpose: Purpose
    reason: str = ""

    def number_among(self, tickets: Sequence[OrderTicket]) -> int:
        return next(
            number
            for number, ticket in enumerate(tickets)
            if ticket.purpose is self.purpose and self.reason in ("", ticket.reason)
        )

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.desk), self.purpose, self.reason)))


@frozen
class Ending:
    """What is left of a day: our ledger, and the exchange as it stands."""

    events: tuple[Event, ...]
    orders: tuple[OrderReport, ...]
    received: tuple[OrderTicket, ...]
    holdings: dict[str, int]
    cash: object
    posts: int

    @property
    def book(self) -> Book:
        return Book.of(self.events)

    @property
    def tickets(self) -> tuple[OrderTicket, ...]:
        return tuple(event.ticket for event in self.events if isinstance(event, OrderIntended))


class Stage:
    """A served world and a ledger file: what outlives the processes that trade."""

    def __init__(self, desk: Desk, world: World, server: LoopbackServer, ledger: Path) -> None:
        self.desk = desk
        self.world = world
        self.ledger = ledger
        self._server = server

    def start(self, fatal: int | None = None) -> ForkServerProcess:
        desk = self.desk
        step = builders_unbid.STEPS[desk.underlying] if desk.strategy in WAYS else STEP
        place = (self._server.url, desk.broker, desk.underlying, desk.strategy, step, self.ledger, fatal)
        process = PROCESSES.Process(target=broker_crash_child.trade_or_tell, args=(self._fault, *place), daemon=True)
        process.start()
        return process

    def _ends(self, process: ForkServerProcess, exit_code: int) -> None:
        process.join(PATIENCE_SECONDS)
        why = self._fault.read_text() if self._fault.exists() else f"exit code {process.exitcode}"
        assert process.exitcode == exit_code, why

    @property
    def _fault(self) -> Path:
        return self.ledger.with_suffix(".fault")

    def run(self) -> None:
        """A process that trades to the day's end."""
        self._ends(self.start(), 0)

    def killed_before_the_answer(self, number: int) -> None:
        """A process that dies once the exchange has its order of this number, before a byte of the answer is sent."""
        process, killed = self.start(), list[int]()

        def kill() -> None:
            if len(self.world.exchange.every_order) > number and not killed:
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)

        self.world.watch(kill)
        try:
            self._ends(process, -signal.SIGKILL)
        finally:
            self.world.unwatch(kill)

    def killed_before_it_left(self, number: int) -> None:
        """A process that dies with the intent of this number on disk and nothing of it on the wire."""
        self._ends(self.start(number), -signal.SIGKILL)

    def events(self) -> tuple[Event, ...]:
        storage = SqliteStorage(self.ledger)
        try:
            return tuple(storage.events())
        finally:
            storage.close()

    def ending(self) -> Ending:
        exchange = self.world.exchange
        return Ending(
            self.events(),
            exchange.every_order,
            tuple(exchange.received),
            dict(exchange.holdings()),
            exchange.account().balance,
            self.world.faults.counted[Asked.SUBMIT],
        )


@contextmanager
def a_stage(desk: Desk, folder: Path) -> Iterator[Stage]:
    unbid = desk.strategy in WAYS
    world = builders_unbid.a_world(desk.underlying) if unbid else a_world(desk.underlying, SEED, STEP)
    with serving(APPS[desk.broker](world)) as server:
        yield Stage(desk, world, server, folder / "day.ledger")


def without_ids(tickets: Sequence[OrderTicket]) -> list[OrderTicket]:
    """A paper ledger's ids are its own; what was meant is the same."""
    return [evolve(ticket, id="-") for ticket in tickets]


def the_last_intent(events: Sequence[Event]) -> OrderTicket:
    """The order a killed process leaves behind: meant, durably, and nothing known of it."""
    last = events[-1]
    assert isinstance(last, OrderIntended), last
    return last.ticket


def acceptances(ending: Ending, order_id: str) -> list[str]:
    return [e.broker_id for e in ending.events if isinstance(e, OrderAccepted) and e.id == order_id]


def assert_the_same_day(ending: Ending, undisturbed: Ending) -> None:
    """Order by order, fill by fill, dollar by dollar; every order posted once."""
    assert without_ids(ending.received) == without_ids(undisturbed.received)
    assert ending.posts == undisturbed.posts
    assert len({order.id for order in ending.orders}) == len(ending.orders) == len(undisturbed.orders)
    assert Day.of(ending.events) == Day.of(undisturbed.events)
    assert (ending.holdings, ending.cash) == (undisturbed.holdings, undisturbed.cash)
    assert ending.book.balance == undisturbed.book.balance
    assert_over(ending)


def assert_over(ending: Ending) -> None:
    """The day is finished, nothing is held and nothing works, here and there."""
    book = ending.book
    assert book.finished is not None
    assert (list(book.live_spreads), list(book.live_holdings), list(book.working_orders)) == ([], [], [])
    assert ending.holdings == {}
    assert not book.quarantined


DESKS = {
    ("tradier", "credit-spread"): Desk("tradier", "SPX", "credit-spread"),
    ("tradier", "delta-hedge"): Desk("tradier", "SPY", "delta-hedge"),
    ("alpaca", "credit-spread"): Desk("alpaca", "SPY", "credit-spread"),
    ("alpaca", "delta-hedge"): Desk("alpaca", "SPY", "delta-hedge"),
}
SPREAD_ORDERS = ((Purpose.ENTRY, ""), (Purpose.EXIT, ""))
HEDGE_ORDERS = (
    (Purpose.HEDGE, "delta_hedge"), (Purpose.ENTRY, "straddle"), (Purpose.EXIT, "market_close_exit"),
    (Purpose.EXIT, "daily_flatten"),
)  # fmt: skip


def cases(spread: Sequence[tuple[Purpose, str]], hedge: Sequence[tuple[Purpose, str]]) -> list[object]:
    """Such orders at both brokers; the orders of one desk share its undisturbed day."""
    return [
        pytest.param(meant := Meant(desk, *order), id=str(meant), marks=pytest.mark.xdist_group(str(desk)))
        for strategy, orders in (("credit-spread", spread), ("delta-hedge", hedge))
        for order, desk in pairs(orders, [desk for desk in DESKS.values() if desk.strategy == strategy])
    ]


UNDISTURBED: dict[Desk, Ending] = {}


@pytest.fixture(autouse=True)
def preloading(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that is forked finds the modules of the tests; in Python 3.11 it does not take over `sys.path`."""
    monkeypatch.setenv("PYTHONPATH", str(Path(broker_crash_child.__file__).parent))


@pytest.fixture
def undisturbed(meant: Meant, tmp_path_factory: pytest.TempPathFactory) -> Ending:
    """The day nobody killed, once for every desk; over the same wire, by the same process."""
    if meant.desk not in UNDISTURBED:
        with a_stage(meant.desk, tmp_path_factory.mktemp("undisturbed")) as stage:
            stage.run()
            UNDISTURBED[meant.desk] = stage.ending()
    return UNDISTURBED[meant.desk]


@pytest.mark.parametrize("meant", cases(SPREAD_ORDERS, HEDGE_ORDERS if WHOLE else HEDGE_ORDERS[:1] + HEDGE_ORDERS[2:3]))
def test_killed_before_the_answer_the_order_is_found_and_followed_to_its_end(
    meant: Meant, undisturbed: Ending, tmp_path: Path
) -> None:
    """R2, R4: it is at the exchange once, under the id that was on disk before it left, and it is ours."""
    number = meant.number_among(undisturbed.tickets)
    with a_stage(meant.desk, tmp_path) as stage:
        stage.killed_before_the_answer(number)
        lost = the_last_intent(stage.events())
        at_the_exchange = stage.world.exchange.every_order

        assert (lost.purpose, len(at_the_exchange)) == (meant.purpose, number + 1)
        assert at_the_exchange[-1].id == lost.id

        stage.run()
        ending = stage.ending()

    assert len(acceptances(ending, lost.id)) == 1
    assert ending.book.orders[lost.id].execution == ending.orders[number].execution
    assert_the_same_day(ending, undisturbed)


@pytest.mark.parametrize("meant", cases(SPREAD_ORDERS[1:] if WHOLE else (), HEDGE_ORDERS[:1])[: None if WHOLE else 1])
def test_killed_before_it_left_and_started_at_once_it_is_sent_once(
    meant: Meant, undisturbed: Ending, tmp_path: Path
) -> None:
    """R1, R4: the intent is young and proven absent, so it is sent, as it was meant."""
    number = meant.number_among(undisturbed.tickets)
    with a_stage(meant.desk, tmp_path) as stage:
        stage.killed_before_it_left(number)
        unsent = the_last_intent(stage.events())

        assert unsent.purpose is meant.purpose
        assert len(stage.world.exchange.every_order) == number == stage.world.faults.counted[Asked.SUBMIT]

        stage.run()
        ending = stage.ending()

    assert [ticket.id for ticket in ending.received].count(unsent.id) == 1
    assert_the_same_day(ending, undisturbed)


@pytest.mark.parametrize(
    "meant",
    cases(SPREAD_ORDERS if WHOLE else SPREAD_ORDERS[:1], HEDGE_ORDERS[:1] if WHOLE else ())[None if WHOLE else 1 :],
)
def test_killed_before_it_left_and_started_late_it_is_given_up(
    meant: Meant, undisturbed: Ending, tmp_path: Path
) -> None:
    """R4: an old intent is noted as never sent; what is still to be done is decided anew, on the market as it is."""
    number = meant.number_among(undisturbed.tickets)
    with a_stage(meant.desk, tmp_path) as stage:
        stage.killed_before_it_left(number)
        unsent = the_last_intent(stage.events())
        stage.world.advance(TOO_OLD_SECONDS)
        stage.run()
        ending = stage.ending()

    assert [event.id for event in ending.events if isinstance(event, OrderNotSent)] == [unsent.id]
    assert unsent.id not in {ticket.id for ticket in ending.received}
    assert ending.posts == len(ending.tickets) - 1  # every other one, once
    assert len({order.id for order in ending.orders}) == len(ending.orders)
    if meant.purpose is not Purpose.ENTRY:  # what it was for is still to be done, and is done next
        anew = ending.tickets[number + 1]
        assert (anew.holding, anew.purpose.closes) == (unsent.holding, unsent.purpose.closes)
    assert_over(ending)


# -- a long without a bid ----------------------------------------------------------------------------------------------

UNBID_DESKS = [
    Desk(broker, underlying, way) for (broker, underlying), way in pairs((("tradier", "SPX"), ("alpaca", "SPY")), WAYS)
]
ENTRY, SHORT_ALONE, LONG_ALONE = range(3)
"""The orders of such a day, by number."""


def killed_closes() -> list[object]:
    """Desk, order and whether it was with the exchange already when the process died."""
    orders = [(desk, number) for number, desk in pairs((SHORT_ALONE, LONG_ALONE), UNBID_DESKS)]
    return [
        pytest.param(
            desk, number, answered, id=f"{desk} {number} before {'the answer' if answered else 'it left'}",
            marks=pytest.mark.xdist_group(str(desk)),
        )
        for answered, (desk, number) in pairs((True, False), orders)
    ]  # fmt: skip


def unbid_day(desk: Desk, folder: Path) -> Ending:
    """The day without a kill, once for every desk."""
    if desk not in UNDISTURBED:
        with a_stage(desk, folder) as stage:
            stage.run()
            UNDISTURBED[desk] = stage.ending()
    return UNDISTURBED[desk]


@pytest.mark.parametrize("desk", UNBID_DESKS, ids=str)
def test_a_spread_whose_long_has_no_bid_is_closed_short_first(desk: Desk, tmp_path: Path) -> None:
    """CS-420, CS-417: by stop, by the clock and by `flatten`; the long is offered until it settles."""
    ending = unbid_day(desk, tmp_path)
    short, long = builders_unbid.legs_of(desk.underlying)
    _entry, back, offer = ending.tickets
    (booked,) = (event for event in ending.events if isinstance(event, HoldingClosed))

    assert [[(leg.side, leg.symbol) for leg in ticket.legs] for ticket in (back, offer)] == [
        [(Side.BUY, short.occ)], [(Side.SELL, long.occ)]
    ]  # fmt: skip
    assert (offer.limit, offer.life) == (Decimal("0.05" if desk.underlying == "SPX" else "0.01"), THE_DAY)
    assert booked.exit_value == Decimal("3.00" if desk.underlying == "SPX" else "0.60")
    assert ending.book.orders[back.id].intended_at == builders_unbid.UNBID_AT[desk.underlying]
    assert [event.reason for event in ending.events if isinstance(event, CloseDecided)] == [desk.strategy]
    assert_over(ending)


@pytest.mark.parametrize(("desk", "number", "answered"), killed_closes())
def test_killed_at_a_step_of_such_a_close_each_order_is_sent_once(
    desk: Desk, number: int, answered: bool, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """R2, CS-420: short first, then the long, whichever step the process died at."""
    undisturbed = unbid_day(desk, tmp_path_factory.mktemp("undisturbed"))
    with a_stage(desk, tmp_path) as stage:
        if answered:
            stage.killed_before_the_answer(number)
        else:
            stage.killed_before_it_left(number)
        assert the_last_intent(stage.events()).id
        stage.run()
        ending = stage.ending()

    assert_the_same_day(ending, undisturbed)
