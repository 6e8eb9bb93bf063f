"""`ledger verify` and `ledger repair` of a ledger in Firestore: the sound part stays, the rest lies beside it. R6."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from builders_cli import at_home
from builders_ledger import OPEN, at, halted, some_events
from firestore_faults import RivaledDocuments
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.firestore import Documents, FirestoreStorage, repair
from gammacore.domain.ledger import Event, OrderFilled
from gammacore.domain.orders import Execution
from gammacore.errors import CorruptLedger, StorageError, WriteConflict
from gammacore_cli.main import run

PLACE = "gammacore_ledgers/paper"
EVENTS = some_events(5)
Hand = Callable[[Documents], object]


@pytest.fixture
def written(documents: Documents, clock: FakeClock) -> None:
    """A ledger of five events that nobody has open."""
    with closing(FirestoreStorage(documents, "paper", clock=clock, holder="first")) as storage:
        storage.append(EVENTS, 0)


def event(number: int) -> str:
    return f"{PLACE}/events/{number:012d}"


def changed(path: str, **fields: Any) -> Hand:
    return lambda documents: documents.client.document(path).update(fields)


def removed(*paths: str) -> Hand:
    return lambda documents: [documents.client.document(path).delete() for path in paths]


def read_all(documents: Documents) -> list[Event]:
    with closing(
        FirestoreStorage(documents, "paper", clock=FakeClock(OPEN), holder="reader", read_only=True)
    ) as storage:
        return list(storage.events())


@pytest.mark.parametrize(
    ("touch", "kept", "lost", "aside"),
    [
        (changed(event(3), payload="{}"), 2, 3, 3),
        (changed(event(5), checksum="00"), 4, 1, 1),
        (changed(event(4), seq="four"), 3, 2, 2),
        (changed(event(4), seq=2), 3, 2, 2),
        (removed(event(3)), 2, 3, 2),
        (removed(event(5)), 4, 1, 0),
        (changed(PLACE, version=3), 5, None, 0),
        (changed(PLACE, version=9), 5, 4, 0),
        (changed(PLACE, checksum="00"), 5, 0, 0),
        (changed(PLACE, version="five"), 5, None, 0),
        (removed(PLACE), 5, None, 0),
        (removed(PLACE, f"{PLACE}/lease/writer"), 5, None, 0),
        (removed(PLACE, event(2)), 1, None, 3),
    ],
)
@pytest.mark.usefixtures("written")
def test_a_repair_keeps_what_comes_before_the_damage(
    documents: Documents, touch: Hand, kept: int, lost: int | None, aside: int
) -> None:
    touch(documents)
    with pytest.raises(CorruptLedger) as refusal:
        read_all(documents)
    assert refusal.value.repair == "gammacore ledger repair --ledger firestore:paper"

    report = repair(documents, "paper", clock=FakeClock(OPEN + dt.timedelta(hours=1)))

    assert (report.kept, report.lost) == (kept, lost)
    assert report.problem
    assert read_all(documents) == EVENTS[:kept]
    put_aside = [] if report.damaged is None else list(documents.client.collection(report.damaged).stream())
    assert len([one for one in put_aside if one.id != "contents"]) == aside
    with closing(FirestoreStorage(documents, "paper", clock=FakeClock(at(500)), holder="next")) as storage:
        storage.append([halted(7)], kept)  # and it goes on from there
    assert read_all(documents) == [*EVENTS[:kept], halted(7)]


@pytest.mark.usefixtures("written")
def test_a_tail_that_does_not_fold_is_put_aside(documents: Documents, clock: FakeClock) -> None:
    """Decision 0030: sound by its checksums, and no start could fold it."""
    clock.wait_until(at(100))
    poison = OrderFilled(at(6), "gc-of-nobody", Execution(1, None), complete=True)
    with closing(FirestoreStorage(documents, "paper", clock=clock, holder="next")) as storage:
        storage.append([poison, halted(7)], 5)

    report = repair(documents, "paper", clock=clock)

    assert (report.kept, report.lost) == (5, 2)
    assert "event 6 (OrderFilled) does not follow those before it: order: gc-of-nobody" in report.problem
    assert read_all(documents) == EVENTS
    assert report.damaged is not None
    assert len(list(documents.client.collection(report.damaged).stream())) == 3  # its contents and the two events


@pytest.mark.usefixtures("written")
def test_a_sound_ledger_is_left_alone(documents: Documents, clock: FakeClock) -> None:
    before = documents.get(PLACE)

    report = repair(documents, "paper", clock=clock)

    assert (report.kept, report.lost, report.damaged, report.problem) == (5, 0, None, "")
    assert documents.get(PLACE) == before


@pytest.mark.usefixtures("written")
def test_a_second_damage_gets_a_place_of_its_own(documents: Documents, clock: FakeClock) -> None:
    clock.wait_until(at(100))
    for number in (5, 4):
        changed(event(number), payload="{}")(documents)
        report = repair(documents, "paper", clock=clock)
    assert report.damaged == f"{PLACE}/damaged-2"


@pytest.mark.usefixtures("written")
def test_an_interrupted_repair_is_refused_and_then_finished(documents: Documents, clock: FakeClock) -> None:
    """The head moves first: what is left behind it is damage until it is put aside."""
    changed(event(3), payload="{}")(documents)
    failing = RivaledDocuments(documents.client, documents.patience, before_commit=[lambda: None, lambda: 1 / 0])
    with pytest.raises(ZeroDivisionError):
        repair(failing, "paper", clock=clock)
    with pytest.raises(CorruptLedger, match="there is an event after 2"):
        read_all(documents)

    report = repair(documents, "paper", clock=clock)

    assert report.kept == 2
    assert read_all(documents) == EVENTS[:2]


def test_whoever_wrote_before_the_repair_writes_no_more(documents: Documents, clock: FakeClock) -> None:
    """R12: the repair bears a new token."""
    suspended = FirestoreStorage(documents, "paper", clock=clock, holder="suspended")
    suspended.append(EVENTS, 0)
    changed(event(5), payload="{}")(documents)
    repair(documents, "paper", clock=FakeClock(OPEN + dt.timedelta(seconds=31)))

    with pytest.raises(StorageError):
        suspended.append([halted(6)], 5)
    suspended.close()
    assert read_all(documents) == EVENTS[:4]


def test_a_ledger_another_process_writes_is_not_repaired(documents: Documents, clock: FakeClock) -> None:
    with closing(FirestoreStorage(documents, "paper", clock=clock, holder="the loop")) as storage:
        storage.append(EVENTS, 0)
        changed(event(2), payload="{}")(documents)
        with pytest.raises(WriteConflict, match="the loop is writing to it"):
            repair(documents, "paper", clock=clock)
    assert documents.get(event(5)) is not None


@pytest.mark.usefixtures("written")
def test_where_nothing_is_sound_nothing_is_changed(documents: Documents, clock: FakeClock) -> None:
    changed(event(1), payload="{}")(documents)
    head = documents.get(PLACE)

    with pytest.raises(StorageError, match="not one event can be read"):
        repair(documents, "paper", clock=clock)

    assert documents.get(PLACE) == head


def test_a_ledger_that_is_not_there_is_no_empty_one(documents: Documents, clock: FakeClock) -> None:
    with pytest.raises(StorageError, match="there is no ledger at gammacore_ledgers/paper"):
        repair(documents, "paper", clock=clock)


@pytest.mark.usefixtures("written")
def test_the_commands_say_the_same(
    documents: Documents, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """`ledger verify` names the repair; after it the ledger verifies again."""
    at_home(monkeypatch, tmp_path)
    monkeypatch.setenv("FIREBASE_PROJECT_ID", project)
    command = ["--ledger", "firestore:paper", "--json", "--quiet"]
    assert run(["ledger", "verify", *command]) == 0
    verified = json.loads(capsys.readouterr().out)
    assert (verified["ledger"], verified["events"], verified["ok"]) == ("firestore:paper", 5, True)

    changed(event(4), payload="{}")(documents)
    assert run(["ledger", "verify", *command]) == 1
    assert "repair with: gammacore ledger repair --ledger firestore:paper" in capsys.readouterr().err
    assert run(["ledger", "repair", *command]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kept"], report["lost"], report["damaged"]) == (3, 2, f"{PLACE}/damaged-1")
    assert run(["ledger", "verify", *command]) == 0
    capsys.readouterr()
    assert run(["ledger", "repair", "--ledger", "firestore:paper", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "firestore:paper: 3 events, nothing to repair"
