"""`gammacore rehearse`: every step made and timed on a real process, and the result kept. Rule: OP-603, check 21."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from builders_page import settings_of
from gammacore.adapters.system_clock import SystemClock
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring import leave_request
from gammacore.wiring.checks import rehearsal
from gammacore.wiring.checks.rehearsals import rehearsals_of, why_not_rehearsed

STEPS = [
    "messages_delivered", "entry_on_page", "halt_latched", "no_entry_while_halted", "resumed",
    "killed_and_started_again", "broker_away", "flat", "backup_restored",
]  # fmt: skip
PACE = 300


def test_every_step_is_as_it_must_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home(monkeypatch, tmp_path)
    monkeypatch.setenv("TRADIER_TOKEN", "is-no-business-of-a-rehearsal")
    monkeypatch.setenv("GAMMACORE_MARKET__SEED", "1")  # a setting of the user's changes nothing of it
    monkeypatch.setattr(rehearsal, "LATCH_SECONDS", 20.0)  # a machine that runs other tests besides
    monkeypatch.setattr(rehearsal, "FLAT_SECONDS", 30.0)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}

    document = CommandLine(capsys).document("rehearse", "--pace", str(PACE))

    steps = {step["name"]: step for step in document["steps"]}
    assert list(steps) == STEPS
    assert all(step["ok"] and step["seconds"] >= 0 and step["detail"] for step in steps.values())
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert made == {Path(document["file"]).absolute()}  # the day itself leaves nothing behind
    assert "no-business" not in Path(document["file"]).read_text()
    assert json.loads(Path(document["file"]).read_text())["passed"] is True


def test_a_person_is_asked_for_the_gestures_and_timed(tmp_path: Path) -> None:
    asked: list[str] = []

    def person(command: str) -> None:
        _, kind, _, ledger = shlex.split(command)
        asked.append(kind)
        leave_request(settings_of(tmp_path), Path(ledger), Request(RequestKind(kind), SystemClock().now(), "by hand"))

    made = rehearsal.rehearse(settings_of(tmp_path), PACE, prompt=person)

    assert asked == ["halt", "resume", "flatten"]
    assert made.is_passed, made.document
    assert made.is_interactive
    assert why_not_rehearsed(tmp_path, made.at) == ""


def test_a_step_that_fails_is_named_and_the_rehearsal_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a day without an entry nothing can be rehearsed."""
    at_home(monkeypatch, tmp_path)
    monkeypatch.setattr(rehearsal, "DAY", "[market]\nseed = 1\ndate = 2026-03-03\nstep_seconds = 60\n")
    monkeypatch.setattr(rehearsal, "PATIENCE_SECONDS", 0.5)

    answer = CommandLine(capsys)("rehearse", "--quiet", "--json")

    assert answer.code == 1
    assert "failed: messages_delivered, entry_on_page" in answer.err
    (kept,) = rehearsals_of(Path(".gammacore") if (tmp_path / ".gammacore").exists() else tmp_path)
    assert not kept.is_passed
    assert why_not_rehearsed(kept.file.parents[1], kept.at) == "no rehearsal has passed yet"
