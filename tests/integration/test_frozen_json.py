"""The JSON of every command, keys and figures, as it was written down: whatever is rebuilt inside, it stays the same.

A change on purpose is written down anew and read in the diff: `GAMMACORE_WRITE_SNAPSHOTS=1 pytest` with this file. The
figures of real days are results; the chains they come from stay where they are. Rules: R14.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders_cli import PINNED, CommandLine, at_home, interrupted
from builders_hedging import CALL, market
from builders_legacy import a_condor_order, an_order, write_balance, write_orders
from builders_vendors import THETA_V3, WINTER, line_of, table
from gammacore_cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = ROOT / "tests" / "fixtures" / "json"
WRITES = os.environ.get("GAMMACORE_WRITE_SNAPSHOTS") == "1"

FIVE_MINUTES = ("--step", "300")
SEEDED = ("--seed", str(PINNED))
LEDGER = ("--ledger", "day.sqlite")
READERS = ("status", "journal", "report", "ledger verify", "reconcile")
"""Commands that read a ledger and leave it as it is."""

Documents = dict[str, Any]


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)
    monkeypatch.setenv("GAMMACORE_HOME", str(tmp_path))


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


# -- days --------------------------------------------------------------------------------------------------------------


def test_a_simulated_day(gammacore: CommandLine) -> None:
    """Two entries, two slots skipped."""
    assert_frozen("simulated_day", a_day(gammacore, "--seed", "7", *FIVE_MINUTES))


def test_a_delta_hedged_day(gammacore: CommandLine) -> None:
    assert_frozen("hedged_day", a_day(gammacore, "--strategy", "delta-hedge", "--seed", "8", *FIVE_MINUTES))


def test_a_real_spy_day(gammacore: CommandLine, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shared_data / "replay_spy_0dte"
    monkeypatch.setenv("GAMMACORE_MARKET__VIX_FILE", str(folder / "vix_daily.csv"))
    monkeypatch.setenv("GAMMACORE_MARKET__CLOSES_FILE", str(folder / "spy_close.csv"))
    chains = f"csv:{folder / 'SPY_2026-08-19.csv.gz'}"

    day = a_day(gammacore, "--config", ROOT / "examples" / "spy-0dte.toml", "--market", chains, "--underlying", "SPY")

    assert_frozen("spy_2026_08_19", day)


def test_the_goog_half_day(gammacore: CommandLine, shared_data: Path) -> None:
    chains = f"lean:{shared_data / 'replay_lean'}"
    example = ROOT / "examples" / "goog-2015-12-24.toml"

    day = a_day(gammacore, "--config", example, "--market", chains, "--underlying", "GOOG", "--date", "2015-12-24")

    assert_frozen("goog_2015_12_24", day)


def a_day(gammacore: CommandLine, *options: str | Path) -> Documents:
    """A day traded to its end, what each command reads of it, and the day again: a finished one is only reported."""
    documents = {"trade": gammacore.document("trade", *options, *LEDGER)}
    for command in READERS:
        documents[command] = gammacore.document(*command.split(), *LEDGER)
    assert gammacore.document("trade", *options, *LEDGER) == documents["trade"]
    return documents


# -- the other commands ------------------------------------------------------------------------------------------------


def test_a_day_left_with_a_position_is_controlled(gammacore: CommandLine) -> None:
    interrupted(Path("day.sqlite"), lambda book: bool(book.live_spreads))
    documents = {command: gammacore.document(*command.split(), *LEDGER) for command in READERS if command != "report"}
    documents["halt"] = gammacore.document("halt", "--reason", "enough", *LEDGER)
    documents["status, halted"] = gammacore.document("status", *LEDGER)
    documents["resume"] = gammacore.document("resume", *LEDGER)
    documents["flatten"] = gammacore.document("flatten", *LEDGER)
    documents["status, flattened"] = gammacore.document("status", *LEDGER)
    documents["journal, flattened"] = gammacore.document("journal", *LEDGER)

    assert_frozen("controlled_day", documents)


def test_commands_that_need_no_ledger(gammacore: CommandLine) -> None:
    documents = {
        "gex": gammacore.document("gex", *SEEDED, *FIVE_MINUTES, "--as-of", "11:00"),
        "plan": gammacore.document("plan", "--seed", "7", *FIVE_MINUTES),
        "record": gammacore.document("record", "day.recording", *SEEDED, "--step", "1800"),
        "config check": gammacore.document("config", "check"),
        "config show": {"entries.vix.floor": gammacore.document("config", "show")["entries.vix.floor"]},
        "config init": gammacore.document("config", "init"),
        "new-strategy": gammacore.document("new-strategy", "morning-shares"),
        "size": gammacore.document("size", "--balance", "20000"),
        "size, bootstrap-stats": gammacore.document("size", "--balance", "35000", "--policy", "bootstrap-stats"),
    }
    for price in ("6000", "6035", "6050", "6057", "6400"):
        setup = ("setup", "--underlying", "SPX", "--pin", "6050", "--price", price, "--vix", "14")
        documents[f"setup, {price}"] = gammacore.document(*setup)

    assert_frozen("without_a_ledger", documents)


def test_exposures_of_real_chains(gammacore: CommandLine, shared_data: Path) -> None:
    """Sums, walls, flips and pin; their rows by strike are checked against the reference figures elsewhere."""
    table = shared_data / "gex" / "SPY_2023-09-14_1631EDT.csv"
    documents = {
        "gex, feed": gammacore.document("gex", table, "--greeks", "feed"),
        "gex": gammacore.document("gex", table),
    }
    for document in documents.values():
        document["by_strike"] = len(document["by_strike"])

    assert_frozen("real_exposures", documents)


def test_a_stream_of_hedges_and_its_ledger(gammacore: CommandLine) -> None:
    lines = (
        market("15:00:00", CALL, event_id="first", delta=0.5, quantity=10, price=2.5, underlying_price=500),
        market("15:02:00", CALL, event_id="later", delta=0.9, underlying_price=501),
        market("15:20:00", CALL, event_id="last", delta=0.2, underlying_price=499),
    )
    Path("events.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    intents = gammacore("hedge", "events.ndjson", "--assume-fills", "--quiet", "--ledger", "hedges.sqlite")
    assert intents.code == 0, intents.err
    documents: Documents = {"hedge": [json.loads(line) for line in intents.out.splitlines()]}
    for command in ("status", "journal"):
        documents[command] = gammacore.document(command, "--ledger", "hedges.sqlite")

    assert_frozen("hedge_stream", documents)


def test_old_files(gammacore: CommandLine) -> None:
    Path("old").mkdir()
    write_orders(Path("old"), an_order(), a_condor_order())
    write_balance(Path("old"))

    assert_frozen("import_legacy", {"import-legacy": gammacore.document("import-legacy", "old")})


def test_a_sweep(gammacore: CommandLine) -> None:
    """Two settings over five days; the keys of results change with the code and are left out."""
    days = ("--from", "2026-03-02", "--to", "2026-03-06", "--seed", "11", *FIVE_MINUTES)
    tried = ("--set", "stops.stop=0.10,0.38", "--min-trades", "1", "--engine", "local:1", "--walk-forward", "3,1")
    document = gammacore.document("sweep", *days, *tried)
    for result in (*document["results"], document["best"]):
        assert len(result.pop("key")) == 64

    assert_frozen("sweep", {"sweep": document})


def test_a_record_of_trades(gammacore: CommandLine) -> None:
    """The sample of docs/statistics.md."""
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    Path("trades.csv").write_text(page.split("```csv in\n")[1].split("```")[0], encoding="utf-8")

    document = gammacore.document("stats", "trades.csv", "--starting-capital", "10000", "--resamples", "1000")

    assert_frozen("record_of_trades", {"stats": document})


def test_checks_of_a_study(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    days = ("--from", "2026-03-03", "--to", "2026-03-04", "--step", "1800", *SEEDED)
    gammacore.document("trade", *SEEDED, *FIVE_MINUTES, "--ledger", "live.sqlite")
    monkeypatch.setenv("GAMMACORE_BROKER__SLIPPAGE", "0.05")
    gammacore.document("trade", *SEEDED, *FIVE_MINUTES, "--ledger", "replay.sqlite")
    monkeypatch.delenv("GAMMACORE_BROKER__SLIPPAGE")
    documents = {
        "pins": gammacore.document("pins", *days, "--at", "10:00,15:00", "--permutations", "50", "--draws", "2"),
        "compare": gammacore.document("compare", "live.sqlite", "replay.sqlite"),
        "lookahead": gammacore.document("lookahead", *days[:2], "--to", "2026-03-03", *days[4:], "--draws", "0"),
    }
    assert_frozen("checks_of_a_study", documents)


def test_a_vendors_day_imported(gammacore: CommandLine) -> None:
    rows = [
        line_of(THETA_V3, {
            "symbol": "SPXW", "expiration": WINTER, "strike": strike, "right": right, "bid": bid, "ask": "1.20",
            "timestamp": f"{WINTER}T10:0{minute}:00",
        })
        for minute in (0, 1, 5) for strike, right, bid in ((6000, "C", "1.10"), (6000, "P", "1.30"), (6005, "C", "0"))
    ]  # fmt: skip
    table(Path("day.csv"), THETA_V3, [*rows, rows[0]])

    document = gammacore.document("import", "csv:day.csv", "--store", "STORE", "--workers", "1")
    for day in document["days"]:
        assert len(day.pop("hash")) == 64  # of compressed bytes: another zlib makes others of the same day
    assert document.pop("bytes") > 1000

    assert_frozen("import_days", {"import": document})


def test_many_days(gammacore: CommandLine) -> None:
    words = ("--from", "2026-01-05", "--to", "2026-01-06", "--seed", "57", "--workers", "1", "--out", "run")

    assert_frozen("backtest", {"backtest": gammacore.document("backtest", *words)})


def test_simulated_equity(gammacore: CommandLine) -> None:
    """The same sample: a year of draws from six trades."""
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    Path("trades.csv").write_text(page.split("```csv in\n")[1].split("```")[0], encoding="utf-8")

    document = gammacore.document("montecarlo", "trades.csv", "--runs", "200", "--trades", "12", "--cost", "2.60")

    assert_frozen("simulated_equity", {"montecarlo": document})


def test_the_days_of_a_home(gammacore: CommandLine) -> None:
    """The study's own ledger has no fixed name: its folder is left out."""
    gammacore.document("trade", *SEEDED, *FIVE_MINUTES)
    document = gammacore.document("days")
    for day in document["days"]:
        day["ledger"] = Path(day["ledger"]).name

    assert_frozen("days_of_a_home", {"days": document})


def test_the_plan_of_a_service_and_an_account_that_was_never_armed(gammacore: CommandLine) -> None:
    plan = ("service", "--plan", "--from", "2026-11-25", "--days", "4")
    assert_frozen("service", {"service": gammacore.document(*plan), "disarm": gammacore.document("disarm")})


def test_the_channels_of_alerts(gammacore: CommandLine) -> None:
    Path("gammacore.toml").write_text(
        '[[alerts.channels]]\nname = "phone"\nurl = "ntfys://ntfy.sh/s3cret-topic"\nquiet = "22:00-07:00"\n'
        '[[alerts.channels]]\nname = "mail"\nurl_from = "MAIL_URL"\nlevel = "warning"\nevents = ["halted"]\n'
    )
    Path("paper").mkdir()
    documents = {"alerts list": gammacore.document("alerts", "list"), "alerts ack": gammacore.document("alerts", "ack")}

    assert_frozen("alerts", documents)


def test_keeping_a_home(gammacore: CommandLine) -> None:
    """The events of an excerpt are those of the ledger, which its own format freezes: their number is enough here."""
    day = gammacore.document("trade", *FIVE_MINUTES, *LEDGER)["date"]
    excerpt = gammacore.document("ledger", "excerpt", *LEDGER, "--day", day, "--anonymous")
    excerpt["events"] = len(excerpt["events"])
    checklist, runs = gammacore.document("checklist"), gammacore.document("runs", "prune", "--older", "90d")
    assert_frozen("keeping", {"checklist": checklist, "ledger excerpt": excerpt, "runs prune": runs})


def test_every_command_has_a_snapshot() -> None:
    """Except doctor, arm and rehearse, whose answers are the machine's and today's, dashboard, which serves until it
    ends, and completion, whose lines are click's."""
    frozen = {key.split(",")[0].split()[0] for path in SNAPSHOTS.glob("*.json") for key in json.loads(path.read_text())}

    assert set(COMMANDS) - frozen == {"doctor", "arm", "dashboard", "completion", "rehearse"}


# -- snapshots ---------------------------------------------------------------------------------------------------------


def assert_frozen(name: str, documents: Documents) -> None:
    """The documents, by command, are those of the snapshot; the first differences are named."""
    now = comparable(documents)
    path = SNAPSHOTS / f"{name}.json"
    if WRITES:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(now, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    different = list(differences(json.loads(path.read_text(encoding="utf-8")), now, name))
    assert not different, "\n".join(different[:20])


def comparable(document: Any) -> Any:
    """A document without the folders of this machine, and floats to nine figures: the others differ by system."""
    if isinstance(document, dict):
        return {key: comparable(value) for key, value in document.items()}
    if isinstance(document, list):
        return [comparable(value) for value in document]
    if isinstance(document, float):
        return float(f"{document:.9g}")
    if isinstance(document, str):
        return document.replace(str(Path.cwd()), "HERE").replace(str(Path(sys.executable).parent), "BIN")
    return document


def differences(then: Any, now: Any, where: str) -> Iterator[str]:
    """Where two documents differ, key by key."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted(then.keys() | now.keys()):
            if key not in now:
                yield f"{where}: {key} is gone"
            elif key not in then:
                yield f"{where}: {key} is new"
            else:
                yield from differences(then[key], now[key], f"{where}.{key}")
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, (before, after) in enumerate(zip(then, now, strict=True)):
            yield from differences(before, after, f"{where}[{number}]")
    elif then != now:
        yield f"{where}: {str(then)[:200]} then, {str(now)[:200]} now"
