"""How a run by events ends at the command line: report, exit code, what is still held. Rules: SC-908, SC-1009."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from gammacore.adapters.asyncio_runner import Ended, Fault
from gammacore.ports.driving import LoopStats, SlotCounts
from gammacore.wiring import WiredDay

STATS = LoopStats(1000.0, 0.3, 1.0, 17.0, {"SPY": SlotCounts(100, 60, 40)})
TIMER = Fault("timer", "it was killed")


@pytest.mark.parametrize(
    ("ended", "code", "says"),
    [
        (Ended(stats=STATS), 0, ""),
        (Ended("SIGINT", stats=STATS), 130, "interrupted; signal SIGINT; nothing is held; the ledger holds everything"),
        (
            Ended("SIGTERM", held={"SPY": 3}, is_orderly=False, problem="not ended within 30 s", stats=STATS),
            1,
            "signal SIGTERM; not ended within 30 s; still held: +3 SPY",
        ),
        (
            Ended("SIGINT", held={"SPY": 3}, is_orderly=False, was_skipped=True, stats=STATS),
            1,
            "signal SIGINT; still held: +3 SPY",
        ),
        (Ended(fault=TIMER, stats=STATS), 1, 'the task "timer" ended: it was killed; nothing is held'),
    ],
)
def test_a_run_ends_with_its_report_its_exit_code_and_what_is_held(
    ended: Ended, code: int, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    at_home(monkeypatch, tmp_path)

    def run(day: WiredDay, _on_cycle: object = None) -> Ended:
        day.trade.begin()
        return ended

    monkeypatch.setattr("gammacore.wiring.run_day", run)
    answer = CommandLine(capsys)("trade", "--strategy", "st0cka", "--json")

    assert answer.code == code, answer.err
    assert says in answer.err
    document, _ = json.JSONDecoder().raw_decode(answer.out)
    assert document["loop_stats"] == {
        "quotes_per_second": 1000.0, "decision_ms_p50": 0.3, "decision_ms_p99": 1.0,
        "slots": {"SPY": {"put": 100, "overwritten": 60, "taken": 40}},
    }  # fmt: skip
