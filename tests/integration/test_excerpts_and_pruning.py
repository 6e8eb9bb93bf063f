"""A day of a ledger for others to read, old studies removed, a disk that is nearly full. Rules: OP-705, OP-902."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from builders_broker_day import a_world, configuration
from builders_cli import CommandLine, at_home, on_a_trading_day
from builders_days_at_brokers import on_the_fake_exchange
from builders_ledger import ledger_opened
from gammacore.adapters.codec.records import decode
from gammacore.adapters.disk_space import DiskGate
from gammacore.adapters.fake.in_memory import MemoryStorage
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import (
    AccountMark,
    AccountRecorded,
    AlarmRaised,
    EntryJudged,
    Event,
    FlattenRequested,
    Halted,
    LedgerOpened,
    Mode,
    OrderFilled,
    OrderIntended,
    Resumed,
    TicketRefused,
)
from gammacore.domain.orders import Purpose
from gammacore.wiring import events_of
from gammacore.wiring.days import _gates
from gammacore.wiring.service.arming import Armed

AT = dt.datetime(2026, 3, 3, 15, 0, tzinfo=dt.UTC)
ORDER = "gc-5019454a382f6ffde652a82fe"
SECRETS = (
    ORDER, "77712345", "jane", "6YA12345", "VA98765432", "/home/jane", "desk.example", "20417.55", "f00dfeed",
    "jane@desk", "2345",
)  # fmt: skip


@pytest.fixture
def gammacore(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> CommandLine:  # fmt: skip
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


def told(*events: Event) -> str:
    """A ledger that is full of what nobody else should read."""
    path = Path("told.sqlite")
    mark = AccountMark(BrokerName.TRADIER, "f00dfeed" * 8, "2345")
    opened = LedgerOpened(AT, "jane", Mode.LIVE, "f00dfeedf00dfeed", Decimal("20417.55"))
    storage = SqliteStorage(path)
    storage.append((opened, AccountRecorded(AT, mark), *events), 0)
    storage.close()
    return str(path)


def test_an_anonymous_excerpt_says_nothing_of_whose_it_is(gammacore: CommandLine) -> None:
    path = told(
        Halted(AT, "jane said stop"),
        FlattenRequested(AT, "by jane@desk.example"),
        Resumed(AT, "all well, Jane of 6YA12345"),
        AlarmRaised(AT, "broker_refused", "account 6YA12345 (VA98765432): https://desk.example/x, /home/jane/log"),
        AlarmRaised(AT, "order_lost", f"no answer to {ORDER}; {ORDER} is looked for, broker's number 77712345"),
    )

    answer = gammacore("ledger", "excerpt", "--ledger", path, "--day", "2026-03-03", "--anonymous", "--quiet")

    assert answer.code == 0, answer.err
    found = [word for word in SECRETS if word.lower() in answer.out.lower()]
    assert found == []
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert [one["type"] for one in lines][:2] == ["LedgerOpened", "AccountRecorded"]
    assert "broker_refused" in answer.out
    masked = f"gc-{'0' * 8}{1:017x}"
    assert lines[-1]["body"]["detail"] == f"no answer to {masked}; {masked} is looked for, broker's number ***"


def test_an_anonymous_day_is_still_a_ledger_with_its_prices(gammacore: CommandLine) -> None:
    gammacore.document("trade", "--ledger", "day.sqlite", *on_a_trading_day())
    events = events_of(Settings(), Path("day.sqlite"))
    ask = ("ledger", "excerpt", "--ledger", "day.sqlite", "--day", "2026-03-03")
    plain = gammacore(*ask, "--quiet").out.splitlines()
    masked = gammacore(*ask, "--anonymous", "--quiet").out.splitlines()

    assert [decode(line) for line in plain] == events
    again = [decode(line) for line in masked]
    assert len(again) == len(events)
    assert Book.of(again).balance == Book.of(events).balance
    prices = [re.findall(r'"price":"[^"]+"', line) for line in masked]
    assert prices == [re.findall(r'"price":"[^"]+"', line) for line in plain]
    ids = [event.ticket.id for event in events if isinstance(event, OrderIntended)]
    assert not [one for one in ids if any(one in line for line in masked)]
    hidden = {one[1] for line in masked for one in json.loads(line)["body"].get("filters", ()) if "***" in one}
    assert hidden == {"minimum_account", "buying_power", "concurrent_risk"}
    assert not [line for line in masked if "***" in line and '"filters"' not in line]


def test_a_day_without_events_is_named(gammacore: CommandLine) -> None:
    path = told()
    answer = gammacore.refusal("ledger", "excerpt", "--ledger", path, "--day", "2026-03-04")
    assert "nothing happened on 2026-03-04" in answer.err


# -- pruning ------------------------------------------------------------------------------------------------------


def a_ledger(path: Path, mode: Mode, days_old: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = SqliteStorage(path)
    storage.append((evolve(ledger_opened(), mode=mode),), 0)
    storage.close()
    then = dt.datetime.now(dt.UTC).timestamp() - days_old * 86_400
    for one in path.parent.glob(f"{path.name}*"):
        os.utime(one, (then, then))
    return path


def test_old_studies_are_listed_and_removed_only_when_asked(gammacore: CommandLine) -> None:
    home = Path(".gammacore")
    old = a_ledger(home / "runs" / "0001-spx.sqlite", Mode.STUDY, 100)
    new = a_ledger(home / "runs" / "0002-spx.sqlite", Mode.STUDY, 80)
    theirs = a_ledger(home / "runs" / "0003-account.sqlite", Mode.PAPER, 100)
    account = a_ledger(home / "paper" / "paper.sqlite", Mode.PAPER, 100)
    many = a_ledger(home / "studies" / "0001" / "ledger.sqlite", Mode.STUDY, 100)
    os.utime(many.parent, (0, 0))

    listed = gammacore.document("runs", "prune", "--older", "90d")
    assert sorted(one["path"] for one in listed["studies"]) == [str(old), str(many.parent)]
    assert (listed["removed"], old.exists()) == (False, True)

    done = gammacore.document("runs", "prune", "--older", "90d", "--yes")
    assert (done["removed"], done["studies"]) == (True, listed["studies"])
    assert not many.parent.exists()
    assert [path for path in (old, new, theirs, account) if path.exists()] == [new, theirs, account]
    assert not list(old.parent.glob("0001-*"))


def test_a_study_that_is_written_stays_and_an_age_is_in_days(gammacore: CommandLine) -> None:
    path = a_ledger(Path(".gammacore/runs/0001-spx.sqlite"), Mode.STUDY, 100)
    storage = SqliteStorage(path)
    try:
        assert gammacore.document("runs", "prune", "--older", "0d")["studies"] == []
    finally:
        storage.close()
    assert gammacore("runs", "prune", "--older", "3 months").code == 2


# -- the disk -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "reason"), [(200 * 2**20 - 1, "disk_low"), (200 * 2**20, None)])
def test_below_two_hundred_megabytes_nothing_is_opened(tmp_path: Path, free: int, reason: str | None) -> None:
    assert DiskGate(tmp_path, lambda _folder: free)().reason == reason


def test_an_account_s_disk_is_asked_and_a_study_s_is_not(tmp_path: Path) -> None:
    paper, study = Armed(Mode.PAPER, BrokerName.TRADIER), Armed(Mode.STUDY, BrokerName.FAKE)
    ledger = tmp_path / "a.sqlite"
    assert [gate.folder for gate in _gates(Settings(), paper, ledger)] == [tmp_path]
    assert _gates(Settings(), study, ledger) == _gates(Settings(), paper, None) == ()


def test_on_a_day_nothing_is_opened_and_what_is_held_is_closed(tmp_path: Path) -> None:
    """The disk fills while something is held."""
    given = configuration("tradier", "SPX", "credit-spread", 300)
    world = a_world("SPX", 57, 300)
    storage = MemoryStorage()

    def free(_folder: Path) -> int:
        return 0 if any(isinstance(event, OrderFilled) for event in storage.events()) else 2**40

    on_the_fake_exchange(given, world, storage=storage, gates=(DiskGate(tmp_path, free),))

    events = list(storage.events())
    purposes = [event.ticket.purpose for event in events if isinstance(event, OrderIntended)]
    assert purposes.count(Purpose.ENTRY) == 1
    assert any(purpose.closes for purpose in purposes)
    reasons = {event.reason for event in events if isinstance(event, EntryJudged | TicketRefused)}
    assert "disk_low" in reasons, reasons
