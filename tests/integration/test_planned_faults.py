"""`trade --fault`: what goes wrong in a study, when it is planned, and each time alike. Rule: OP-602."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders_cli import QUICK, CommandLine, at_home, simulated, trading_seed
from gammacore.adapters.fake.planned_faults import FaultKind
from gammacore.configuration import configure
from gammacore.configuration.layers import Configuration
from gammacore.domain.ledger import (
    AlarmRaised,
    Event,
    OrderFilled,
    OrderIntended,
    OrderOutcomeUnknown,
    OrderWasRejected,
)
from gammacore.errors import StorageError
from gammacore.wiring import wire_day

USAGE = 2
WHOLE_DAY = "@09:30/23000"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


def with_faults(*faults: str) -> Configuration:
    return configure([simulated(QUICK, trading_seed()).given, {"trade.faults": list(faults)}])


def traded(*faults: str, ledger: Path | None = None) -> list[Event]:
    day = wire_day(with_faults(*faults), ledger)
    try:
        day.trade()
        return list(day.storage.events())
    finally:
        day.close()


def test_a_day_without_faults_is_an_older_ledger_s_day() -> None:
    assert with_faults().fingerprint() == simulated(QUICK, trading_seed()).fingerprint()
    assert with_faults("reject@10:00").fingerprint() != with_faults().fingerprint()


@pytest.mark.parametrize("kind", FaultKind)
def test_each_kind_does_what_it_says_and_twice_the_same(kind: FaultKind) -> None:
    if kind is FaultKind.DISK_FULL:
        with pytest.raises(StorageError, match="no space left"):
            traded(f"{kind}{WHOLE_DAY}")
        return
    events = traded(f"{kind}{WHOLE_DAY}")

    assert traded(f"{kind}{WHOLE_DAY}") == events
    kinds = {type(event) for event in events}
    match kind:
        case FaultKind.BROKER_DOWN:
            assert "broker_unavailable" in {event.code for event in events if isinstance(event, AlarmRaised)}
            assert OrderFilled not in kinds
        case FaultKind.ANSWER_LOST:
            assert OrderOutcomeUnknown in kinds
            ids = [event.ticket.id for event in events if isinstance(event, OrderIntended)]
            assert len(ids) == len(set(ids))
        case FaultKind.REJECT:
            assert OrderWasRejected in kinds
            assert OrderFilled not in kinds
        case FaultKind.FEED_SILENT | FaultKind.STALE_QUOTES:
            assert OrderFilled not in kinds


def test_a_fault_that_is_over_is_over(tmp_path: Path) -> None:
    """A minute before the first entry changes nothing of the trades."""
    plain = [type(event) for event in traded(ledger=tmp_path / "a.sqlite")]
    after = [type(event) for event in traded("reject@09:31/60", ledger=tmp_path / "b.sqlite")]
    assert after == plain
    assert OrderFilled in plain


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fault", "earthquake@10:00"), "kinds: broker-down, answer-lost"),
        (("--fault", "reject@25:00"), "time of day"),
        (("--fault", "reject@10:00/0"), "1 second or more"),
        (("--fault", "reject@08:00"), "out of the session"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = CommandLine(capsys)("trade", *arguments, "--quiet")
    assert answer.code == USAGE
    assert words in answer.err


def test_a_broker_has_faults_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TRADIER_SANDBOX_TOKEN", "a")
    monkeypatch.setenv("TRADIER_SANDBOX_ACCOUNT", "VA1234567")
    answer = CommandLine(capsys)("trade", "--broker", "tradier", "--fault", "reject@10:00", "--quiet")
    assert answer.code == USAGE
    assert "--fault" in answer.err
