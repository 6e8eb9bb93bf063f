"""The command line over real chains and reference figures: days, exposures, setups, sizes. cli.md, gex.md, CS-605."""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders_cli import CommandLine, at_home, rows

ROOT = Path(__file__).resolve().parents[2]
SPY_DAYS = ("2026-07-20", "2026-07-23", "2026-07-24", "2026-08-12", "2026-08-19")
GOOG = ROOT / "examples" / "goog-2015-12-24.toml"
GEX_FILES = (
    "SPX_2022-06-11_2047EDT.csv", "SPX_2022-07-12_1155EDT_intraday.csv", "SPX_2023-09-14_1631EDT.csv",
    "SPY_2023-09-14_1631EDT.csv", "XSP_2023-09-14_1630EDT.csv",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config) -> Any:
    """Prints one line, with `-s` only."""

    def line(reported: str) -> None:
        if pytestconfig.getoption("capture") == "no":
            with capsys.disabled():
                sys.stdout.write(f"{reported}\n")

    return line


def in_a_line(day: dict[str, Any]) -> str:
    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{reason} {count}" for reason, count in counts.items()) or "none"

    return (f"{day['date']} {day['underlying']}: {day['entries']} entries, {day['unfilled']} not filled; "
            f"skipped {listed(day['skipped'])}; exits {listed(day['exits_by_reason'])}; "
            f"P/L {day['pnl']}, fees {day['fees']}, balance {day['balance']}")  # fmt: skip


def assert_accounts_add_up(day: dict[str, Any]) -> None:
    """To the cent: gross P/L less fees is the change of balance, the trades' sums are the day's."""
    pnl, fees, balance, before = (Decimal(day[key]) for key in ("pnl", "fees", "balance", "starting_balance"))
    assert balance - before == pnl - fees
    assert pnl == sum((Decimal(trade["pnl"]) for trade in day["trades"]), Decimal(0))
    assert fees == sum((Decimal(trade["fees"]) for trade in day["trades"]), Decimal(0))


def assert_every_entry_has_a_reason(day: dict[str, Any]) -> None:
    """Each scheduled entry was taken, not filled, or skipped for one named reason."""
    outcomes = Counter(decision["outcome"] for decision in day["decisions"])
    reasons = Counter(decision["reason"] for decision in day["decisions"] if decision["outcome"] == "skipped")
    assert sum(outcomes.values()) == len(day["decisions"]) > 0
    assert dict(reasons) == day["skipped"]
    assert (outcomes["filled"], outcomes["not_filled"] + outcomes["unfilled"]) == (day["entries"], day["unfilled"])


@pytest.mark.parametrize("date", SPY_DAYS)
def test_a_real_spy_day_trades_twice_to_the_same_bytes(
    date: str, shared_data: Path, gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch, tell: Any
) -> None:
    """R14."""
    folder = shared_data / "replay_spy_0dte"
    monkeypatch.setenv("GAMMACORE_MARKET__VIX_FILE", str(folder / "vix_daily.csv"))
    monkeypatch.setenv("GAMMACORE_MARKET__CLOSES_FILE", str(folder / "spy_close.csv"))
    day = ("trade", "--config", ROOT / "examples" / "spy-0dte.toml", "--underlying", "SPY", "--json", "--quiet",
           "--market", f"csv:{folder / f'SPY_{date}.csv.gz'}")  # fmt: skip

    first, second = (gammacore(*day, "--ledger", f"{name}.sqlite") for name in ("first", "second"))

    assert (first.code, second.code) == (0, 0), first.err
    assert first.out.replace("first.sqlite", "second.sqlite") == second.out
    assert rows(Path("first.sqlite")) == rows(Path("second.sqlite"))
    document = first.document
    assert (document["date"], document["underlying"], document["finished"]) == (date, "SPY", True)
    assert_accounts_add_up(document)
    assert_every_entry_has_a_reason(document)
    tell(in_a_line(document))


def test_the_goog_half_day_is_judged_with_its_example_and_its_shorts_lie_too_near(
    shared_data: Path, gammacore: CommandLine, tell: Any
) -> None:
    """CS-008: the half day is traded; CS-326: with both sides of every strike the pin is 747.5, 2.4 points away."""
    day = gammacore.document("trade", "--config", GOOG, "--market", f"lean:{shared_data / 'replay_lean'}",
                             "--underlying", "GOOG", "--date", "2015-12-24")  # fmt: skip

    reasons = ["trend_move", "trend_move", "quotes_missing", "short_too_near"]
    assert [decision["reason"] for decision in day["decisions"]] == reasons
    assert (day["entries"], day["exits"], day["finished"]) == (0, 0, True)
    assert_accounts_add_up(day)
    assert_every_entry_has_a_reason(day)
    tell(in_a_line(day))


@pytest.mark.parametrize("schedule", ["", '[entries.schedule]\nearly_close = "relative"\n'])
def test_the_goog_half_day_under_the_default_limits_says_why_it_does_not_trade(
    schedule: str, shared_data: Path, gammacore: CommandLine, tell: Any
) -> None:
    example = tomllib.loads(GOOG.read_text())
    entry = {name: value for name, value in example["underlyings"]["GOOG"].items() if not isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in entry.items()]
    ticks = [f"ticks.{name} = {json.dumps(value)}" for name, value in example["underlyings"]["GOOG"]["ticks"].items()]
    vix = f'[market]\nvix = "{example["market"]["vix"]}"\n'
    Path("registry.toml").write_text("\n".join([vix, schedule, "[underlyings.GOOG]", *lines, *ticks]))

    day = gammacore.document("trade", "--config", "registry.toml", "--underlying", "GOOG",
                             "--market", f"lean:{shared_data / 'replay_lean'}")  # fmt: skip

    assert (day["entries"], day["trades"], day["pnl"], day["finished"]) == (0, [], "0.00", True)
    assert len(day["decisions"]) == 4
    assert_every_entry_has_a_reason(day)
    assert all(decision["sentence"] for decision in day["decisions"])
    tell(in_a_line(day))


def test_a_folder_of_several_underlyings_or_a_table_that_names_none_wants_one_named(
    shared_data: Path, gammacore: CommandLine
) -> None:
    """SPX is the default of the simulated market; prices of SPY are never traded as SPX."""
    folder = gammacore.refusal("trade", "--market", f"lean:{shared_data / 'replay_lean'}")
    table = gammacore.refusal("trade", "--market", f"csv:{shared_data / 'replay_spy_0dte' / 'SPY_2026-08-19.csv.gz'}")

    assert (folder.code, "holds GOOG, SPX; name it with --underlying" in folder.err) == (2, True)
    assert (table.code, "does not say of which underlying it is; name it with" in table.err) == (2, True)
    assert not list(Path().rglob("*.sqlite"))


# --- exposure ---


@pytest.mark.parametrize("name", GEX_FILES)
def test_exposures_are_the_reference_s(name: str, shared_data: Path, gammacore: CommandLine) -> None:
    """gex.md: feed sums within 0.05 % of |calls| + |puts|, every flip within 0.1 %, at scope all."""
    figures = json.loads((shared_data / "gex" / "reference_figures.json").read_text())[name]
    table = shared_data / "gex" / name
    feed = gammacore.document("gex", table, "--greeks", "feed", "--rate", "0", "--dividend", "0")
    model = gammacore.document("gex", table, "--rate", "0", "--dividend", "0")

    tolerance = 0.0005 * (abs(figures["feed_call_bn"]) + abs(figures["feed_put_bn"]))
    reported = [feed[key] / 1e9 for key in ("call", "put", "net")]
    assert reported == pytest.approx([figures[f"feed_{key}_bn"] for key in ("call", "put", "net")], abs=tolerance)
    walls = (feed["call_wall"]["strike"], feed["put_wall"]["strike"])
    assert walls == (figures["call_wall"], figures["put_wall"])
    assert (feed["scope"], feed["spot"]) == ("all", figures["spot"])
    assert feed["net"] == pytest.approx(sum(row["net"] for row in feed["by_strike"]))
    assert model["flips"] == pytest.approx(figures["flip_cal"], rel=0.001)
    assert model["flip"] == min(model["flips"], key=lambda root: abs(root - model["spot"]))


def test_the_0dte_part_of_a_page_is_the_reference_s(shared_data: Path, gammacore: CommandLine) -> None:
    name = "SPX_2022-07-12_1155EDT_intraday.csv"
    figures = json.loads((shared_data / "gex" / "reference_figures.json").read_text())[name]["z"]

    found = gammacore.document("gex", shared_data / "gex" / name, "--scope", "0dte", "--greeks", "feed")

    assert found["net"] / 1e9 == pytest.approx(figures["feed_net_bn"], abs=0.0005 * 3.7)
    assert found["pin"] is not None


def test_a_vendor_s_table_is_recognised_by_its_content(shared_data: Path, gammacore: CommandLine) -> None:
    table = shared_data / "replay_spy_0dte" / "SPY_2026-08-19.csv.gz"

    found = gammacore.document("gex", table, "--underlying", "SPY", "--as-of", "11:00")

    assert (found["underlying"], found["as_of"][:16]) == ("SPY", "2026-08-19T15:00")
    assert found["contracts"]["used"] > 50


def test_the_time_of_a_page_can_be_moved_by_a_time_of_day(shared_data: Path, gammacore: CommandLine) -> None:
    page = shared_data / "gex" / GEX_FILES[1]

    own, later = (gammacore.document("gex", page, "--scope", "0dte", *at) for at in ((), ("--as-of", "15:30")))

    assert later["as_of"][:16] == "2022-07-12T19:30"
    assert own["net"] != later["net"]


# --- setups and sizes ---


def setup_of(gammacore: CommandLine, underlying: str, pin: object, price: object, vix: object) -> dict[str, Any]:
    return gammacore.document("setup", "--underlying", underlying, "--pin", str(pin), "--price", str(price),
                              "--vix", str(vix))  # fmt: skip


def test_setups_are_those_of_the_worked_vectors(shared_data: Path, gammacore: CommandLine) -> None:
    words = {"IC": "IRON_CONDOR", "CALL": "CALL_SPREAD", "PUT": "PUT_SPREAD", "SKIP": "SKIP"}
    vectors = json.loads((shared_data / "credit_spreads" / "vectors.json").read_text())["spx_setups"]
    assert len(vectors) == 12

    for vector in vectors:
        found = setup_of(gammacore, "SPX", vector["pin"], vector["px"], vector["vix"])
        assert found["strategy"] == words[vector["strategy"]], vector
        assert [leg["strike"] for leg in found["legs"]] == vector["strikes"], vector
        assert found["confidence"] == vector["confidence"], vector
        assert (found["strategy"] == "SKIP") == bool(found["reason"]), vector


def test_every_distance_of_ndx_has_a_band_and_a_width(gammacore: CommandLine) -> None:
    """CS-202: no gap between the bands; CS-021: no width of 0. Both sides, 0 to 260 points."""
    pin, found = 21_500, {}
    for distance in range(-260, 261):
        answer = setup_of(gammacore, "NDX", pin, pin + distance, 14)
        found[distance] = answer["strategy"]
        if answer["strategy"] == "SKIP":
            assert abs(distance) > 250, distance
            assert answer["reason"], distance
            continue
        strikes = [leg["strike"] for leg in answer["legs"]]
        assert answer["width"] > 0, distance
        assert all(short != long for short, long in zip(strikes[::2], strikes[1::2], strict=True)), distance

    assert {found[distance] for distance in range(-30, 31)} == {"IRON_CONDOR"}
    assert {found[distance] for distance in range(31, 251)} == {"CALL_SPREAD"}
    assert {found[distance] for distance in range(-250, -30)} == {"PUT_SPREAD"}
    assert {found[distance] for distance in (*range(-260, -250), *range(251, 261))} == {"SKIP"}


def test_sizes_are_the_published_table_s(shared_data: Path, gammacore: CommandLine) -> None:
    """CS-605: bootstrap statistics, 5k to 50k."""
    figures = json.loads((shared_data / "credit_spreads" / "published_figures.json").read_text())["seed0_bootstrap"]

    sizes = {
        balance: gammacore.document("size", "--balance", balance, "--policy", "bootstrap-stats")["contracts"]
        for balance in figures["sizes_by_balance"]
    }

    assert sizes == figures["sizes_by_balance"]


def test_the_live_example_has_no_edge_and_trades_one(shared_data: Path, gammacore: CommandLine) -> None:
    figures = json.loads((shared_data / "credit_spreads" / "published_figures.json").read_text())["seed1_live_example"]
    record = [figures["avg_win"]] * figures["wins"] + [-figures["avg_loss"]] * figures["losses"]
    Path("record.csv").write_text("\n".join(["pl_per_contract", *map(str, record)]))

    size = gammacore.document("size", "--balance", str(figures["balance"]), "--history", "record.csv",
                              "--max-risk", str(figures["max_risk"]))  # fmt: skip

    assert size["contracts"] == figures["contracts"]
    assert size["kelly"] * 100 == pytest.approx(figures["kelly_pct"], abs=0.01)
    assert size["half_kelly"] * 100 == pytest.approx(figures["half_kelly_pct"], abs=0.01)
    assert size["statistics"]["trades"] == figures["n"]


def test_the_one_year_table_is_a_history(shared_data: Path, gammacore: CommandLine) -> None:
    table = shared_data / "credit_spreads" / "BACKTEST_1YEAR_SIMULATION.csv"

    size = gammacore.document("size", "--balance", "50000", "--history", table, "--max-risk", "250")

    assert (size["contracts"], size["reason"]) == (3, "cap")
