"""The command line as a contract: one JSON document with its keys, exit codes, layers of settings. cli.md."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders_cli import CommandLine, at_home, begun, book_of, on_a_trading_day, trading_seed
from gammacore.configuration import configure, read_environment
from gammacore_cli.main import COMMANDS, EXIT_DONE, EXIT_USAGE

Check = Callable[[Any], bool]


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
        "statistics": document(trades=count, wins=count, losses=count, win_rate=maybe(number),
                               average_win=maybe(money), average_loss=maybe(money)),
    },
    "montecarlo": {
        "runs": count, "seed": count, "mode": text, "policy": text, "trades": count, "mean": number, "sd": number,
        "percentiles": lambda table: set(table) == {"1", "5", "10", "25", "50", "75", "90", "95", "99"},
        "probabilities": document(profit=number, double=number, triple=number, loss=number, ruin=number, halt=number),
        "drawdown": document(mean=number, median=number, p95=number, worst=number, percent_median=number,
                             percent_p95=number),
        "sizes": counts, "fan": lambda rows: len(rows) == 9, "rank": number,
        "ladder": each(name=text, cost=number, stressed=truth, p50=number, profit=number, halt=number),
        "warnings": each(code=text, text=text), "assumptions": lambda lines: all(map(text, lines)),
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
    "ledger upgrade": {"ledger": text, "events": count, "upgraded": truth},
    "ledger backup": {"ledger": text, "file": text, "events": count, "checksum": text, "made_at": text},
}  # fmt: skip
ARGUMENTS = {
    "plan": (),
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
    if command == "trade":
        return ["trade", *on_a_trading_day(), "--ledger", "fresh.sqlite"]
    if command == "montecarlo":
        Path("trades.csv").write_text("pl_per_contract\n" + "90\n-60\n40\n-70\n" * 2, encoding="utf-8")
        return ["montecarlo", "trades.csv", "--runs", "20"]
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
    spoken_out = gammacore("trade", *on_a_trading_day(), "--json", "--ledger", "a.sqlite")
    kept_quiet = gammacore("trade", *on_a_trading_day(), "--json", "--quiet", "--ledger", "b.sqlite")

    assert "INFO study Opened SPX " in spoken_out.err
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
    ("arguments", "words"),
    [
        (["trad"], "no command 'trad'; did you mean trade?"),
        (["trade", "--sede", "3"], "No such option"),
        (["trade", "--date", "yesterday"], "'yesterday' is not a date; write it like 2026-08-19"),
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
def test_a_wrong_word_is_usage_and_names_the_fix(arguments: list[str], words: str, gammacore: CommandLine) -> None:
    answer = gammacore.refusal(*arguments)

    assert answer.code == EXIT_USAGE
    assert words in answer.err
    assert not [path for path in Path().rglob("*") if path.is_file()]


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

    monkeypatch.setenv("GAMMACORE_MARKET__SEED", "77")
    by_option = gammacore.document("trade", *on_a_trading_day(), "--once", "--ledger", "a.sqlite")
    assert book_of(Path(by_option["ledger"])).day is not None
    begun_on = book_of(Path("a.sqlite")).day
    assert begun_on is not None
    assert begun_on.market == f"simulated (seed {trading_seed()}, every 300 s)"


def test_another_file_is_named_with_config(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text("[market]\nseed = 1\n")
    Path("other.toml").write_text("[market]\nseed = 2\n")

    row = gammacore.document("config", "show", "--config", "other.toml")["market.seed"]

    assert (row["value"], row["source"]) == ("2", "other.toml, line 2")


def test_a_sample_is_written_once_passes_the_check_and_changes_nothing(gammacore: CommandLine) -> None:
    before = {key: row["value"] for key, row in gammacore.document("config", "show").items()}

    assert gammacore.document("config", "init") == {"written": "gammacore.toml"}
    sample = Path("gammacore.toml").read_text()

    assert gammacore.document("config", "check") == {"ok": True, "keys": 0, "errors": []}
    assert {key: row["value"] for key, row in gammacore.document("config", "show").items()} == before
    refused = gammacore.refusal("config", "init")
    assert (refused.code, Path("gammacore.toml").read_text()) == (EXIT_USAGE, sample)
    assert "exists and is left as it is" in refused.err


def test_every_line_of_the_sample_is_valid_when_its_mark_is_taken_away(gammacore: CommandLine) -> None:
    gammacore.document("config", "init")
    lines = Path("gammacore.toml").read_text().splitlines()
    Path("all.toml").write_text("\n".join(re.sub(r"^# (?=[\w.]+ = |\[)", "", line) for line in lines))

    answer = gammacore("config", "check", "--config", "all.toml", "--json")

    assert answer.code == EXIT_DONE, answer.err
    assert answer.document["keys"] > 350


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[entries.vix]\nflor = "14"\n', "gammacore.toml, line 2: unknown key entries.vix.flor; did you mean"),
        ("[entires.vix]\nfloor = 14\n", "gammacore.toml, line 2: unknown key entires.vix.floor; did you mean"),
        ('entries.vix.floor = "calm"\n', "gammacore.toml, line 1: entries.vix.floor: calm is not valid; give a number"),
        ("[market]\nseed = -1\n", "gammacore.toml, line 2: market.seed: -1 is not valid"),
        ("[market\n", "gammacore.toml: cannot be read as TOML"),
        ('[stops]\npreset = "standrd"\n', "gammacore.toml, line 2: stops.preset"),
        ('[underlyings.GOOG]\nk = "1/8"\nstrike_incremnt = "2.5"\n', "line 3: unknown key underlyings.GOOG.strike_in"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_line_key_and_fix(toml: str, words: str, gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text(toml)

    for command in (["config", "check"], ["trade", "--ledger", "a.sqlite"]):
        answer = gammacore.refusal(*command)
        assert answer.code == EXIT_USAGE
        assert words in answer.err
    assert not Path("a.sqlite").exists()


def test_a_wrong_variable_is_named(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMMACORE_ENTRIES__VIX__FLOR", "14")

    answer = gammacore.refusal("config", "check")

    assert (answer.code, "GAMMACORE_ENTRIES__VIX__FLOR: unknown key" in answer.err) == (EXIT_USAGE, True)


def test_the_check_lists_every_error_of_every_layer_at_once(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown key, wrong type, out of range, two keys that exclude each other, a misplaced credential, bad names."""
    Path("gammacore.toml").write_text(
        '[entries.vix]\nflor = "14"\nceiling = "calm"\n[market]\nseed = -1\nsource = "moon"\nstep_seconds = 60\n'
        '[firestore]\nlease_seconds = 5\n[tradier]\ntoken = "sesame-sesame"\n[hedging]\nprofil = "standard"\n'
    )
    Path(".env").write_text("GAMMACORE_MARKET_SEED=3\nGAMMACORE_STOPS__PRESET=standrd\n")
    monkeypatch.setenv("EXIT_TIME_ET", "noon")
    monkeypatch.setenv("GAMMACORE_ENTRIES__VIX__FLOOR", "low")
    monkeypatch.setenv("GAMMACORE_MARKT__SEED", "4")

    answer = gammacore("config", "check", "--json", "--quiet")

    assert answer.code == EXIT_USAGE
    document = answer.document
    found = {(error["source"], error["line"], error["key"]) for error in document["errors"]}
    assert document["ok"] is False
    assert found == {
        ("gammacore.toml", 2, "entries.vix.flor"),
        ("gammacore.toml", 3, "entries.vix.ceiling"),
        ("gammacore.toml", 5, "market.seed"),
        ("gammacore.toml", 6, "market.source"),
        ("gammacore.toml", 9, "firestore.renew_after_seconds"),
        ("gammacore.toml", 11, "tradier.token"),
        ("gammacore.toml", 13, "hedging.profil"),
        (".env GAMMACORE_MARKET_SEED", None, "GAMMACORE_MARKET_SEED"),
        (".env GAMMACORE_STOPS__PRESET", None, "stops.preset"),
        ("environment EXIT_TIME_ET", None, None),
        ("environment GAMMACORE_ENTRIES__VIX__FLOOR", None, "entries.vix.floor"),
        ("environment GAMMACORE_MARKT__SEED", None, "markt.seed"),
    }
    assert all(error["message"] and error["fix"] for error in document["errors"])
    nearest = {error["key"]: error["fix"] for error in document["errors"]}
    assert nearest["entries.vix.flor"] == "did you mean entries.vix.floor?"
    assert nearest["markt.seed"] == "did you mean market.seed?"
    assert "the configuration has 12 errors, listed above" in answer.err
    assert answer.err.count("\n  ") == 11  # the first line begins the text
    assert "sesame" not in answer.out + answer.err


def test_two_settings_that_exclude_each_other_are_one_error(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text(
        "[entries.vix]\nfloor = 20\n[entries.setup]\nvix_ceiling = 13\n[limits]\nno = 1\n"
    )

    errors = gammacore("config", "check", "--json", "--quiet").document["errors"]

    assert [error["key"].split(".")[0] for error in errors] == ["limits", "entries"]


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


def test_who_asks_for_live_trading_is_refused(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that promises real orders must not trade a simulated day in silence."""
    monkeypatch.setenv("GAMMACORE_ACCOUNT__PAPER", "false")

    answer = gammacore.refusal("trade")

    assert answer.code == 2
    assert "live trading is refused: the fake exchange has no live account" in answer.err


def test_a_bad_line_of_dotenv_is_refused_with_its_number(gammacore: CommandLine) -> None:
    """It was logged while the credentials to hide were being read from that very file: without end."""
    Path(".env").write_text("# mine\nTRADIER_TOKEN sesame\n")

    refused = gammacore.refusal("config", "check")

    assert (refused.code, ".env, line 2: not understood; give lines like NAME=value" in refused.err) == (
        EXIT_USAGE,
        True,
    )
    assert "sesame" not in refused.err


def test_a_list_is_shown_and_not_taken_for_markup(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    assert "[firestore, file, chain]" in gammacore("config", "show").out


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[market]\nsource = "moon"\n', "market moon: not known"),
        ('[market]\nunderlying = "FOO"\n', "underlying FOO: not known"),
        ('[hedging]\ngex_sources = ["moon"]\n', "hedging.gex_sources: moon is not known"),
    ],
)
def test_the_check_knows_the_names_that_others_know(toml: str, words: str, gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text(toml)

    refused = gammacore.refusal("config", "check")

    assert (refused.code, words in refused.err) == (EXIT_USAGE, True), refused.err


def test_an_option_before_the_command_is_reported_where_it_stands(gammacore: CommandLine) -> None:
    answer = gammacore("--json", "status")

    assert (answer.code, "--json: options stand after the command" in answer.err) == (EXIT_USAGE, True)


def test_the_journal_in_brief_has_a_line_for_each_trade_and_each_skip(gammacore: CommandLine) -> None:
    gammacore.document("trade", *on_a_trading_day(), "--ledger", "day.sqlite")
    journal = gammacore.document("journal", "--ledger", "day.sqlite")

    brief = gammacore("journal", "--ledger", "day.sqlite", "--brief", "--quiet")

    head, *lines = brief.out.splitlines()
    assert head.startswith("STUDY")  # OP-103
    taken = [one for one in journal["decisions"] if one["outcome"] == "filled"]
    assert len(lines) == len(journal["trades"]) + len(journal["decisions"]) - len(taken)
    assert lines == sorted(lines)
    for trade in journal["trades"]:
        assert any(trade["strategy"] in line and trade["exit_reason"] in line for line in lines)
    for skip in (one for one in journal["decisions"] if one["reason"] is not None):
        assert any(f"skip {skip['reason']}" in line for line in lines)
    assert gammacore.document("journal", "--ledger", "day.sqlite", "--brief") == journal


def test_without_a_record_there_are_no_statistics(gammacore: CommandLine) -> None:
    """Nothing known is not zero: null in JSON, a dash in the table."""
    statistics = gammacore.document("size", "--balance", "20000")["statistics"]

    assert statistics == {
        "trades": 0, "wins": 0, "losses": 0, "win_rate": None, "average_win": None, "average_loss": None,
    }  # fmt: skip
    table = gammacore("size", "--balance", "20000").out
    assert re.search(r"win rate +│ +– │", table)
    assert re.search(r"average win / loss +│ +– / – │", table)


def test_a_record_of_wins_alone_has_no_average_loss(gammacore: CommandLine) -> None:
    Path("wins.csv").write_text("pl_per_contract\n50\n70\n")

    statistics = gammacore.document("size", "--balance", "20000", "--history", "wins.csv")["statistics"]

    assert (statistics["win_rate"], statistics["average_win"], statistics["average_loss"]) == (1.0, "60.00", None)
    assert re.search(r"average win / loss +│ +\$60\.00 / – │",
                     gammacore("size", "--balance", "20000", "--history", "wins.csv").out)  # fmt: skip
