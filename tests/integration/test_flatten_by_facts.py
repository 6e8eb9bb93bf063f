"""A flatten answers with what account and ledger show, and closes without a ledger that can be written or read.

The command line runs in this process beside a local Tradier or Alpaca. Rules: R1, R2, R10, OP-104.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from builders_broker_cli import APPS, PAPER, A, Desk, desks
from builders_cli import book_of
from counterparts.world import World
from gammacore.adapters.sqlite.layout import beside as file_beside
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.instruments import parse_occ
from gammacore.domain.ledger import FlattenRequested, LedgerOpened, OrderIntended
from gammacore.domain.orders import lineage_mark, mark_of_id
from gammacore.errors import StorageError

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")
ENTERS = {"tradier": ("10:00", "10:05"), "alpaca": ("11:30", "11:35")}


@frozen
class HastyClock:
    """The world's; from look to look half a minute passes, where a command waits a second: fills come every five."""

    world: World

    def now(self) -> dt.datetime:
        return self.world.now()

    def wait_until(self, instant: dt.datetime) -> None:
        self.world.wait_until(max(instant, self.now() + dt.timedelta(seconds=30)))


@pytest.fixture
def beside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[str], Desk]]:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    for name, text in {"STOP": "30", "EMERGENCY": "50", "FIXED_TARGET": "1", "TRAILING_TRIGGER": "1"}.items():
        monkeypatch.setenv(f"GAMMACORE_STOPS__{name}", text)
    with desks(monkeypatch, tmp_path, capsys) as opened:

        def at(broker: str) -> Desk:
            desk = opened(broker)
            monkeypatch.setattr("gammacore.wiring.controls.SystemClock", lambda: HastyClock(desk.world))
            return desk

        yield at


def holding(desk: Desk) -> Mapping[str, int]:
    """One spread sold and filled through `trade --once`."""
    for time in ENTERS[desk.broker]:
        desk.at(time)
        desk.trade()
    held = dict(desk.world.exchange.holdings())
    assert sorted(held.values()) == [-1, 1]
    return held


def flatten(desk: Desk, *options: str, code: int = 0) -> dict[str, object]:
    answer = desk.gammacore("flatten", "--broker", desk.broker, "--json", "--quiet", "--wait", "1800", *options)
    assert answer.code == code, answer.out + answer.err
    found: dict[str, object] = json.JSONDecoder().raw_decode(answer.out)[0]
    return found


def held(desk: Desk) -> Mapping[str, int]:
    return dict(desk.world.exchange.holdings())


def never_across_zero(desk: Desk, before: Mapping[str, int]) -> bool:
    """Every fill since took a holding nearer to zero, and shorts were bought before longs were sold."""
    reports = [report for report in desk.world.exchange.every_order if report.execution.any][1:]
    fills = [fill for report in reports for fill in report.execution.legs]
    traded = {symbol: sum(f.side.sign * f.quantity for f in fills if f.symbol == symbol) for symbol in before}
    first = next(fill for fill in fills if fill.symbol in before)
    return traded == {symbol: -count for symbol, count in before.items()} and (len(fills) < 2 or first.side.sign > 0)


@pytest.mark.parametrize("broker", APPS)
def test_the_answer_is_what_account_and_ledger_show(beside: Callable[[str], Desk], broker: str) -> None:
    desk = beside(broker)
    holding(desk)
    document = flatten(desk)

    assert document["done"] == "flat and halted"
    assert (document["holdings"], document["ledger_holds"], document["working"]) == ({}, {}, [])
    assert (document["halted"], held(desk)) == (True, {})


@pytest.mark.parametrize("broker", APPS)
def test_a_short_of_another_trader_is_named_and_left_alone(beside: Callable[[str], Desk], broker: str) -> None:
    """CS-574: ours is closed, the exit code is 1, and the sentence says what is still there."""
    desk = beside(broker)
    short = min(holding(desk).items(), key=lambda pair: pair[1])[0]
    desk.world.exchange.hold(parse_occ(short), -3)
    document = flatten(desk, code=1)

    assert document["holdings"] == {short: -3}
    assert document["ledger_holds"] == {}
    assert document["done"] == f"flat in the ledger; the account still holds -3 {short}; halted"
    assert held(desk) == {short: -3}


@pytest.mark.parametrize("broker", APPS)
def test_all_holdings_closes_what_no_ledger_has(beside: Callable[[str], Desk], broker: str) -> None:
    desk = beside(broker)
    short = min(holding(desk).items(), key=lambda pair: pair[1])[0]
    desk.world.exchange.hold(parse_occ(short), -3)
    document = flatten(desk, "--all-holdings")

    assert (document["holdings"], held(desk)) == ({}, {})


@pytest.mark.parametrize("fault", ["full", "read-only", "removed under it"])
@pytest.mark.parametrize("broker", APPS)
def test_a_ledger_that_cannot_be_written_is_flattened_and_takes_it_up_later(
    beside: Callable[[str], Desk], broker: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: request, intents and fills are in the ledger once it can be written; nothing is sent twice."""
    desk = beside(broker)
    before = holding(desk)
    real = SqliteStorage._write

    def refuse(_storage: SqliteStorage, _rows: object) -> None:
        raise StorageError(f"{PAPER}: {fault}")

    monkeypatch.setattr(SqliteStorage, "_write", refuse)
    document = flatten(desk)
    assert held(desk) == {}
    assert "the ledger could not be written" in str(document["done"])
    assert (document["holdings"], document["halted"]) == ({}, True)
    assert book_of(PAPER).flatten is None

    monkeypatch.setattr(SqliteStorage, "_write", real)
    again = flatten(desk)
    assert again["done"] == "flat and halted"
    events = list(SqliteStorage(PAPER, read_only=True).events())
    assert sum(isinstance(event, FlattenRequested) for event in events) == 2
    intended = {event.ticket.id for event in events if isinstance(event, OrderIntended)}
    assert {report.id for report in desk.world.exchange.every_order} == intended
    assert never_across_zero(desk, before)
    assert os.listdir(tempfile.gettempdir()) == []


@pytest.mark.parametrize("damage", ["head", "lost log", "cannot be folded"])
@pytest.mark.parametrize("broker", APPS)
def test_a_ledger_that_cannot_be_read_is_flattened_by_holdings_once_a_person_says_so(
    beside: Callable[[str], Desk], broker: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R2: shorts first, never across zero; the ids bear the ledger's own mark where its first event can be read."""
    desk = beside(broker)
    before = holding(desk)
    (opened,) = [event for event in SqliteStorage(PAPER, read_only=True).events() if isinstance(event, LedgerOpened)]
    spoil(damage, monkeypatch)

    refused = desk.gammacore("flatten", "--broker", broker, "--quiet")
    assert refused.code == 1
    assert "flatten --all-holdings" in refused.err
    assert held(desk) == before

    document = flatten(desk, "--all-holdings")
    assert held(desk) == {}
    assert (document["holdings"], document["ledger_holds"], document["halted"]) == ({}, None, True)
    assert never_across_zero(desk, before)
    sent = [report.id for report in desk.world.exchange.every_order][1:]
    marks = {mark_of_id(name) for name in sent}
    assert len(sent) == 2
    assert None not in marks
    if damage != "head":
        assert marks == {lineage_mark(opened.lineage)}
    assert file_beside(PAPER.resolve(), ".halt").exists()
    (notes,) = Path(tempfile.gettempdir()).glob("gammacore-flatten-*.ndjson")
    assert {json.loads(line).get("intended") for line in notes.read_text().splitlines()} >= set(sent)


def spoil(damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    match damage:
        case "head":
            data = bytearray(PAPER.read_bytes())
            data[:64] = b"x" * 64
            PAPER.write_bytes(data)
        case "lost log":
            monkeypatch.setattr("gammacore.wiring.controls.events_of", _unreadable)
        case "cannot be folded":
            storage = SqliteStorage(PAPER)
            storage.append([FlattenRequested(storage_time(storage), "x"), *list(storage.events())[:1]], storage.version)
            storage.close()
        case _:
            raise AssertionError(damage)


def storage_time(storage: SqliteStorage):  # type: ignore[no-untyped-def]
    return list(storage.events())[-1].at


def _unreadable(*_arguments: object) -> list[object]:
    raise StorageError("the end of the log is missing; repair with: gammacore ledger repair")


@pytest.mark.parametrize("broker", APPS)
def test_a_lost_ledger_is_flattened_by_holdings_and_the_wrong_account_is_not(
    beside: Callable[[str], Desk], broker: str
) -> None:
    """OP-104: with no ledger at all the home's kill file halts; the account is the credentials'."""
    desk = beside(broker)
    holding(desk)
    shutil.rmtree(PAPER.parent)
    PAPER.parent.mkdir(mode=0o700)
    assert flatten(desk, "--all-holdings")["holdings"] == {}
    assert held(desk) == {}
    assert Path(".gammacore/HALT").exists()
    assert A


@pytest.mark.parametrize("broker", APPS)
def test_an_order_that_rests_is_called_back_before_anything_is_closed_by_holdings(
    beside: Callable[[str], Desk], broker: str
) -> None:
    """R2: a close beside it could cross zero."""
    desk = beside(broker)
    before = holding(desk)
    desk.world.exchange.next_submit(never=True)
    desk.gammacore("flatten", "--broker", broker, "--quiet", "--wait", "0")
    PAPER.write_bytes(b"x" * 4096)
    flatten(desk, "--all-holdings")

    assert held(desk) == {}
    assert all(report.state.is_final for report in desk.world.exchange.every_order)
    assert sum(abs(count) for count in before.values()) == 2
