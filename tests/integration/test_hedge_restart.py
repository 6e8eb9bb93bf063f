"""SIGKILL in the middle of a stream, then the same input again: nothing lost, nothing new. Rules: DH-710..712."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from builders_hedging import CALENDAR, CALL, PUT, market
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.adapters.ndjson.inputs import read_inputs
from gammacore.adapters.ndjson.lines import LineWriter, file_lines
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.hedge_filter.inbound import read_message, with_exact_numbers
from gammacore.domain.hedging.settings import HedgingSettings, hedging_profile
from gammacore.errors import ConfigurationError
from gammacore.ports.storage import Storage
from gammacore.wiring.hedging import wire_hedging

SPX = "SPXW251230C06900000"


def a_day() -> list[dict[str, Any]]:
    """A day with hedges, a rate refusal, two books of one share, duplicates, an exit by timer, and the next morning."""
    events = [
        market("14:20:00", "SPY", event_id="pre", price=495.5),
        market("14:31:00", CALL, event_id="a1", delta=0.5, quantity=10, price=2.5, underlying_price=495.5),
        market("14:31:30", PUT, event_id="a2", delta=-0.3, quantity=20, price=1.5, underlying_price=495.7),
        market("14:31:30", PUT, event_id="a2", delta=-0.3, quantity=20, price=1.5, underlying_price=495.7),
        market("14:33:00", SPX, event_id="a3", delta=0.2, quantity=-1, price=12, underlying_price=6900),
        market("14:32:00", SPX, event_id="late", delta=0.9, quantity=-1, price=12, underlying_price=6900),
        market("14:50:00", CALL, event_id="a4", delta=0.61234567891, underlying_price=496),
        market("15:30:00", "SPY", event_id="a5", price=497),
        market("20:44:59", PUT, event_id="a6", delta=-0.4, underlying_price=494),
        market("20:50:00", "SPY", event_id="a7", price=493),
        market("15:00:00", "SPY", event_id="b1", day="2025-12-31", price=493.5),
    ]
    update = {
        "protocol": "v1", "type": "order_update", "intent_id": "hedge_nobody", "ts": "2025-12-30T15:31:00Z",
        "status": "accepted",
    }  # fmt: skip
    events.insert(8, update)
    return events


def write_day(path: Path) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in a_day()), encoding="utf-8")
    return path


class DiesAt:
    """A storage that takes the process with it at the n-th boundary: before or after an append."""

    def __init__(self, inner: Storage, at: int) -> None:
        self.inner, self.left = inner, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def append(self, events: Any, expected_version: int) -> int:
        self.boundary()
        version = self.inner.append(events, expected_version)
        self.boundary()
        return version

    def boundary(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def run(
    settings: HedgingSettings, source: Path, output: Path, ledger: Path | None, *, fills: bool, group: int,
    dies_at: int = 0,
) -> None:  # fmt: skip
    """The filter over a file, its lines appended to `output`."""
    with output.open("ab") as stream, source.open("rb") as events:
        writer: Callable[[str], None] = LineWriter(stream)
        storage: Any = None if ledger is None else SqliteStorage(ledger)
        if dies_at:
            storage = DiesAt(storage, dies_at)
            plain = writer

            def writer(body: str) -> None:
                plain(body)
                storage.boundary()

        wired = wire_hedging(
            settings, write=writer, log=lambda _: None, calendar=CALENDAR, ledger=storage, assume_fills=fills,
            group=group,
        )  # fmt: skip
        wired.stream.run(read_inputs(file_lines(events)))
        wired.close()


def dies(action: Callable[[], None]) -> bool:
    """Run in a child process; True when it was killed on the way."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def unrepeated(output: Path) -> list[str]:
    """The lines without repeats of an intent id."""
    return list({json.loads(line)["intent_id"]: line for line in output.read_text().splitlines()}.values())


@pytest.mark.parametrize("group", [1, 4])
@pytest.mark.parametrize("fills", [True, False])
@pytest.mark.parametrize("profile", ["standard", "source", "shares_v2"])
def test_a_killed_run_taken_up_again_emits_what_the_undisturbed_one_did(
    tmp_path: Path, profile: str, fills: bool, group: int
) -> None:
    settings = attrs.evolve(hedging_profile(profile), scale_hedges=False)
    source = write_day(tmp_path / "day.ndjson")
    run(settings, source, tmp_path / "whole", None, fills=fills, group=group)
    wanted = unrepeated(tmp_path / "whole")
    assert wanted

    boundary = 0
    while True:
        boundary += 1
        output, ledger = tmp_path / f"out{boundary}", tmp_path / f"ledger{boundary}"
        killed = dies(partial(run, settings, source, output, ledger, fills=fills, group=group, dies_at=boundary))
        first = output.read_text().splitlines()
        run(settings, source, output, ledger, fills=fills, group=group)
        assert unrepeated(output) == wanted, f"killed at boundary {boundary}"
        if not killed:
            assert output.read_text().splitlines() == first, "a finished day run again writes nothing"
            break
    assert boundary > 10


def test_an_intent_recorded_and_perhaps_never_written_is_written_again_first(tmp_path: Path) -> None:
    """DH-711: the very same line, before any input is read."""
    source = write_day(tmp_path / "day.ndjson")
    medium = MemoryLedger()
    lines: list[str] = []

    def broken(body: str) -> None:
        raise BrokenPipeError

    def wired(write: Callable[[str], None]) -> Any:
        return wire_hedging(
            hedging_profile("standard"), write=write, log=lambda _: None, calendar=CALENDAR,
            ledger=MemoryStorage(medium), assume_fills=True,
        )  # fmt: skip

    first = wired(broken)
    with source.open("rb") as events, pytest.raises(BrokenPipeError):
        first.stream.run(read_inputs(file_lines(events)))
    first.close()
    again = wired(lines.append)
    again.stream.run([])
    again.close()

    assert [json.loads(line)["event_id"] for line in lines] == ["a1"]
    third = wired(lines.append)
    third.stream.run([])
    assert len(lines) == 1


def test_the_book_of_a_ledger_is_the_book_that_wrote_it(tmp_path: Path) -> None:
    """DH-710: all state, ids and timers too, is rebuilt."""
    from gammacore.domain.hedge_filter.book import DeskBook
    from gammacore.domain.hedging.exposure import Universe

    settings = hedging_profile("standard")
    source = write_day(tmp_path / "day.ndjson")
    medium = MemoryLedger()
    wired = wire_hedging(
        settings, write=lambda _: None, log=lambda _: None, calendar=CALENDAR, ledger=MemoryStorage(medium)
    )
    with source.open("rb") as events:
        wired.stream.run(read_inputs(file_lines(events)))
    live = wired.stream.desk.book

    folded = DeskBook.of(medium.events, Universe(settings))

    for name in (
        "clock",
        "date",
        "seen",
        "watermarks",
        "prices",
        "exit_at",
        "leftover_exit_at",
        "retry_from",
        "halted",
    ):
        assert getattr(folded, name) == getattr(live, name), name
    for name in ("holdings", "intents", "silent", "unwritten", "latest_close"):
        assert list(getattr(folded, name)) == list(getattr(live, name)), name
    for share, book in live.hedge_books.items():
        assert repr(folded.hedge_books[share]) == repr(book)


def test_a_ledger_of_other_settings_is_taken_up_with_a_warning_and_one_of_another_account_is_not(
    tmp_path: Path,
) -> None:
    """DH-712."""
    source = write_day(tmp_path / "day.ndjson")
    ledger = tmp_path / "ledger"
    settings = hedging_profile("standard")
    run(settings, source, tmp_path / "out", ledger, fills=True, group=1)
    logs: list[Any] = []
    later = market("16:00:00", CALL, day="2025-12-31", delta=0.5, quantity=1, underlying_price=490)

    other = wire_hedging(
        attrs.evolve(settings, threshold=settings.threshold * 2), write=lambda _: None, log=logs.append,
        calendar=CALENDAR, ledger=ledger, assume_fills=True,
    )  # fmt: skip
    other.stream.take(read_message(with_exact_numbers(later)))  # type: ignore[arg-type]  # a market event
    other.close()
    assert any("going on with" in log.message for log in logs)

    with pytest.raises(ConfigurationError, match="another with --ledger"):
        wire_hedging(settings, write=lambda _: None, log=logs.append, ledger=ledger, account="someone")
    SqliteStorage(ledger).close()  # the refused start let go of the lock


def test_ids_depend_on_input_and_settings_alone(tmp_path: Path) -> None:
    """DH-705: two runs give the same bytes; another threshold gives other ids."""
    source = write_day(tmp_path / "day.ndjson")
    settings = hedging_profile("standard")
    run(settings, source, tmp_path / "one", None, fills=True, group=1)
    run(settings, source, tmp_path / "two", None, fills=True, group=1)
    run(attrs.evolve(settings, seen_ids=9), source, tmp_path / "three", None, fills=True, group=1)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    ids = [
        {json.loads(line)["intent_id"] for line in (tmp_path / n).read_text().splitlines()} for n in ("one", "three")
    ]
    assert not ids[0] & ids[1]
