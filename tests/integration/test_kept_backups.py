"""Backups after each day's end: where they go, which are kept, what copies them off. Keys `backup.*`. OP-702."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pytest

from builders_ledger import ledger_opened, some_events
from builders_page import settings_of
from fakes_service import JumpingClock
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import configure
from gammacore.configuration.settings import flatten
from gammacore.domain.ledger import Mode
from gammacore.wiring import FoundLedger
from gammacore.wiring.ledgers import backup_keeping
from gammacore.wiring.ledgers.backup_keeping import backups_in, keep_backup, last_backup, unsaved_sessions
from gammacore.wiring.service.live_arming import trading_settings

EVENING = dt.datetime(2026, 3, 3, 21, 30, tzinfo=dt.UTC)
COPY = "import shutil, sys; shutil.copy(sys.argv[2], sys.argv[1])"


def a_ledger(home: Path) -> FoundLedger:
    path = home / "paper" / "paper.sqlite"
    path.parent.mkdir(parents=True)
    storage = SqliteStorage(path)
    storage.append((ledger_opened(), *some_events(5)), 0)
    storage.close()
    return FoundLedger(path, Mode.PAPER)


def evenings(home: Path, days: int, **keys: Any) -> list[dt.date]:
    """The dates of which a backup is left after so many days with one each."""
    ledger, clock, settings = a_ledger(home), JumpingClock(EVENING), settings_of(home, **keys)
    for _ in range(days):
        keep_backup(settings, ledger, clock)
        clock.wait_until(clock.now() + dt.timedelta(days=1))
    return [one.made_at.date() for one in backups_in(home / "backups")]


def test_thirty_days_are_kept_and_the_last_of_a_month_longer(tmp_path: Path) -> None:
    left = evenings(tmp_path, 65)

    assert len([date for date in left if date >= dt.date(2026, 4, 6)]) == 31  # the newest is of 6 May
    assert dt.date(2026, 3, 31) in left
    assert len(left) == 32


SHORT = {"backup.keep_days": 2}


@pytest.mark.parametrize(("keys", "count"), [(SHORT, 3), (SHORT | {"backup.keep_months": 2}, 4)])
def test_how_long_they_are_kept_is_a_setting(tmp_path: Path, keys: dict[str, object], count: int) -> None:
    """Over forty days from the third of March: of March only its last is old enough to be one of a month."""
    months = {"backup.keep_months": 1, **keys}
    assert len(evenings(tmp_path, 40, **months)) == count


def test_a_backup_is_copied_off_the_machine_by_a_program_without_a_shell(tmp_path: Path) -> None:
    away = tmp_path / "away; touch oops"
    away.mkdir()
    settings = settings_of(tmp_path, **{"backup.command": [sys.executable, "-c", COPY, str(away)]})

    made, wrong = keep_backup(settings, a_ledger(tmp_path), JumpingClock(EVENING))

    assert wrong == ()
    assert (away / made.file.name).read_bytes() == made.file.read_bytes()


@pytest.mark.parametrize(
    ("command", "words"),
    [(["/nowhere/copy", "hidden"], "does not start"), ([sys.executable, "-c", "exit(4)"], "exit code 4")],
)
def test_a_copy_that_fails_is_reported_and_the_backup_stays(tmp_path: Path, command: list[str], words: str) -> None:
    settings = settings_of(tmp_path, **{"backup.command": command})

    made, (wrong,) = keep_backup(settings, a_ledger(tmp_path), JumpingClock(EVENING))

    assert words in wrong
    assert "hidden" not in wrong
    assert made.file.is_file()


def test_a_copy_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_keeping, "COMMAND_SECONDS", 0.4)
    monkeypatch.setattr(backup_keeping, "SLICE_SECONDS", 0.2)
    looks: list[None] = []
    settings = settings_of(tmp_path, **{"backup.command": [sys.executable, "-c", "import time; time.sleep(60)"]})

    _, (wrong,) = keep_backup(settings, a_ledger(tmp_path), JumpingClock(EVENING), lambda: looks.append(None))

    assert "was killed" in wrong
    assert len(looks) == 2


def test_the_folder_is_a_setting_and_sessions_without_a_backup_are_counted(tmp_path: Path) -> None:
    settings, ledger = settings_of(tmp_path, **{"backup.folder": str(tmp_path / "kept")}), a_ledger(tmp_path)
    made, _ = keep_backup(settings, ledger, JumpingClock(EVENING))

    assert made.file.parent == tmp_path / "kept"
    assert last_backup(settings, ledger.place) == backups_in(tmp_path / "kept")[0]
    assert last_backup(settings_of(tmp_path), ledger.place) is None
    monday = dt.datetime(2026, 3, 9, 13, 0, tzinfo=dt.UTC)
    assert unsaved_sessions(settings, ledger.place, monday, NyseCalendar()) == 3  # Wednesday, Thursday, Friday


def test_every_key_is_shown_above_and_none_is_part_of_a_decision_or_an_arming(tmp_path: Path) -> None:
    keys = {key for key, _ in flatten(settings_of(tmp_path)) if key.startswith("backup.")}
    assert keys == {"backup.folder", "backup.keep_days", "backup.keep_months", "backup.command"}
    changed = configure([{"backup.folder": "x", "backup.keep_days": 3, "backup.command": ["true"]}])
    assert changed.fingerprint() == configure().fingerprint()
    assert trading_settings(changed) == trading_settings(configure())
