"""`doctor --before-open`: what is wrong on a morning is found, each with its fix. Rules: OP-705, OP-706."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from builders_broker_day import at_tradier
from builders_cli import CommandLine, at_home
from builders_ledger import ledger_opened
from fakes_service import JumpingClock
from gammacore.adapters import machine
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.credentials import Variables
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.application.diagnose import Check
from gammacore.configuration import configure
from gammacore.domain.ledger import DayStarted, Event, Halted, HoldingsQuarantined, Mode
from gammacore.wiring import FoundLedger
from gammacore.wiring.brokers import BROKERS_OWN, BrokerPlaces
from gammacore.wiring.checks import before_open, growth
from gammacore.wiring.checks.rehearsals import keep_rehearsal
from gammacore.wiring.ledgers.backup_keeping import keep_backup

MORNING = dt.datetime(2026, 3, 10, 12, 30, tzinfo=dt.UTC)
OPEN = dt.datetime(2026, 3, 3, 14, 30, tzinfo=dt.UTC)
NAMES = [
    "network", "time_service", "horizon", "permissions", "port", "channels", "backup", "rehearsal", "armed", "halted",
    "quarantine", "unfinished_day", "ledger_format", "version",
]  # fmt: skip


def checks_of(
    home: Path, mode: Mode = Mode.PAPER, places: BrokerPlaces = BROKERS_OWN, now: dt.datetime = MORNING, **keys: object
) -> dict[str, Check]:
    given = {"storage.home": home, **{key.replace("__", "."): value for key, value in keys.items()}}
    found = before_open.before_open(
        configure([given]), mode, Variables({}, "none"), JumpingClock(now), NyseCalendar(), places
    )  # fmt: skip
    return {check.name: check for check in found}


def a_ledger(home: Path, *events: Event, mode: Mode = Mode.PAPER) -> FoundLedger:
    path = home / mode.value / "paper.sqlite"
    path.parent.mkdir(mode=0o700, parents=True)
    storage = SqliteStorage(path)
    storage.append((evolve(ledger_opened(), mode=mode, at=OPEN), *events), 0)
    storage.close()
    return FoundLedger(path, mode)


def test_an_empty_home_has_nothing_to_fix(tmp_path: Path) -> None:
    found = checks_of(tmp_path / "home")

    assert list(found) == NAMES
    assert [name for name, check in found.items() if not check.ok] in ([], ["time_service"])  # as this machine is


@pytest.mark.parametrize(
    ("event", "name", "words", "fix"),
    [
        (Halted(OPEN, "drill"), "halted", "drill", "gammacore resume --paper"),
        (HoldingsQuarantined(OPEN, {"SPXW260303C05800000": 2}, ""), "quarantine", "+2 SPXW", "gammacore reconcile"),
        (DayStarted(OPEN, OPEN.date(), "SPX", "credit-spread", "m", OPEN, OPEN + dt.timedelta(hours=6), "c"),
         "unfinished_day", "2026-03-03 was begun", "gammacore reconcile"),
    ],
)  # fmt: skip
def test_what_the_ledger_shows(tmp_path: Path, event: Event, name: str, words: str, fix: str) -> None:
    a_ledger(tmp_path, event)

    check = checks_of(tmp_path)[name]

    assert not check.ok
    assert words in check.detail
    assert fix in check.fix


def test_a_backup_that_is_too_old_and_the_version_that_made_it(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    assert "gammacore ledger backup --paper" in checks_of(tmp_path)["backup"].fix

    keep_backup(configure([{"storage.home": tmp_path}]).settings, ledger, JumpingClock(MORNING))

    assert checks_of(tmp_path)["backup"].ok
    for manifest in (tmp_path / "backups").glob("*.manifest.json"):
        manifest.write_text(manifest.read_text().replace('"version": "', '"version": "0.0-'))
    assert "CHANGELOG" in checks_of(tmp_path)["version"].detail


def test_a_rehearsal_and_a_channel_are_needed_for_real_money(tmp_path: Path) -> None:
    found = checks_of(tmp_path, Mode.LIVE)
    assert {name for name, check in found.items() if not check.ok} >= {"rehearsal", "channels", "armed"}
    assert found["rehearsal"].fix == "gammacore rehearse"

    then = MORNING - dt.timedelta(days=29)
    keep_rehearsal(tmp_path, then, {"at": str(then), "passed": True})
    assert checks_of(tmp_path, Mode.LIVE)["rehearsal"].ok
    later = checks_of(tmp_path, Mode.LIVE, now=MORNING + dt.timedelta(days=2))["rehearsal"]
    assert "31 days ago" in later.detail


def test_what_others_may_read(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    tmp_path.chmod(0o700)
    assert isinstance(ledger.place, Path)
    ledger.place.chmod(0o644)

    check = checks_of(tmp_path)["permissions"]

    assert str(ledger.place) in check.detail
    assert check.fix == f"chmod -R go-rwx {tmp_path}"


def network(home: Path, url: str) -> Check:
    return checks_of(home, places=at_tradier(url), account__broker="tradier")["network"]


def test_the_way_to_the_broker(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert network(tmp_path, f"http://127.0.0.1:{port}").ok
    gone = network(tmp_path, f"http://127.0.0.1:{port}")
    nameless = network(tmp_path, "https://broker.invalid")
    assert f"no connection to 127.0.0.1, port {port}" in gone.detail
    assert "the name broker.invalid cannot be resolved" in nameless.detail


def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        keys = {"dashboard__enabled": True, "dashboard__port": server.getsockname()[1]}
        assert "taken by another program" in checks_of(tmp_path, **keys)["port"].detail
    assert checks_of(tmp_path, **keys)["port"].ok


def test_a_clock_that_no_service_keeps_and_tables_that_end_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before_open, "is_clock_kept", lambda: False)
    assert "timesyncd" in checks_of(tmp_path)["time_service"].fix
    assert machine.is_clock_kept() in (True, False, None)
    last = NyseCalendar().horizon.last
    soon = dt.datetime.combine(last - dt.timedelta(days=80), dt.time(13), dt.UTC)
    assert "less than 90 days" in checks_of(tmp_path, now=soon)["horizon"].detail


@pytest.mark.parametrize(("free", "words"), [(2**29, "0.5 GB free"), (2**31, "room for")])
def test_growth_is_shown_and_a_disk_that_fills_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, words: str
) -> None:
    ledger = a_ledger(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": free}))

    check = growth.check_growth(configure([{"storage.home": tmp_path}]).settings, ledger.place)

    assert check.ok is (free > 2**30)
    assert words in check.detail
    assert check.ok or "runs prune" in check.fix


def test_the_command_has_both_kinds_of_checks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home(monkeypatch, tmp_path)
    kept: Callable[[], bool] = lambda: True  # noqa: E731
    monkeypatch.setattr(before_open, "is_clock_kept", kept)

    document = CommandLine(capsys).document("doctor", "--before-open")

    names = [check["name"] for check in document["checks"]]
    assert names[-len(NAMES) :] == NAMES
    assert "growth" in names
