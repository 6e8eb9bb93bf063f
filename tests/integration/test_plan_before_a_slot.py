"""`plan` of each strategy, and at a time that is no scheduled entry."""

import json
from pathlib import Path
from typing import Any

import pytest

from builders_cli import PINNED, CommandLine, at_home


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


def test_the_configured_strategy_is_planned_not_another(gammacore: CommandLine) -> None:
    """DH-502: `trade.strategy = "delta-hedge"` shows the checks of its purchase, and the straddle."""
    Path("gammacore.toml").write_text('[trade]\nstrategy = "delta-hedge"\n', encoding="utf-8")

    configured = gammacore.document("plan")

    names = [line["name"] for line in configured["filters"]]
    assert (names[5], names[-1]) == ("time_left", "buying_power")
    order, (decision,) = configured["preview"], configured["decisions"]
    assert (decision["action"], order["strategy"], order["contracts"]) == ("open", "delta-hedge", 1)
    assert [(leg["side"], leg["right"]) for leg in order["legs"]] == [("buy", "C"), ("buy", "P")]
    paid, strike = float(order["limit"]), order["legs"][0]["strike"]
    assert float(order["max_loss"]) == pytest.approx(100 * paid)
    assert order["breakevens"] == pytest.approx([strike - paid, strike + paid])
    Path("gammacore.toml").unlink()
    assert gammacore.document("plan", "--strategy", "delta-hedge") == configured
    assert gammacore.document("plan")["preview"]["strategy"] != "delta-hedge"


def test_a_straddle_is_planned_as_it_would_be_bought(gammacore: CommandLine) -> None:
    """What `plan` shows at the day's time is what `trade` buys then; afterwards it is bought, once a day."""
    planned = gammacore.document("plan", "--strategy", "delta-hedge")["preview"]
    day = gammacore.document("trade", "--strategy", "delta-hedge", "--ledger", "day.sqlite")

    assert day["trades"][0]["legs"] == planned["legs"]
    assert day["trades"][0]["contracts"] == planned["contracts"]
    again = gammacore.document("plan", "--ledger", "day.sqlite")
    assert (again["preview"], again["decisions"][0]["reason"]) == (None, "bought")
    assert "once a day" in again["decisions"][0]["explanation"]


def test_too_late_for_a_straddle_is_an_answer(gammacore: CommandLine) -> None:
    late = gammacore.document("plan", "--strategy", "delta-hedge", "--at", "14:30")

    assert (late["preview"], late["decisions"][0]["reason"]) == (None, "too_late")
    assert "14:30:00 New York" in json.dumps(late["filters"])


def test_at_80_columns_nothing_of_a_filter_is_cut(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four strikes of a broken wing are wider than their column: they go on in the next line."""
    monkeypatch.setenv("COLUMNS", "80")

    shown = gammacore("plan", "--at", "10:30", "--seed", str(PINNED))

    assert shown.code == 0
    assert "BROKEN_WING" in shown.out
    assert "…" not in shown.out
