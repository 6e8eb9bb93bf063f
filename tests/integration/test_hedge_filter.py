"""`gammacore hedge` as a process among others: exit codes, streams, signals, environment. DH-121, DH-140..143, 1.5."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builders_hedging import CALL, market
from gammacore_cli.main import run

GOOD = market("15:00:00", CALL, event_id="good", delta=0.5, quantity=10, price=2.5, underlying_price=500)
LATER = market("15:02:00", CALL, event_id="later", delta=0.9, underlying_price=500)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(*lines: object) -> str:
    """A file of lines in the working folder."""
    Path("events.ndjson").write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf-8"
    )
    return "events.ndjson"


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_strict_ends_at_the_first_bad_line_and_what_came_before_stands(capfd: Any) -> None:
    """DH-142: line and field are named."""
    assert run(["hedge", written(GOOD, "", {**LATER, "payload": {"delta": 7}}, LATER)]) == 1
    out, err = capfd.readouterr()
    assert [intent["event_id"] for intent in objects(out)] == ["good"]
    assert "line 3, payload.delta: 7 is not valid; give a delta from -1 to 1" in err
    assert [log["fields"] for log in objects(err) if log.get("code") == "invalid"] == [
        {"line": 3, "field": "payload.delta"}
    ]


def test_lenient_skips_counts_and_goes_on(capfd: Any) -> None:
    """DH-142."""
    assert run(["hedge", written(GOOD, "{", '{"a":1,"a":2}', LATER), "--lenient"]) == 0
    out, err = capfd.readouterr()
    assert [intent["event_id"] for intent in objects(out)] == ["good", "later"]
    done = objects(err)[-1]
    assert done["fields"]["refusals"]["invalid"] == 2


def test_a_guest_of_a_host_writes_its_logs_as_utf8_whatever_a_bad_line_holds(capfd: Any) -> None:
    """DH-121, DH-140, DH-142: half a surrogate pair cannot be encoded, and must not end a lenient run."""
    Path("guest.toml").write_text('[hedging]\nprotocol_logs = "stdout"\n', encoding="utf-8")
    half = '{"\\ud800é":1,"\\ud800é":2}'
    assert run(["hedge", written(half, GOOD), "--lenient", "--config", "guest.toml"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (lines[0]["message"], lines[1]["fields"]["field"]) == ("ready", "\ud800é")
    assert [line["type"] for line in lines].count("order_intent") == 1


def test_nothing_in_nothing_out(capfd: Any) -> None:
    """DH-140: no objects are no bytes."""
    assert run(["hedge", written()]) == 0
    assert capfd.readouterr().out == ""


def test_after_shutdown_nothing_is_read(capfd: Any) -> None:
    """DH-111."""
    assert run(["hedge", written(GOOD, {"protocol": "v1", "type": "shutdown"}, "garbage")]) == 0
    assert len(objects(capfd.readouterr().out)) == 1


def test_every_refusal_is_reported_at_debug_level(capfd: Any) -> None:
    """DH-1101."""
    tick = market("15:00:01", "SPY", event_id="tick", price=500)
    assert run(["hedge", written(GOOD, GOOD, tick), "--log-level", "debug"]) == 0
    codes = [(log.get("event_id"), log["code"]) for log in objects(capfd.readouterr().err) if log["level"] == "debug"]
    assert codes == [("good", "duplicate"), ("tick", "below_threshold")]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GEX_VALUE", "low"), ("GEX_VALUE", "nan"), ("HEDGING_THRESHOLD", "0"), ("HEDGING_THRESHOLD", "x"),
        ("HEDGING_THRESHOLD_NEGATIVE_GEX", "-1"), ("HEDGE_MIN_INTERVAL_SECONDS", "-1"), ("EXIT_TIME_ET", "16:00"),
        ("EXIT_TIME_ET", "09:59"), ("EXIT_TIME_ET", "25:00"), ("OPTIONS_CONTRACT_MULTIPLIER", "1.5"),
        ("STRATEGY_EVENT_MAX_AGE_SECONDS", "old"), ("STRATEGY_EVENT_MAX_FUTURE_SKEW_SECONDS", "-1"),
    ],
)  # fmt: skip
def test_a_bad_variable_ends_the_start_with_2(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    """Section 1.5."""
    monkeypatch.setenv(variable, value)
    assert run(["hedge", written(GOOD)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert variable in err


def test_variables_set_what_they_name_and_options_win(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    """Section 1.5, DH-402: GEX_VALUE is the fallback, --gex the override; empty is unset."""
    monkeypatch.setenv("GEX_VALUE", "-15000")
    monkeypatch.setenv("HEDGING_THRESHOLD_NEGATIVE_GEX", "0.2")
    monkeypatch.setenv("HEDGE_MIN_INTERVAL_SECONDS", "")
    monkeypatch.setenv("EXIT_TIME_ET", "15:30:00")
    close = market("20:30:00", "SPY", event_id="close", price=500)
    assert run(["hedge", written(GOOD, close), "--assume-fills"]) == 0
    hedge, *exits = objects(capfd.readouterr().out)
    assert (hedge["metadata"]["gex_status"], hedge["metadata"]["hedging_threshold"]) == ("fallback", "0.2")
    assert [intent["event_id"] for intent in exits] == ["close", "close"]
    assert run(["hedge", written(GOOD), "--gex", "5"]) == 0
    metadata = objects(capfd.readouterr().out)[0]["metadata"]
    assert (metadata["gex_status"], metadata["gex_value"], metadata["hedging_threshold"]) == ("override", "5", "0.15")


@pytest.mark.parametrize(
    "options", [["--gex", "nan"], ["--profile", "seed"], ["--macro", "nowhere.json"], ["--session-gate", "ajar"]]
)
def test_bad_options_end_with_2(options: list[str]) -> None:
    assert run(["hedge", written(GOOD), *options]) == 2


def test_a_missing_file_is_named(capfd: Any) -> None:
    assert run(["hedge", "nowhere.ndjson"]) == 2
    assert "nowhere.ndjson" in capfd.readouterr().err


def test_gex_wins_over_the_macro_file(capfd: Any) -> None:
    Path("macro.json").write_text('{"spy":{"net_gex":-5}}')
    assert run(["hedge", written(GOOD), "--macro", "macro.json"]) == 0
    assert objects(capfd.readouterr().out)[0]["metadata"]["gex_source"] == "file"
    assert run(["hedge", written(GOOD), "--macro", "macro.json", "--gex", "5"]) == 0
    assert objects(capfd.readouterr().out)[0]["metadata"]["gex_source"] == "override"


def test_a_ledger_makes_a_finished_run_silent(capfd: Any) -> None:
    """DH-711: a count at the end."""
    arguments = ["hedge", written(GOOD, LATER), "--assume-fills", "--ledger", "hedge.ledger"]
    assert run(arguments) == 0
    assert len(objects(capfd.readouterr().out)) == 2
    assert run(arguments) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert objects(err)[-1]["fields"]["refusals"] == {"duplicate": 2}


# -- as a process ------------------------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "gammacore_cli.main", "hedge"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "interrupted; nothing was kept: the next run starts from nothing; with --ledger it could go on"),
        (["--ledger", "a b.ledger"], "nothing is lost: the same input with --ledger 'a b.ledger' goes on where it"),
    ],
)
def test_lines_of_a_pipe_are_answered_as_they_come_and_sigint_ends_with_130(options: list[str], words: str) -> None:
    """DH-140, DH-143: each line is flushed; SIGINT finishes the current one and says how to go on."""
    command = [*COMMAND, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(GOOD).encode() + b"\n")
        process.stdin.flush()
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["event_id"] == "good"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert words in process.stderr.read().decode()
        process.stdin.close()


@pytest.mark.parametrize("command", ["halt", "resume", "flatten"])
def test_no_request_is_left_with_a_running_filter_that_would_not_hear_it(command: str, capfd: Any) -> None:
    """R10, DH-1001: no command says that it acts within one cycle; stopped, it is halted by the command."""
    running = [*COMMAND, "--ledger", "hedge.ledger"]
    with subprocess.Popen(running, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(GOOD).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["event_id"] == "good"
        assert run([command, "--ledger", "hedge.ledger"]) == 1
        assert "takes no requests; write 1 into the file" in capfd.readouterr().err
        assert not Path("hedge.ledger.inbox").exists()
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_a_filter_that_was_halted_while_it_stood_still_hedges_nothing(capfd: Any) -> None:
    """DH-1001: latched in the ledger, over restarts, until `resume`."""
    assert run(["hedge", written(GOOD), "--ledger", "hedge.ledger"]) == 0
    assert run(["halt", "--ledger", "hedge.ledger"]) == 0
    capfd.readouterr()
    assert run(["hedge", written(GOOD, LATER), "--ledger", "hedge.ledger"]) == 0
    assert objects(capfd.readouterr().out) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_interrupted_goes_on_with_the_same_input_and_ledger(number: signal.Signals) -> None:
    """DH-143, DH-711: what was answered is not answered again."""
    command = [*COMMAND, "--ledger", "hedge.ledger"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(GOOD).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["event_id"] == "good"
        process.send_signal(number)
        assert process.wait(timeout=20) == 130
        process.stdin.close()
    again = subprocess.run([*command, written(GOOD, LATER)], capture_output=True, timeout=30, check=True)
    assert [intent["event_id"] for intent in objects(again.stdout.decode())] == ["later"]


def test_a_closed_output_ends_quietly_with_0_and_the_line_is_written_after_the_restart() -> None:
    """DH-143, DH-711."""
    events = written(GOOD, LATER)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as broken:
        process = subprocess.run(
            [*COMMAND, events, "--ledger", "hedge.ledger"],
            stdout=broken,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert process.returncode == 0
    assert b"Traceback" not in process.stderr
    again = subprocess.run([*COMMAND, events, "--ledger", "hedge.ledger"], capture_output=True, timeout=30, check=True)
    assert [intent["event_id"] for intent in objects(again.stdout.decode())] == ["good", "later"]


def test_a_fault_inside_the_desk_ends_with_1_after_the_ledger_is_closed(
    monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    """DH-152."""
    from gammacore.domain.hedge_filter.desk import HedgingDesk

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(HedgingDesk, "take_market", broken)
        assert run(["hedge", written(GOOD), "--ledger", "hedge.ledger"]) == 1
    assert "Traceback" not in capfd.readouterr().err
    assert run(["hedge", "events.ndjson", "--ledger", "hedge.ledger"]) == 0


def test_metrics_are_kept_in_a_file_for_a_monitor(tmp_path: Path, capfd: Any) -> None:
    """DH-1007: counters, gauges by book and the histogram of decision times."""
    kept = tmp_path / "hedge.prom"
    assert run(["hedge", written(GOOD, LATER), "--assume-fills", "--metrics", str(kept)]) == 0

    lines = kept.read_text("utf-8").splitlines()
    assert 'gammacore_hedge_events_total{outcome="taken"} 2' in lines
    assert any(line.startswith('gammacore_hedge_net_delta{book="SPY"}') for line in lines)
    assert any(line.startswith("gammacore_hedge_decision_seconds_bucket") for line in lines)
    assert not kept.with_name("hedge.prom.draft").exists()


def test_the_last_metrics_are_written_when_a_bad_line_ends_the_run(tmp_path: Path, capfd: Any) -> None:
    """DH-1007: the bad line is counted in them."""
    kept = tmp_path / "m.prom"
    assert run(["hedge", written(GOOD, "{}"), "--metrics", str(kept)]) == 1
    assert 'refusals_total{reason="invalid"} 1' in kept.read_text()


def test_metrics_that_cannot_be_written_end_with_2(tmp_path: Path, capfd: Any) -> None:
    assert run(["hedge", written(GOOD), "--metrics", str(tmp_path / "nowhere" / "m.prom")]) == 2
    assert "--metrics" in capfd.readouterr().err


@pytest.mark.parametrize("name", ["compact", "events"])
def test_a_position_under_polygons_spelling_is_hedged_and_closed_like_the_compact_one(
    shared_data: Path, name: str, capfd: Any
) -> None:
    """Field report 06: ten calls of delta 0.65."""
    events = shared_data / "field_reports" / "06-unread-option-symbol" / f"{name}.ndjson"
    assert run(["hedge", str(events), "--assume-fills"]) == 0
    intents = objects(capfd.readouterr().out)
    assert [(intent["side"], intent["qty"]) for intent in intents] == [("sell", 650), ("sell", 10), ("buy", 650)]
    assert [intent["metadata"]["reason"] for intent in intents] == ["delta_hedge", "market_close_exit", "daily_flatten"]


def test_strict_ends_at_a_quantity_of_what_is_neither_option_nor_share(capfd: Any) -> None:
    """DH-142, DH-205: the line, the field and the fix are named."""
    assert run(["hedge", written(GOOD, {**LATER, "symbol": "SPY_CALL", "payload": {"quantity": 5}})]) == 1
    out, err = capfd.readouterr()
    assert [intent["event_id"] for intent in objects(out)] == ["good"]
    assert "line 2, symbol: 'SPY_CALL' is not valid; give an OCC option symbol like" in err


def test_lenient_goes_on_past_an_unread_position_with_an_alarm_and_a_count(capfd: Any) -> None:
    """DH-142, DH-205."""
    unread = {**LATER, "event_id": "unread", "symbol": "SPY_CALL", "payload": {"quantity": 5}}
    assert run(["hedge", written(GOOD, unread, LATER), "--lenient"]) == 0
    out, err = capfd.readouterr()
    assert [intent["event_id"] for intent in objects(out)] == ["good", "later"]
    logs = objects(err)
    assert [log["fields"] for log in logs if log["level"] == "warn" and log.get("code") == "unread_symbol"] == [
        {"line": 2, "field": "symbol"}
    ]
    assert logs[-1]["fields"]["refusals"]["invalid"] == 1
