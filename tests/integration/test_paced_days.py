"""A study at a pace: the same day left alone, and gestures obeyed while it goes on. No test sleeps. Rule: OP-601."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from attrs import define, field

from builders_cli import QUICK, CommandLine, at_home, on_a_trading_day, rows, simulated, trading_seed
from gammacore.adapters.paced_clock import Pace
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.domain.ledger import Event, FlattenRequested, Halted, Mode
from gammacore.errors import ConfigurationError
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring import wire_day

USAGE = 2
ASKED = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)


@define
class Machine:
    """Real time that goes by only in sleeps; `at_seconds` does something in one of them."""

    seconds: float = 0.0
    at_seconds: dict[float, object] = field(factory=dict)

    def steady(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        for due in [due for due in self.at_seconds if due <= self.seconds]:
            do = self.at_seconds.pop(due)
            assert callable(do)
            do()


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


def traded(ledger: Path, pace: Pace | None) -> list[Event]:
    day = wire_day(simulated(QUICK, trading_seed()), ledger, pace=pace)
    try:
        day.trade()
        return list(day.storage.events())
    finally:
        day.close()


def test_left_alone_it_is_the_same_ledger_byte_for_byte() -> None:
    machine = Machine()

    traded(Path("a.sqlite"), None)
    events = traded(Path("b.sqlite"), Pace(3600, None, machine.steady, machine.sleep))

    assert rows(Path("a.sqlite")) == rows(Path("b.sqlite"))
    session = (events[-1].at - events[0].at).total_seconds()
    assert machine.seconds == pytest.approx(session / 3600)


def test_a_request_is_obeyed_at_the_market_time_reached() -> None:
    ledger, reason = Path("a.sqlite"), "drill"
    machine = Machine()
    machine.at_seconds[100.1] = lambda: SqliteInbox(ledger).post(Request(RequestKind.HALT, ASKED, reason))

    events = traded(ledger, Pace(60, None, machine.steady, machine.sleep))

    halted = next(event for event in events if isinstance(event, Halted))
    reached = (halted.at - events[0].at).total_seconds()
    assert 100.1 * 60 <= reached <= (100.1 + 0.3) * 60
    assert reached % 300, "between two looks of the market"


@pytest.mark.parametrize("file", ["a.sqlite.halt", ".gammacore/HALT"])
def test_a_kill_file_ends_the_wait_too(file: str) -> None:
    Path(file).parent.mkdir(exist_ok=True)
    machine = Machine()
    machine.at_seconds[100.1] = Path(file).touch

    events = traded(Path("a.sqlite"), Pace(60, None, machine.steady, machine.sleep))

    asked = next(event for event in events if isinstance(event, FlattenRequested))
    assert (asked.at - events[0].at).total_seconds() <= (100.1 + 0.3) * 60


def test_a_broker_keeps_its_own_time(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("TOKEN", "ACCOUNT"):
        monkeypatch.setenv(f"TRADIER_SANDBOX_{name}", "VA00000001")
    gammacore = CommandLine(capsys)

    refused = gammacore("trade", "--broker", "tradier", "--pace", "60")

    assert refused.code == USAGE
    assert "leave it out" in refused.err
    from gammacore.domain.broker_facts.dated import BrokerName
    from gammacore.wiring import Armed

    with pytest.raises(ConfigurationError, match="leave it out"):
        wire_day(simulated(QUICK, trading_seed()), armed=Armed(Mode.PAPER, BrokerName.TRADIER), pace=Pace(60))


@pytest.mark.parametrize(
    "options", [("--pace", "0"), ("--pace", "fast"), ("--begin", "10:20"), ("--pace", "60", "--once")]
)
def test_what_is_no_pace_is_usage(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert CommandLine(capsys)("trade", *on_a_trading_day(), *options).code == USAGE
    assert not list(Path().rglob("*.sqlite*"))
