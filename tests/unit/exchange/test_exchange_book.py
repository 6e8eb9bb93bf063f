"""The exchange's own book: a killed process finds it as it left it. Rule: R2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from builders import DAY, at
from builders_exchange import HALF_DAY, Desk, a_desk, an_entry, an_exit, call, put
from fakes import FakeCalendar
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.errors import BrokerUnavailable, CorruptLedger, InvalidInput

Step = Callable[[Desk], object]


def reopened(desk: Desk, file: Path, number: str = "FAKE-1") -> Desk:
    """The same world with a new exchange object over the same file."""
    calendar = FakeCalendar(half_days=[HALF_DAY])
    exchange = FakeExchange(desk.market, desk.clock, calendar, account_number=number, book_file=file)
    return evolve(desk, exchange=exchange)


def _submit_in_parts(desk: Desk) -> None:
    desk.exchange.next_submit(delay=1, parts=(1, 2))
    desk.exchange.submit(an_entry("gc-1", contracts=3))


def _submit_late(desk: Desk) -> None:
    desk.exchange.next_submit(delay=9, on_cancel="filled_late")
    desk.exchange.submit(an_entry("gc-2"))


def _deliver(desk: Desk) -> None:
    desk.exchange.hold(put(480, "SPY"), -1)
    desk.exchange.hold(call(6980), 1)


def _expire(desk: Desk) -> None:
    desk.market.settle(DAY, "6876")
    desk.market.settle(DAY, "479", underlying="SPY")
    desk.clock.set(at("16:00"))


STEPS: list[Step] = [
    _submit_in_parts,
    _submit_late,
    Desk.show,
    Desk.show,
    lambda desk: desk.exchange.cancel("gc-2"),
    Desk.show,
    lambda desk: desk.exchange.submit(an_exit("gc-3", contracts=2)),
    Desk.show,
    _deliver,
    Desk.show,
    _expire,
]


def account_after(desk: Desk, restart: Callable[[Desk], Desk]) -> list[object]:
    """What the exchange says after every step, restarted before each."""
    reported: list[object] = []
    for step in STEPS:
        desk = restart(desk)
        step(desk)
        reported += [desk.exchange.account(), dict(desk.exchange.holdings()), desk.exchange.every_order]
    return reported


def test_restarts_at_every_step_change_nothing(tmp_path: Path) -> None:
    """Parts, delays, a late fill, foreign holdings, delivery: the same day with and without restarts."""
    file = tmp_path / "exchange.json"
    undisturbed = account_after(a_desk(), lambda desk: desk)
    assert account_after(a_desk(book_file=file), lambda desk: reopened(desk, file)) == undisturbed


def test_an_order_is_in_the_file_before_its_receipt_is_given(tmp_path: Path) -> None:
    """So is one whose answer was lost: the process may die right then."""
    file = tmp_path / "exchange.json"
    desk = a_desk(book_file=file)
    receipt = desk.exchange.submit(an_entry())
    assert reopened(desk, file).exchange.submit(an_entry()) == receipt


@pytest.mark.parametrize("content", ["", "{", '{"layout": 1}', '{"layout": 99, "book": {}}', "\x00\x00"])
def test_a_mangled_book_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    """Rule: R6."""
    file = tmp_path / "exchange.json"
    file.write_text(content)
    with pytest.raises(CorruptLedger, match="no book of the fake exchange"):
        a_desk(book_file=file)
    assert file.read_text() == content


def test_a_book_belongs_to_one_account(tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    desk = a_desk(book_file=file)
    desk.exchange.submit(an_entry())
    with pytest.raises(InvalidInput, match="FAKE-1"):
        reopened(desk, file, number="OTHER")


def test_nothing_is_written_while_nothing_happens(tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    desk = a_desk(book_file=file)
    desk.exchange.account()
    assert not file.exists()

    desk.exchange.submit(an_entry(limit="9.00"))
    written = file.stat().st_mtime_ns
    for _ in range(3):
        desk.show()
        desk.exchange.holdings()
    assert file.stat().st_mtime_ns == written


def test_planned_failures_end_with_the_process(tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    desk = a_desk(book_file=file)
    desk.exchange.submit(an_entry())
    desk.exchange.queries_fail(2)
    with pytest.raises(BrokerUnavailable):
        desk.exchange.holdings()
    assert not reopened(desk, file).exchange.holdings()
