"""What users reported of measured chains: volatility not given, adjusted contracts, a multiplier, the scope.

The right figures are those of the reports (`field_reports/*/case.md`); each is followed by others of its kind.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from builders_cli import CommandLine, at_home
from builders_recorded import milliseconds, write_recording, write_zip
from gammacore.adapters.cboe.table import read_chain
from gammacore.adapters.recorded.csv_table import read_csv_market
from gammacore.adapters.recorded.recording import RecordingHeader
from gammacore.adapters.recorded.recording_reader import read_recording
from gammacore.configuration import Sourced, configure
from gammacore.domain.gex.published import published_fields
from gammacore.domain.gex.units import ALL, IMPLIED_FORWARD, TODAY, ExposureUnit, GreeksSource, Scope, SignModel
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sessions import TradingSession
from gammacore.errors import MissingData
from gammacore.wiring import ExposureTerms, ExposureView, view_exposure
from gammacore.wiring.exposures import configured_chain

DAY = dt.date(2026, 8, 19)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="module")
def reports(shared_data: Path) -> Path:
    return shared_data / "field_reports"


def measured(gammacore: CommandLine, chain: Path, *more: str | Path, scope: str = "0dte") -> dict[str, Any]:
    return gammacore.document("gex", chain, "--underlying", "SPY", "--scope", scope, *more)


def pin_and_walls(found: dict[str, Any]) -> tuple[float, float, float]:
    return found["pin"]["strike"], found["call_wall"]["strike"], found["put_wall"]["strike"]


def rewritten(source: Path, change: Any) -> Path:
    """The table of `source` with every row changed (a row of None is dropped), as chain.csv."""
    with source.open() as content:
        rows = [changed for row in csv.DictReader(content) if (changed := change(dict(row))) is not None]
    with Path("chain.csv").open("w", newline="") as content:
        writer = csv.DictWriter(content, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Path("chain.csv")


# --- 02: volatility that is not given ---


def test_a_table_without_volatility_has_the_pin_of_the_one_with_it(reports: Path, gammacore: CommandLine) -> None:
    folder = reports / "02-table-without-iv"

    known, bare = (measured(gammacore, folder / name) for name in ("with_iv.csv", "without_iv.csv"))

    assert known["net"] == pytest.approx(-1_109_450, abs=1)
    assert bare["net"] == pytest.approx(known["net"], rel=0.02)
    assert pin_and_walls(bare) == pin_and_walls(known) == (767, 767, 773)
    assert bare["contracts"] == known["contracts"] == {"used": 14, "skipped": {}}


def _in_the_money(row: dict[str, str]) -> bool:
    above = float(row["strike"]) > float(row["spot"])
    return above if row["type"] == "P" else float(row["strike"]) < float(row["spot"])


LACKING = {
    "no column": lambda row: {name: cell for name, cell in row.items() if name not in {"iv", "gamma"}},
    "unreadable": lambda row: row | {"iv": "n/a", "gamma": ""},
    "empty": lambda row: row | {"iv": "", "gamma": ""},
    "in the money only": lambda row: row | ({"iv": "0"} if _in_the_money(row) else {}),
    "out of the money only": lambda row: row | ({} if _in_the_money(row) else {"iv": "0"}),
    "some strikes": lambda row: row | ({"iv": "0"} if int(row["strike"]) % 2 else {}),
    "puts": lambda row: row | ({"iv": "0"} if row["type"] == "P" else {}),
}


@pytest.mark.parametrize("lacking", LACKING)
@pytest.mark.parametrize("rates", [(), ("--rate", "0")])
def test_whichever_rows_lack_it_both_sides_of_every_strike_count(
    lacking: str, rates: tuple[str, ...], reports: Path, gammacore: CommandLine
) -> None:
    known = reports / "02-table-without-iv" / "with_iv.csv"

    found = measured(gammacore, rewritten(known, LACKING[lacking]), *rates)

    assert pin_and_walls(found) == (767, 767, 773)
    assert found["contracts"] == {"used": 14, "skipped": {}}
    assert found["net"] == pytest.approx(-1_109_450, abs=100_000)  # of 738 m on both sides: mids are rounded to cents


@pytest.mark.parametrize("kind", ["recording", "cboe"])
def test_a_recording_and_a_quote_table_without_volatility_are_measured_likewise(
    kind: str, reports: Path, gammacore: CommandLine
) -> None:
    source = reports / "02-table-without-iv" / "without_iv.csv"
    session = TradingSession.of(DAY)
    market = read_csv_market(source, REGISTRY["SPY"], session)
    if kind == "recording":
        path = Path("day.recording")
        write_recording(path, RecordingHeader("SPY", session, 60.0), [market.snapshot(at) for at in market.times])
    else:
        path = Path("spy.csv")
        with source.open() as content:
            path.write_text(cboe_table(csv.DictReader(content)))

    found = measured(gammacore, path)

    assert pin_and_walls(found) == (767, 767, 773)
    assert found["net"] == pytest.approx(-1_109_450, rel=0.02)


def cboe_table(rows: Iterable[dict[str, str]]) -> str:
    """A quote table without volatility and gamma, of rows of a call and its put."""
    sides: dict[str, dict[str, str]] = {}
    for row in rows:
        symbol = f"SPY{DAY:%y%m%d}{row['type']}{int(row['strike']) * 1000:08d}"
        sides.setdefault(row["strike"], {})[row["type"]] = (
            f"{symbol},0,0,{row['bid']},{row['ask']},0,0,0,0,{row['open_interest']}"
        )
    header = "Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
    lines = [
        "SPDR S&P 500 ETF,Last: 770.00,Change: 0.00",
        f'"Date: {DAY:%B %d, %Y} at 10:00 AM EDT"',
        f"Expiration Date,Calls,{header},Strike,Puts,{header}",
        *(f"{DAY:%a %b %d %Y},{side['C']},{strike},{side['P']}" for strike, side in sides.items()),
    ]
    return "\n".join(lines) + "\n"


def test_a_snapshot_without_greeks_is_measured_as_its_neighbours(shared_data: Path, gammacore: CommandLine) -> None:
    """SPY 2026-08-12: the vendor gave greeks from the second snapshot on. One side alone showed -49 bn."""
    day = shared_data / "replay_spy_0dte" / "SPY_2026-08-12.csv.gz"

    first = measured(gammacore, day, "--as-of", "09:31", "--unit", "per-100pct")

    assert first["net"] == pytest.approx(119e9, rel=0.03)


def test_greeks_of_a_feed_that_gives_none_are_unknown_not_zero(reports: Path, gammacore: CommandLine) -> None:
    folder = reports / "02-table-without-iv"

    refused = gammacore.refusal(
        "gex", folder / "without_iv.csv", "--underlying", "SPY", "--scope", "0dte", "--greeks", "feed"
    )
    one_side = rewritten(
        folder / "with_iv.csv", lambda row: row | ({"iv": "", "gamma": ""} if _in_the_money(row) else {})
    )
    found = measured(gammacore, one_side, "--greeks", "feed")

    assert (refused.code, "none of the 14 contracts" in refused.err, "leave --greeks out" in refused.err) == (
        1, True, True,
    )  # fmt: skip
    assert found["net"] == pytest.approx(-1_109_450, rel=0.01)


# --- 05: adjusted contracts ---


def test_adjusted_contracts_are_left_out_and_counted(reports: Path, gammacore: CommandLine) -> None:
    folder = reports / "05-adjusted-contracts"

    standard, mixed = (
        gammacore.document("gex", folder / name, "--config", folder / "amd.toml", "--scope", "0dte")
        for name in ("amd_standard.csv", "amd_with_adjusted.csv")
    )

    for found in (standard, mixed):
        assert found["net"] == pytest.approx(4_192_693, abs=1)
        assert found["call_wall"]["strike"] == 175
    assert (standard["contracts"], mixed["contracts"]) == (
        {"used": 10, "skipped": {}}, {"used": 10, "skipped": {"adjusted": 4}},
    )  # fmt: skip


def test_what_was_left_out_is_reported_in_words(reports: Path, gammacore: CommandLine) -> None:
    answer = gammacore("gex", reports / "05-adjusted-contracts" / "amd_with_adjusted.csv", "--scope", "0dte")

    assert "4 adjusted contracts left out" in answer.err
    assert "adjusted 4" in answer.out


@pytest.mark.parametrize("way", ["root column", "occ symbol", "twice the same row"])
def test_a_table_of_snapshots_leaves_them_out_too(way: str, reports: Path, gammacore: CommandLine) -> None:
    """SPY1 at strikes where SPY has its own: a root column says it, or the symbol."""

    def named(row: dict[str, str], root: str) -> dict[str, str]:
        symbol = f"{root}{DAY:%y%m%d}{row['type']}{int(row['strike']) * 1000:08d}"
        return row | ({"occ": symbol} if way == "occ symbol" else {"root": root})

    with (reports / "02-table-without-iv" / "with_iv.csv").open() as content:
        rows = list(csv.DictReader(content))
    adjusted = [named(row | {"open_interest": "90000"}, "SPY1") for row in rows[:2]]
    rows_shown = [*(named(row, "SPY") for row in rows), *adjusted, *(adjusted if way == "twice the same row" else [])]
    Path("chain.csv").write_text(
        "\n".join(",".join(row.values()) for row in [dict(zip(rows_shown[0], rows_shown[0], strict=True)), *rows_shown])
    )
    columns = {
        "time": "quote_ts",
        "spot": "spot",
        "bid": "bid",
        "ask": "ask",
        "iv": "iv",
        "open_interest": "open_interest",
    }
    columns |= {"occ_symbol": "occ"} if way == "occ symbol" else {
        "expiry": "expiry", "right": "type", "strike": "strike", "root": "root",
    }  # fmt: skip
    Path("map.toml").write_text("[market.columns]\n" + "".join(f'{k} = "{v}"\n' for k, v in columns.items()))

    found = measured(gammacore, Path("chain.csv"), "--config", "map.toml")

    assert found["net"] == pytest.approx(-1_109_450, abs=1)
    assert found["contracts"] == {"used": 14, "skipped": {"adjusted": 2}}


def test_an_older_recording_and_a_lean_folder_leave_them_out_too(gammacore: CommandLine) -> None:
    adjusted = {"member": "20260819_spy1_minute_quote_american_call_7700000_20260819.csv"}
    lean(Path("lean"), {770: 1.2}, more=adjusted)
    lean(Path("lean"), {770: 1.2}, symbol="spy1")

    found = gammacore.document("gex", "--market", "lean:lean", "--date", "2026-08-19", "--spot", "770")

    assert found["underlying"] == "SPY"
    assert found["contracts"]["skipped"]["adjusted"] == 3
    snapshot = read_csv_market(a_small_table(), REGISTRY["SPY"], session := TradingSession.of(DAY)).snapshot(
        TradingSession.of(DAY).after_open(30)
    )
    assert snapshot.chain is not None
    older = evolve(snapshot, chain=evolve(snapshot.chain, roots=("SPY1",)))
    write_recording(Path("old.recording"), RecordingHeader("SPY", session, 60.0), [older])

    chain, kept = (
        read_recording(Path("old.recording"), option_root=root).snapshot(older.at).chain for root in ("SPY", "SPY1")
    )

    assert chain is not None
    assert kept is not None
    assert (len(chain), chain.defects) == (0, {"adjusted": 2})
    assert (len(kept), kept.defects) == (2, {})


def test_a_root_that_is_configured_is_genuine_though_it_ends_in_a_digit(reports: Path, gammacore: CommandLine) -> None:
    """SPY7 was a mini of ten shares."""
    folder = reports / "05-adjusted-contracts"
    mini = (folder / "amd_standard.csv").read_text().replace("AMD240119", "AMD7240119")
    Path("mini.csv").write_text(mini)
    Path("mini.toml").write_text('[underlyings.AMD]\noption_root = "AMD7"\nmultiplier = 10\n')

    found = gammacore.document("gex", "mini.csv", "--config", "mini.toml", "--scope", "0dte")
    refused = gammacore.refusal("gex", "mini.csv", "--scope", "0dte")

    assert (found["underlying"], found["contracts"]) == ("AMD", {"used": 10, "skipped": {}})
    assert found["net"] == pytest.approx(419_269, abs=1)
    assert "all 10 contracts are adjusted" in refused.err


# --- 07: the multiplier of a configured underlying ---

TERMS = ExposureTerms(SignModel.NAIVE, TODAY, ExposureUnit.PER_1PCT, GreeksSource.MODEL, IMPLIED_FORWARD)


def viewed(chain: Path, multiplier: int, terms: ExposureTerms = TERMS) -> ExposureView:
    given = {"market.underlying": "SPY", "underlyings.SPY.multiplier": str(multiplier)}
    return view_exposure(configure([{key: Sourced(value, "test") for key, value in given.items()}]), chain, terms)


@pytest.mark.parametrize("source", ["feed", "model"])
@pytest.mark.parametrize("unit", list(ExposureUnit))
def test_every_figure_is_that_of_the_configured_multiplier(source: str, unit: ExposureUnit, reports: Path) -> None:
    chain = reports / "07-multiplier-ignored" / "chain.csv"
    terms = evolve(TERMS, greeks=GreeksSource(source), unit=unit)

    whole, tenth = (viewed(chain, multiplier, terms) for multiplier in (100, 10))

    ours, theirs = tenth.survey, whole.survey
    np.testing.assert_allclose(10 * ours.exposure.call, theirs.exposure.call)
    np.testing.assert_allclose(10 * ours.exposure.put, theirs.exposure.put)
    np.testing.assert_allclose(10 * ours.flips.profile.net, theirs.flips.profile.net)
    assert ours.flips.roots == pytest.approx(theirs.flips.roots)
    for wall, other in ((ours.walls.call, theirs.walls.call), (ours.walls.put, theirs.walls.put)):
        assert wall is not None
        assert other is not None
        assert wall.strike == other.strike
        assert 10 * wall.exposure == pytest.approx(other.exposure)
        assert 10 * wall.gap == pytest.approx(other.gap)
    assert tenth.pin is not None
    assert whole.pin is not None
    assert [10 * each.exposure for each in tenth.pin.candidates] == pytest.approx(
        [each.exposure for each in whole.pin.candidates]
    )
    small, large = (published_fields(view.survey.exposure)["gex_value"] for view in (tenth, whole))
    assert 10 * small == pytest.approx(large, abs=Decimal("0.06"))


def test_the_command_counts_with_the_multiplier_of_its_configuration(reports: Path, gammacore: CommandLine) -> None:
    folder = reports / "07-multiplier-ignored"

    found = measured(gammacore, folder / "chain.csv", "--config", folder / "m10.toml")

    assert found["call"] == pytest.approx(36_932_990.93, abs=0.01)


# --- 18: the scope of a study's market ---


def minutes() -> list[int]:
    return [milliseconds(time) for time in ("09:59:00", "10:00:00")]


def lean(
    folder: Path, mids: dict[int, float], expiries: Iterable[dt.date] = (DAY,), *, symbol: str = "spy",
    more: dict[str, str] | None = None,
) -> Path:  # fmt: skip
    """A LEAN folder: a call and a put a strike, quoted at 09:59 and 10:00, with open interest and the share's price."""

    def named(kind: str) -> list[str]:
        return [
            f"20260819_{symbol}_minute_{kind}_american_{right}_{strike * 10_000}_{expiry:%Y%m%d}.csv"
            for expiry in expiries for strike in mids for right in ("call", "put")
        ] + [name.replace("_quote_", f"_{kind}_") for name in (more or {}).values()]  # fmt: skip

    options, prices = folder / "option/usa/minute" / symbol, [int(price * 10_000) for price in mids.values()]
    quotes = [",".join(map(str, [at, *[prices[0]] * 4, 1, *[prices[0] + 200] * 4, 1])) for at in minutes()]
    interest = [f"{milliseconds('09:30:00')},500"]
    share = [f"{at},7700000,7700000,7700000,7700000,100" for at in minutes()]
    write_zip(options / "20260819_quote_american.zip", dict.fromkeys(named("quote"), quotes))
    write_zip(options / "20260819_openinterest_american.zip", dict.fromkeys(named("openinterest"), interest))
    write_zip(folder / "equity/usa/minute/spy/20260819_trade.zip", {"20260819_spy_minute_trade.csv": share})
    return folder


def a_small_table() -> Path:
    header = "quote_ts,spot,expiry,type,strike,bid,ask,iv,gamma,open_interest"
    rows = [f"{DAY}T10:00:00,770,{DAY},{right},770,1.20,1.22,0.15,0.1,100" for right in "CP"]
    Path("small.csv").write_text("\n".join([header, *rows]) + "\n")
    return Path("small.csv")


def test_the_scope_acts_on_a_lean_folder(shared_data: Path, gammacore: CommandLine) -> None:
    """Both sides of every strike count here; the report's figures (11, 43 and 624 contracts) were of one side."""

    def of(scope: str) -> dict[str, Any]:
        return gammacore.document(
            "gex", "--market", f"lean:{shared_data / 'replay_lean'}", "--underlying", "GOOG", "--config",
            ROOT / "examples" / "goog-2015-12-24.toml", "--date", "2015-12-24", "--as-of", "10:30", "--scope", scope,
        )  # fmt: skip

    today, week, everything = map(of, ("0dte", "7d", "all"))

    assert [found["contracts"]["used"] for found in (today, week, everything)] == [22, 84, 1090]
    assert today["net"] < week["net"] < everything["net"]
    assert today["pin"] == week["pin"] == everything["pin"]
    held = everything["contracts"]
    assert held["used"] + sum(held["skipped"].values()) == 2192


@pytest.mark.parametrize(("scope", "used"), [("1d", 2), ("7d", 4), ("all", 6)])
def test_a_day_without_a_0dte_contract_is_measured_with_a_wider_scope(
    scope: str, used: int, gammacore: CommandLine
) -> None:
    later = [DAY + dt.timedelta(days=days) for days in (1, 7, 30)]
    lean(Path("lean"), {770: 1.2}, later)
    day = ("gex", "--market", "lean:lean", "--date", "2026-08-19", "--as-of", "10:30")

    found = gammacore.document(*day, "--scope", scope)
    refused = gammacore.refusal(*day, "--scope", "0dte")

    assert (found["contracts"]["used"], found["pin"]) == (used, None)
    assert "the next expire on 2026-08-20, which `gex --scope 1d` or `--scope all` measures" in refused.err


def test_the_regime_of_a_study_s_chains_is_of_today_and_the_next_expiry() -> None:
    """DH-420."""
    lean(Path("lean"), {770: 1.2}, [DAY, DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)])
    given = {"market.source": "lean:lean", "market.date": DAY.isoformat(), "hedging.gex_sources": ["chain"]}
    opened = configured_chain(configure([{key: Sourced(value, "test") for key, value in given.items()}]))
    assert opened is not None

    document = opened.source_of("SPY").read(TradingSession.of(DAY).after_open(31))
    opened.close()

    assert document.fields["contracts_used"] == 4  # type: ignore[union-attr]  # a document that was read


def test_a_scope_that_a_market_cannot_serve_names_what_it_holds() -> None:
    lean(Path("lean"), {770: 1.2}, [DAY + dt.timedelta(days=30)])
    given = {"market.source": "lean:lean", "market.date": DAY.isoformat()}
    configuration = configure([{key: Sourced(value, "test") for key, value in given.items()}])

    with pytest.raises(MissingData, match="from 2026-08-19 to 2026-08-26; the next expire on 2026-09-18"):
        view_exposure(configuration, None, evolve(TERMS, scope=Scope(7)))
    assert view_exposure(configuration, None, evolve(TERMS, scope=ALL)).survey.exposure.used == 2


def test_the_reference_tables_hold_no_adjusted_root(shared_data: Path) -> None:
    for table in (shared_data / "gex").glob("*.csv"):
        assert "adjusted" not in read_chain(table)[0].defects
    assert json.loads((shared_data / "gex" / "reference_figures.json").read_text())
