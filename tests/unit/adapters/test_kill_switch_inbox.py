"""EXECUTION_HALTED and its file stop the day loop too, not only the filter. Rules: DH-1001, R10."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from builders import at
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.hedging_environment import EnvironmentKillSwitch, KillSwitchInbox
from gammacore.configuration import Sourced, configure
from gammacore.errors import StorageError
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring import naming_its_underlying, wire_day


def an_inbox(**variables: str) -> KillSwitchInbox:
    return KillSwitchInbox(EnvironmentKillSwitch.of(variables), FakeClock(at("10:00")))


def kinds(inbox: KillSwitchInbox) -> list[RequestKind]:
    return [request.kind for request in inbox.pending()]


def obeyed(inbox: KillSwitchInbox) -> None:
    for request in inbox.pending():
        inbox.done(request)


@pytest.mark.parametrize(("value", "halts"), [("1", True), ("on", True), ("", False), ("0", False)])
def test_the_variable_asks_to_halt(value: str, halts: bool) -> None:
    assert kinds(an_inbox(EXECUTION_HALTED=value)) == ([RequestKind.HALT] if halts else [])


def test_the_file_is_looked_at_every_time(tmp_path: Path) -> None:
    """Off, on, obeyed once, off and on again: a new request."""
    switch = tmp_path / "halted"
    switch.write_text("off\n")
    inbox = an_inbox(EXECUTION_HALTED_FILE=str(switch))
    assert kinds(inbox) == []

    switch.write_text("yes\n")
    assert kinds(inbox) == [RequestKind.HALT]
    obeyed(inbox)
    assert kinds(inbox) == []

    switch.write_text("no\n")
    assert kinds(inbox) == []
    switch.write_text("true\n")
    assert kinds(inbox) == [RequestKind.HALT]


def test_a_file_that_is_not_there_halts(tmp_path: Path) -> None:
    assert kinds(an_inbox(EXECUTION_HALTED_FILE=str(tmp_path / "none"))) == [RequestKind.HALT]


def test_the_requests_of_others_are_not_its_own() -> None:
    inbox = an_inbox(EXECUTION_HALTED="1")
    inbox.done(Request(RequestKind.FLATTEN, at("10:00"), "somebody"))

    assert kinds(inbox) == [RequestKind.HALT]
    with pytest.raises(StorageError, match="set EXECUTION_HALTED"):
        inbox.post(Request(RequestKind.HALT, at("10:00"), "somebody"))


def test_the_day_loop_buys_nothing_while_it_is_on() -> None:
    chosen = naming_its_underlying(configure([{"trade.strategy": Sourced("delta-hedge", "test")}]))
    day = wire_day(chosen, environment={"EXECUTION_HALTED": "yes"})
    late = day.session.open + dt.timedelta(minutes=20)
    book = day.trade.run_until(lambda _book: day.trade.clock.now() >= late)
    day.close()

    assert book.halted == "EXECUTION_HALTED or EXECUTION_HALTED_FILE"
    assert dict(book.holdings) == {}
