"""The command line as a contract: one JSON document with its keys, exit codes, layers of settings. cli.md."""

from __future__ import annotations

import datetime as dt
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders_cli import SIMULATED, CommandLine, at_home, begun, book_of, kinds, process, rows, simulated

from gammacore.adapters.sqlite import SqliteInbox
from gammacore.configuration import configure, read_environment
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring import wire_day
from gammacore_cli.main import COMMANDS, EXIT_DONE, EXIT_FAILED, EXIT_HALTED, EXIT_INTERRUPTED, EXIT_USAGE

Check = Callable[[Any], bool]
NOON = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)


def money(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?\d+\.\d\d", value) is not None


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def counts(value: Any) -> bool:
    return isinstance(value, dict) and all(count(times) for times in value.values())


def instant(value: Any) -> bool:
    return dt.datetime.fromisoformat(value).utcoffset() is not None


def text(value: Any) -> bool:
    return isinstance(value, str)


def truth(value: Any) -> bool:
    return isinstance(value, bool)


def maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def each(**shape: Any) -> Check:
    """A list that is not empty of documents of that shape."""
    return lambda value: isinstance(value, list) and bool(value) and all(not faults(one, shape) for one in value)


def any_number_of(**shape: Any) -> Check:
    return lambda value: isinstance(value, list) and all(not faults(one, shape) for one in value)


def document(**shape: Any) -> Check:
    return lambda value: isinstance(value, dict) and not faults(value, shape)


def faults(given: dict[str, Any], shape: dict[str, Check]) -> list[str]:
    """The keys of a shape that are missing or of another kind."""
    return [key for key, check in shape.items() if key not in given or not check(given[key])]


LEGS = each(side=text, right=text, strike=number)
TRADE = {
    "id": text, "strategy": text, "legs": LEGS, "contracts": count, "credit": money, "debit": money, "opened": instant,
    "closed": instant, "exit_reason": text, "pnl": money, "fees": money,
}  # fmt: skip
CONTROL = {"verdicts": any_number_of(), "orders": any_number_of(), "ledger": text}
CONTRACT: dict[str, dict[str, Check]] = {
    "trade": {
        "date": lambda value: dt.date.fromisoformat(value) is not None, "underlying": text, "strategy": text,
        "entries": count, "exits": count, "skipped": counts, "trades": each(**TRADE), "pnl": money, "fees": money,
        "balance": money, "ledger": text,
    },
    "plan": {
        "decisions": each(at=instant, action=text, explanation=text, price=number),
        "filters": each(name=text, verdict=text, value=text, limit=text, reason=maybe(text)),
        "preview": maybe(document(legs=LEGS, contracts=count, limit=money, max_loss=money, buying_power=money,
                                  breakevens=lambda prices: all(map(number, prices)))),
    },
    "gex": {
        "underlying": text, "as_of": instant, "spot": number, "scope": text, "unit": text, "sign": text,
        "greeks": text, "clock": text, "net": number, "call": number, "put": number,
        "by_strike": each(strike=number, call=number, put=number, net=number),
        "flips": lambda roots: all(map(number, roots)), "flip": maybe(number),
        "call_wall": document(strike=number, value=number), "put_wall": document(strike=number, value=number),
        "pin": document(strike=number, competing=truth,
                        candidates=each(strike=number, exposure=number, score=number)),
        "contracts": document(used=count, skipped=counts),
    },
    "setup": {
        "strategy": text, "direction": text, "confidence": text, "distance": number, "width": number, "legs": LEGS,
        "reason": maybe(text),
    },
    "size": {
        "contracts": count, "policy": text, "kelly": number, "half_kelly": number, "raw_contracts": number,
        "max_risk": money, "max_risk_by_strategy": lambda table: all(map(money, table.values())), "balance": money,
        "reason": text,
        "statistics": document(trades=count, wins=count, losses=count, win_rate=number, average_win=money,
                               average_loss=money),
    },
    "status": {
        "positions": each(id=text, legs=LEGS, contracts=count, credit=money), "orders": any_number_of(id=text),
        "balance": money, "day_pnl": money, "halted": truth,
    },
    "journal": {"trades": each(id=text, legs=LEGS, pnl=maybe(money)), "decisions": each(reason=maybe(text))},
    "report": {"statistics": document(trades=count, wins=count, pnl=money), "balance": money},
    "reconcile": CONTROL,
    "halt": CONTROL,
    "resume": CONTROL,
    "flatten": CONTROL,
    "record": {"recording": text, "snapshots": count},
    "config check": {"ok": truth, "keys": count},
    "config show": {"entries.vix.floor": document(value=text, source=text)},
    "config init": {"written": text},
    "ledger verify": {"ledger": text, "events": count, "ok": truth},
    "ledger repair": {"ledger": text, "kept": count, "lost": maybe(count), "damaged": maybe(text)},
}  # fmt: skip
ARGUMENTS = {
    "trade": (*SIMULATED, "--ledger", "fresh.sqlite"),
    "plan": ("--seed", "11"),
    "gex": (),
    "setup": ("--underlying", "SPX", "--pin", "6050", "--price", "6057", "--vix", "14"),
    "size": ("--balance", "20000"),
    "record": ("day.recording", "--step", "1800"),
    "config check": (),
    "config show": (),
    "config init": (),
}


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def spoken(command: str) -> list[str]:
    """The command with arguments under which it has something to say."""
    if command in ARGUMENTS:
        return [*command.split(), *ARGUMENTS[command]]
    return [*command.split(), "--ledger", str(begun(Path("begun.sqlite")))]


@pytest.mark.parametrize("command", CONTRACT)
def test_programs_get_one_document_with_the_keys_of_the_contract(command: str, gammacore: CommandLine) -> None:
    answer = gammacore(*spoken(command), "--json")

    assert answer.code == EXIT_DONE, answer.err
    assert faults(answer.document, CONTRACT[command]) == []
    assert answer.out.endswith("}\n")


@pytest.mark.parametrize("command", CONTRACT)
def test_people_get_words_and_no_json(command: str, gammacore: CommandLine) -> None:
    answer = gammacore(*spoken(command), "--quiet")

    assert answer.code == EXIT_DONE, answer.err
    assert answer.out.strip()
    assert not answer.out.lstrip().startswith("{")


def test_log_lines_go_to_stderr_and_quiet_leaves_none(gammacore: CommandLine) -> None:
    spoken_out = gammacore("trade", *SIMULATED, "--json", "--ledger", "a.sqlite")
    kept_quiet = gammacore("trade", *SIMULATED, "--json", "--quiet", "--ledger", "b.sqlite")

    assert "INFO Opened SPX-20260304-1" in spoken_out.err
    assert kept_quiet.err == ""
    assert spoken_out.out.replace("a.sqlite", "b.sqlite") == kept_quiet.out


@pytest.mark.parametrize("command", [*COMMANDS, *(command for command in CONTRACT if " " in command)])
def test_every_command_explains_itself(command: str, gammacore: CommandLine) -> None:
    answer = gammacore(*command.split(), "--help")

    assert answer.code == EXIT_DONE
    assert answer.out.startswith(f"Usage: gammacore {command}")


def test_without_a_command_all_of_them_are_listed(gammacore: CommandLine) -> None:
    assert all(command in gammacore("--help").out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["trad"], "no command 'trad'; did you mean trade?"),
        (["trade", "--sede", "3"], "No such option"),
        (["trade", "--date", "yesterday"], "'yesterday' is no date; write it like 2026-08-19"),
        (["trade", "--vix", "nan"], "is not finite"),
        (["trade", "--step", "0"], "'--step'"),
        (["trade", "--market", "csv"], "name what to read: csv:PATH"),
        (["trade", "--market", "ccsv:x"], "not known; give simulated, csv:FILE"),
        (["trade", "--underlying", "SPXX"], "did you mean SPX?"),
        (["setup", "--underlying", "SPX", "--pin", "-1", "--price", "6050", "--vix", "14"], "pin"),
        (["gex", "--scope", "soon"], "scope"),
        (["gex", "--as-of", "noonish"], "write it like 10:30"),
        (["trade", "--config", "none.toml"], "none.toml: cannot be read"),
    ],
)
def test_a_wrong_word_is_usage_and_names_the_mend(arguments: list[str], told: str, gammacore: CommandLine) -> None:
    answer = gammacore.refusal(*arguments)

    assert answer.code == EXIT_USAGE
    assert told in answer.err
    assert not Path(".gammacore").exists()


# --- settings ---


def test_options_win_over_environment_over_dotenv_over_toml_over_defaults(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> tuple[str, str]:
        row = gammacore.document("config", "show")["entries.vix.floor"]
        return row["value"], row["source"]

    assert shown()[1] == "default"
    Path("gammacore.toml").write_text('# ours\n[entries.vix]\nfloor = "14"\n')
    assert shown() == ("14", "gammacore.toml, line 3")
    Path(".env").write_text("GAMMACORE_ENTRIES__VIX__FLOOR=15\n")
    assert shown() == ("15", ".env GAMMACORE_ENTRIES__VIX__FLOOR")
    monkeypatch.setenv("GAMMACORE_ENTRIES__VIX__FLOOR", "16")
    assert shown() == ("16", "environment GAMMACORE_ENTRIES__VIX__FLOOR")

    monkeypatch.setenv("GAMMACORE_MARKET__SEED", "7")
    by_option = gammacore.document("trade", *SIMULATED, "--once", "--ledger", "a.sqlite")
    assert book_of(Path(by_option["ledger"])).day is not None
    begun_on = book_of(Path("a.sqlite")).day
    assert begun_on is not None
    assert begun_on.market == "simulated (seed 3, every 300 s)"


def test_another_file_is_named_with_config(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text("[market]\nseed = 1\n")
    Path("other.toml").write_text("[market]\nseed = 2\n")

    row = gammacore.document("config", "show", "--config", "other.toml")["market.seed"]

    assert (row["value"], row["source"]) == ("2", "other.toml, line 2")


def test_a_sample_is_written_once_passes_the_check_and_changes_nothing(gammacore: CommandLine) -> None:
    before = {key: row["value"] for key, row in gammacore.document("config", "show").items()}

    assert gammacore.document("config", "init") == {"written": "gammacore.toml"}
    sample = Path("gammacore.toml").read_text()

    assert gammacore.document("config", "check") == {"ok": True, "keys": 0}
    assert {key: row["value"] for key, row in gammacore.document("config", "show").items()} == before
    refused = gammacore.refusal("config", "init")
    assert (refused.code, Path("gammacore.toml").read_text()) == (EXIT_USAGE, sample)
    assert "exists and is left as it is" in refused.err


def test_every_line_of_the_sample_is_valid_when_its_mark_is_taken_away(gammacore: CommandLine) -> None:
    gammacore.document("config", "init")
    lines = Path("gammacore.toml").read_text().splitlines()
    told = [re.sub(r"^# (?=\w+ = )", "", line) for line in lines if not line.startswith(("# [underlyings", "# k "))]
    told = [line for line in told if not re.match(r'(option_root|strike_increment|base_width) = "(GOOG|2.5)"', line)]
    Path("all.toml").write_text("\n".join(told))

    answer = gammacore("config", "check", "--config", "all.toml", "--json")

    assert answer.code == EXIT_DONE, answer.err
    assert answer.document["keys"] > 80


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('[entries.vix]\nflor = "14"\n', "gammacore.toml, line 2: unknown key entries.vix.flor; did you mean"),
        ("[entires.vix]\nfloor = 14\n", "gammacore.toml, line 2: unknown key entires.vix.floor; did you mean"),
        ('entries.vix.floor = "calm"\n', "gammacore.toml, line 1: entries.vix.floor: calm is not valid; give a number"),
        ("[market]\nseed = -1\n", "gammacore.toml, line 2: market.seed: -1 is not valid"),
        ("[market\n", "gammacore.toml: is no TOML"),
        ('[stops]\npreset = "standrd"\n', "gammacore.toml, line 2: stops.preset"),
        ('[underlyings.GOOG]\nk = "1/8"\nstrike_incremnt = "2.5"\n', "line 3: unknown key underlyings.GOOG.strike_in"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_line_key_and_mend(
    toml: str, told: str, gammacore: CommandLine
) -> None:
    Path("gammacore.toml").write_text(toml)

    for command in (["config", "check"], ["trade", "--ledger", "a.sqlite"]):
        answer = gammacore.refusal(*command)
        assert answer.code == EXIT_USAGE
        assert told in answer.err
    assert not Path("a.sqlite").exists()


def test_a_wrong_variable_is_named(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMMACORE_ENTRIES__VIX__FLOR", "14")

    answer = gammacore.refusal("config", "check")

    assert (answer.code, "GAMMACORE_ENTRIES__VIX__FLOR: unknown key" in answer.err) == (EXIT_USAGE, True)


PAPER_WORDS = ["true", "True", "1", "yes", "flase", "live", "", " ", "none", "0.0", "nein"]
LIVE_WORDS = ["false", "False", "FALSE", " false ", "0", "no", "off"]


@pytest.mark.parametrize("word", PAPER_WORDS)
@pytest.mark.parametrize("elsewhere", [{}, {"GAMMACORE_ACCOUNT__PAPER": "false"}])
def test_anything_but_an_explicit_false_is_paper(word: str, elsewhere: dict[str, str]) -> None:
    """It vetoes live wherever else live was said, in whichever order the variables come."""
    for environment in ({"IS_PAPER_TRADING": word, **elsewhere}, {**elsewhere, "IS_PAPER_TRADING": word}):
        for layers in ([environment], [elsewhere, environment], [environment, elsewhere]):
            assert configure([read_environment(layer) for layer in layers]).settings.account.paper


@pytest.mark.parametrize("word", LIVE_WORDS)
def test_an_explicit_false_is_no_veto(word: str) -> None:
    assert not configure([read_environment({"IS_PAPER_TRADING": word})]).settings.account.paper
    said_paper = {"IS_PAPER_TRADING": word, "GAMMACORE_ACCOUNT__PAPER": "true"}
    assert configure([read_environment(said_paper)]).settings.account.paper


def test_the_veto_is_shown_where_it_was_given(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("IS_PAPER_TRADING=ture\n")
    monkeypatch.setenv("GAMMACORE_ACCOUNT__PAPER", "false")

    row = gammacore.document("config", "show")["account.paper"]

    assert row == {"value": "true", "source": ".env IS_PAPER_TRADING"}


# --- a day interrupted, finished, halted ---


def test_a_fresh_ledger_for_every_run_unless_one_is_named(gammacore: CommandLine) -> None:
    first, second = (gammacore.document("trade", *SIMULATED) for _ in range(2))

    assert first["ledger"] != second["ledger"]
    assert {**first, "ledger": ""} == {**second, "ledger": ""}
    assert gammacore.document("status")["ledger"] == second["ledger"]


def test_a_finished_ledger_is_reported_and_not_traded_again(gammacore: CommandLine) -> None:
    ledger = Path("day.sqlite")
    traded = gammacore.document("trade", *SIMULATED, "--ledger", ledger)
    written, exchange = rows(ledger), Path("day.sqlite.exchange.json").read_bytes()

    assert gammacore.document("trade", *SIMULATED, "--ledger", ledger) == traded
    assert gammacore.document("trade", "--ledger", ledger) == traded  # what it was traded on is in it
    assert (rows(ledger), Path("day.sqlite.exchange.json").read_bytes()) == (written, exchange)


def test_once_is_one_cycle_and_the_day_is_taken_up_where_it_stood(gammacore: CommandLine) -> None:
    whole = gammacore.document("trade", *SIMULATED, "--ledger", "whole.sqlite")

    begun_only = gammacore.document("trade", *SIMULATED, "--once", "--ledger", "once.sqlite")
    finished = gammacore.document("trade", "--ledger", "once.sqlite")

    assert (begun_only["finished"], begun_only["trades"]) == (False, [])
    assert {**finished, "ledger": ""} == {**whole, "ledger": ""}
    assert rows(Path("once.sqlite")) == rows(Path("whole.sqlite"))


@pytest.mark.parametrize("cycles", [1, 5, 8, 9, 10, 11, 30, 78, 79])
def test_interrupted_after_any_cycle_the_day_ends_the_same(cycles: int, gammacore: CommandLine) -> None:
    gammacore.document("trade", *SIMULATED, "--ledger", "whole.sqlite")
    day, done = wire_day(simulated(), Path("cut.sqlite")), iter(range(1, cycles))
    day.trade.run_until(lambda book: next(done, None) is None)
    day.close()

    gammacore.document("trade", *SIMULATED, "--ledger", "cut.sqlite")

    assert rows(Path("cut.sqlite")) == rows(Path("whole.sqlite"))


@pytest.mark.parametrize("options", [["--seed", "4"], ["--step", "60"]])
def test_a_day_begun_on_one_market_does_not_go_on_on_another(options: list[str], gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))
    before = rows(ledger)

    answer = gammacore.refusal("trade", *SIMULATED, *options, "--ledger", ledger)

    assert answer.code == EXIT_USAGE
    assert "was begun on simulated (seed 3, every 300 s)" in answer.err
    assert rows(ledger) == before


def test_a_halt_outlives_restarts_and_lets_exits_go_on(gammacore: CommandLine) -> None:
    """R10."""
    ledger = begun(Path("day.sqlite"))
    gammacore.document("halt", "--ledger", ledger, "--reason", "quotes look wrong")
    assert gammacore.document("status", "--ledger", ledger)["halt_reason"] == "quotes look wrong"

    answer = gammacore("trade", "--ledger", ledger, "--json", "--quiet")

    assert answer.code == EXIT_HALTED
    assert "trading is halted (quotes look wrong)" in answer.err
    assert (answer.document["entries"], answer.document["exits"], answer.document["finished"]) == (1, 1, True)
    assert set(answer.document["skipped"]) == {"halted"}
    assert gammacore("trade", "--ledger", ledger, "--json", "--quiet").code == EXIT_HALTED


def test_resume_clears_a_halt(gammacore: CommandLine) -> None:
    gammacore.document("trade", *SIMULATED, "--ledger", "whole.sqlite")
    ledger = begun(Path("day.sqlite"))
    gammacore.document("halt", "--ledger", ledger)

    gammacore.document("resume", "--ledger", ledger)

    assert gammacore.document("status", "--ledger", ledger)["halted"] is False
    assert gammacore.document("trade", "--ledger", ledger)["skipped"] == {
        reason: times for reason, times in gammacore.document("trade", "--ledger", "whole.sqlite")["skipped"].items()
    }


def test_flatten_ends_flat_and_halted_and_stays_so(gammacore: CommandLine) -> None:
    """R10: without a loop the command does it itself."""
    ledger = begun(Path("day.sqlite"))

    done = gammacore.document("flatten", "--ledger", ledger, "--reason", "going home")

    assert done["done"] == "flat and halted"
    assert [order["purpose"] for order in done["orders"]] == ["emergency"]
    stands = gammacore.document("status", "--ledger", ledger)
    assert (stands["positions"], stands["orders"], stands["halt_reason"]) == ([], [], "going home")
    after = gammacore("trade", "--ledger", ledger, "--json", "--quiet")
    assert (after.code, after.document["entries"], after.document["finished"]) == (EXIT_HALTED, 1, True)


def test_flatten_with_nothing_open_halts(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"), holding=False)

    assert gammacore.document("flatten", "--ledger", ledger)["orders"] == []
    assert book_of(ledger).halted == "flattened by hand"


def test_reconcile_finds_book_and_broker_alike(gammacore: CommandLine) -> None:
    ledger = begun(Path("day.sqlite"))

    found = gammacore.document("reconcile", "--ledger", ledger)

    assert {verdict["verdict"] for verdict in found["verdicts"]} <= {"match"}
    assert book_of(ledger).live_positions


@pytest.mark.parametrize(
    ("kind", "event", "code"),
    [(RequestKind.HALT, "Halted", EXIT_HALTED), (RequestKind.FLATTEN, "FlattenRequested", EXIT_HALTED),
     (RequestKind.RESUME, "Resumed", EXIT_DONE)],
)  # fmt: skip
def test_a_request_in_the_inbox_is_obeyed_within_one_cycle(
    kind: RequestKind, event: str, code: int, gammacore: CommandLine
) -> None:
    """R10."""
    ledger = begun(Path("day.sqlite"))
    SqliteInbox(ledger).post(Request(kind, NOON, "asked from elsewhere"))

    answer = gammacore("trade", "--once", "--ledger", ledger, "--json", "--quiet")

    assert answer.code == code
    assert kinds(ledger).count(event) == 1
    assert SqliteInbox(ledger).pending() == ()
    gammacore("trade", "--ledger", ledger, "--json", "--quiet")
    assert not book_of(ledger).live_positions


def test_a_kill_file_beside_the_ledger_flattens_and_outlives_restarts_and_resume(gammacore: CommandLine) -> None:
    """R10: while it stands every start is halted, and `resume` says so."""
    ledger, kill = begun(Path("day.sqlite")), Path("day.sqlite.halt")
    kill.touch()

    answer = gammacore("trade", "--ledger", ledger, "--json", "--quiet")

    assert (answer.code, answer.document["entries"], answer.document["exits"]) == (EXIT_HALTED, 1, 1)
    assert answer.document["trades"][0]["exit_reason"] == "flatten"
    assert kill.exists()
    assert kinds(ledger).count("FlattenRequested") == 1
    refused = gammacore.refusal("resume", "--ledger", ledger)
    assert (refused.code, "remove it, then resume" in refused.err) == (EXIT_HALTED, True)
    kill.unlink()
    gammacore.document("resume", "--ledger", ledger)
    assert book_of(ledger).halted is None


def test_the_configured_kill_file_holds_for_every_ledger(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMMACORE_ACCOUNT__HALT_FILE", "stop-everything")
    Path("stop-everything").touch()

    for ledger in ("a.sqlite", "b.sqlite"):
        answer = gammacore("trade", *SIMULATED, "--ledger", ledger, "--json", "--quiet")
        assert (answer.code, answer.document["entries"]) == (EXIT_HALTED, 0)


def test_the_ways_to_flatten_are_in_its_help(gammacore: CommandLine) -> None:
    told = gammacore("flatten", "--help").out

    assert all(way in told for way in ("LEDGER.halt", "account.halt_file", "SIGUSR1"))


# --- recording ---


@pytest.mark.parametrize("market", [("--seed", "3"), ("--seed", "7", "--underlying", "NDX"), ("--vix", "15")])
def test_a_day_recorded_and_replayed_is_the_same_byte_for_byte(market: tuple[str, ...], gammacore: CommandLine) -> None:
    """R14."""
    gammacore.document("record", "day.recording", "--step", "300", *market)
    traded = gammacore.document("trade", "--step", "300", *market, "--ledger", "traded.sqlite")

    replayed = gammacore.document("trade", "--market", "recording:day.recording", "--ledger", "replayed.sqlite")

    assert {**replayed, "ledger": ""} == {**traded, "ledger": ""}
    assert rows(Path("replayed.sqlite")) == rows(Path("traded.sqlite"))


def test_a_recording_is_never_traded_as_another_underlying(gammacore: CommandLine) -> None:
    gammacore.document("record", "day.recording", "--step", "1800", "--underlying", "XSP")

    answer = gammacore.refusal("trade", "--market", "recording:day.recording", "--underlying", "SPX")

    assert (answer.code, "is a recording of XSP, not of SPX" in answer.err) == (EXIT_USAGE, True)


# --- processes ---


STEP = ("--step", "15", "--seed", "11")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The ledger of the day that nobody disturbs."""
    ledger = tmp_path_factory.mktemp("undisturbed") / "day.sqlite"
    day = wire_day(simulated(step=15, seed=11), ledger)
    day.trade()
    day.close()
    return rows(ledger)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, EXIT_INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)])
def test_stopped_in_the_middle_of_a_day_it_goes_on_to_the_same_end(
    number: signal.Signals, code: int, undisturbed: list[tuple[Any, ...]], gammacore: CommandLine
) -> None:
    """R2: Ctrl-C and SIGKILL."""
    with process("trade", *STEP, "--ledger", "day.sqlite") as child:
        child.wait_for("Opened")
        child.popen.send_signal(number)
        stopped = child.end()

    assert (stopped.code, stopped.out) == (code, "")
    assert "Traceback" not in stopped.err
    assert ("interrupted; the ledger holds everything" in stopped.err) == (number is signal.SIGINT)
    assert len(rows(Path("day.sqlite"))) < len(undisturbed)
    assert gammacore.document("trade", "--ledger", "day.sqlite")["finished"]
    assert rows(Path("day.sqlite")) == undisturbed


def test_a_signal_flattens_the_running_loop(gammacore: CommandLine) -> None:
    """R10: SIGUSR1."""
    with process("trade", *STEP, "--json", "--ledger", "day.sqlite") as child:
        child.wait_for("Opened")
        child.popen.send_signal(signal.SIGUSR1)
        ended = child.end()

    assert ended.code == EXIT_HALTED
    assert "trading is halted (signal SIGUSR1)" in ended.err
    assert (ended.document["entries"], ended.document["exits"], ended.document["finished"]) == (1, 1, True)
    assert book_of(Path("day.sqlite")).halted == "signal SIGUSR1"


def test_of_two_processes_on_one_ledger_the_second_is_refused_and_requests_reach_the_first(
    gammacore: CommandLine,
) -> None:
    """R12, R10."""
    with process("trade", *STEP, "--json", "--ledger", "day.sqlite") as first:
        first.wait_for("Opened")
        first.popen.send_signal(signal.SIGSTOP)
        refused = gammacore.refusal("trade", *STEP, "--ledger", "day.sqlite")
        left = gammacore.document("halt", "--ledger", "day.sqlite", "--reason", "from the other window")
        first.popen.send_signal(signal.SIGCONT)
        ended = first.end()

    assert refused.code == EXIT_FAILED
    assert f"process {first.popen.pid} is writing to it" in refused.err
    assert left["done"] == "left with the running loop; it acts within one cycle"
    assert ended.code == EXIT_HALTED
    assert book_of(Path("day.sqlite")).halted == "from the other window"
    assert ended.document["finished"]


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    """`gammacore gex --json | head -1`."""
    command = [sys.executable, "-m", "gammacore_cli.main", "gex", "--json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()
        told = writer.stderr.read()

    assert (writer.returncode, told) == (EXIT_DONE, "")
