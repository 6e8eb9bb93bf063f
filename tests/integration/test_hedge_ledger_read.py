"""`status`, `journal` and `report` on a ledger that `gammacore hedge` kept: what it holds, never "no open position"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders_hedging import CALL, market, update
from gammacore_cli.main import run

FIRST = market("15:00:00", CALL, event_id="first", delta=0.5, quantity=10, price=2.5, underlying_price=500)
SECOND = market("15:02:00", CALL, event_id="second", delta=0.9, underlying_price=501)
LEDGER = "hedge.sqlite"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def hedged(capfd: Any, *lines: object, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The filter takes these lines; the intents that came of them."""
    Path("events.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert run(["hedge", "events.ndjson", "--ledger", LEDGER, "--gex", "5", *options]) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]


def read(capfd: Any, command: str, *options: str) -> dict[str, Any]:
    assert run([command, "--ledger", LEDGER, "--json", *options]) == 0
    return dict(json.loads(capfd.readouterr().out))


def test_status_shows_positions_hedge_shares_awaited_intents_and_the_regime(capfd: Any) -> None:
    """DH-240: 500 shares sold of which 200 were reported as filled; 400 more are not reported."""
    (first,) = hedged(capfd, FIRST)
    reported = update("15:01:00", first, "partially_filled", filled_qty=200, avg_price=499)
    _, second = [first, *hedged(capfd, FIRST, reported, SECOND)]

    found = read(capfd, "status")

    assert [(one["symbol"], one["contracts"], one["delta"]) for one in found["positions"]] == [(CALL, 10, 0.9)]
    (book,) = found["books"]
    assert (book["share"], book["hedge_shares"], book["in_flight_shares"], book["net_delta"]) == ("SPY", -200, -700, 0)
    assert book["hedge_pnl_open"] == "-400.00"
    assert [(one["id"], one["filled"], one["state"]) for one in found["orders"]] == [
        (first["intent_id"], 200, "partially_filled"),
        (second["intent_id"], 0, "recorded"),
    ]
    assert [(one["subject"], one["after"]) for one in found["regime"]] == [("SPX", "positive override override")]
    assert (found["halted"], found["balance"], found["day_pnl"]) == (False, None, None)
    assert found["as_of"] == "2025-12-30T10:02:00-05:00"


def test_people_read_the_same(capfd: Any) -> None:
    hedged(capfd, FIRST)

    assert run(["status", "--ledger", LEDGER]) == 0
    shown = capfd.readouterr().out

    assert "no open position" not in shown
    for words in ("hedging desk", CALL, "+10", "-500", "no news", "positive override", "not halted"):
        assert words in shown


def test_a_halt_of_the_ledger_stands_in_status_and_journal_until_resumed(capfd: Any) -> None:
    """R10: the newest reason."""
    hedged(capfd, FIRST)
    assert run(["halt", "--ledger", LEDGER, "--reason", "by [me]"]) == 0
    capfd.readouterr()

    assert (read(capfd, "status")["halted"], read(capfd, "status")["halt_reason"]) == (True, "by [me]")
    assert [(one["what"], one["reason"]) for one in read(capfd, "journal")["halts"]] == [("halted", "by [me]")]
    assert run(["status", "--ledger", LEDGER]) == 0
    assert "halted: by [me]" in capfd.readouterr().out

    assert run(["resume", "--ledger", LEDGER]) == 0
    capfd.readouterr()
    assert (read(capfd, "status")["halted"], read(capfd, "status")["halt_reason"]) == (False, None)


def test_journal_tells_each_intent_with_its_end_and_every_alarm(capfd: Any) -> None:
    (first,) = hedged(capfd, FIRST)
    reported = update("15:01:00", first, "filled", filled_qty=500, avg_price=499.5, fees=1.25)
    hedged(capfd, FIRST, reported)

    found = read(capfd, "journal")

    assert found["days"] == ["2025-12-30"]
    assert found["trades"] == found["decisions"] == []
    (intent,) = found["intents"]
    assert (intent["purpose"], intent["side"], intent["quantity"]) == ("delta_hedge", "sell", 500)
    assert (intent["state"], intent["filled"], intent["price"], intent["fees"]) == ("filled", 500, "499.50", "1.25")
    assert "open_at_end" in [alarm["code"] for alarm in found["alarms"]]

    assert run(["journal", "--ledger", LEDGER]) == 0
    shown = capfd.readouterr().out
    assert "sell 500 SPY, delta_hedge" in shown
    assert "no trading day" not in shown


def test_a_day_it_was_not_kept_on_is_refused_with_the_days_there_are(capfd: Any) -> None:
    hedged(capfd, FIRST)

    assert read(capfd, "journal", "--day", "2025-12-30")["intents"]
    assert run(["journal", "--ledger", LEDGER, "--day", "2025-12-29"]) == 1
    assert "nothing of 2025-12-29; days of the ledger: 2025-12-30" in capfd.readouterr().err


def test_a_profile_that_fills_at_once_awaits_nothing(capfd: Any) -> None:
    """DH-003, DH-240: folded by the profile the ledger was kept under, whatever is configured now."""
    event = market("15:00:00", "SPY_CALL", delta=0.5, quantity=10, underlying_price=500)
    hedged(capfd, event, options=("--profile", "shares_v2"))

    found = read(capfd, "status")

    assert (found["profile"], found["orders"]) == ("shares_v2", [])
    assert sum(book["hedge_shares"] for book in found["books"]) != 0


def test_report_names_the_commands_that_read_such_a_ledger(capfd: Any) -> None:
    hedged(capfd, FIRST)

    assert run(["report", "--ledger", LEDGER]) == 1
    refusal = capfd.readouterr().err
    assert "gammacore status --ledger hedge.sqlite" in refusal
    assert "gammacore journal" in refusal


def test_a_csv_of_it_is_empty_and_says_why(capfd: Any) -> None:
    hedged(capfd, FIRST)

    assert run(["journal", "--ledger", LEDGER, "--csv", "trades.csv"]) == 0
    assert "no credit spread of this ledger" in " ".join(capfd.readouterr().err.split())
    assert len(Path("trades.csv").read_text(encoding="utf-8").splitlines()) == 1
