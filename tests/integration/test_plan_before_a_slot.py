"""`plan` at a time that is no scheduled entry: judged with all that an entry asks for, refused by the clock alone."""

from pathlib import Path
from typing import Any

import pytest

from builders_cli import CommandLine, at_home


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.mark.parametrize("time", ["09:40", "12:30"])
def test_a_time_outside_the_window_is_the_reason_not_a_broker_that_was_never_asked(
    time: str, gammacore: CommandLine
) -> None:
    """CS-303, CS-307: before the first slot the broker's clock, the bars and the pause are looked at like at a slot."""
    document = gammacore.document("plan", "--at", time)
    filters: dict[str, Any] = {line["name"]: line for line in document["filters"]}

    assert document["decisions"][0]["reason"] == "entry_window"
    assert filters["trading_day"]["verdict"] == "pass"
    assert filters["rsi"]["verdict"] != "unknown"
    assert filters["adx"]["verdict"] != "unknown"
