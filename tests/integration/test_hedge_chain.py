"""`gammacore hedge` on a market with chains: their gamma is the regime, if anybody named it. DH-402, DH-420."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders_cli import at_home
from builders_hedging import market
from gammacore_cli.main import run

DAY = "2026-03-03"
"""A Tuesday: the session is 14:30Z to 21:00Z."""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home(monkeypatch, tmp_path)


def events(*times: str, day: str = DAY) -> str:
    """A file of one position whose delta breaks the threshold at each time."""
    symbol = f"SPXW{day[2:4]}{day[5:7]}{day[8:10]}C06100000"
    rows = [
        market(time, symbol, day=day, delta=0.5 + 0.02 * number, quantity=10, underlying_price=6100)
        for number, time in enumerate(times)
    ]
    Path("events.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return "events.ndjson"


def metadata(capfd: Any, *arguments: str) -> list[dict[str, Any]]:
    """The metadata of every hedge a command wrote."""
    capfd.readouterr()
    assert run(["hedge", *arguments, "--quiet"]) == 0
    return [json.loads(line)["metadata"] for line in capfd.readouterr().out.splitlines()]


def test_without_a_market_nothing_is_hedged_by_a_simulated_one(capfd: Any) -> None:
    [hedge] = metadata(capfd, events("15:00:00"))

    assert (hedge["gex_status"], hedge["gex_source"], hedge["gex_value"]) == ("unknown", None, None)


def test_the_market_of_the_option_is_asked_at_event_time(capfd: Any) -> None:
    """DH-420: per point, to the cent; DH-403: measured anew when a minute is over."""
    hedges = metadata(capfd, events("15:00:00", "15:01:00", "15:02:01"), "--market", "simulated", "--assume-fills")

    assert {(hedge["gex_status"], hedge["gex_source"], hedge["gex_unit"]) for hedge in hedges} == {
        ("known", "chain", "per-point")
    }
    values = [hedge["gex_value"] for hedge in hedges]
    assert values[0] == values[1] != values[2]
    assert all(len(value.rpartition(".")[2]) == 2 for value in values)


def test_the_sources_of_the_configuration_are_enough(capfd: Any) -> None:
    Path("gammacore.toml").write_text('[hedging]\ngex_sources = ["chain"]\n', encoding="utf-8")

    [hedge] = metadata(capfd, events("15:00:00"))

    assert hedge["gex_source"] == "chain"


def test_the_file_is_believed_before_the_chain(capfd: Any) -> None:
    """DH-402."""
    Path("regime.json").write_text('{"spy": {"net_gex": -5.25}}', encoding="utf-8")

    [hedge] = metadata(capfd, events("15:00:00"), "--market", "simulated", "--macro", "regime.json")

    assert (hedge["gex_source"], hedge["gex_value"], hedge["hedging_threshold"]) == ("file", "-5.25", "0.10")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--underlying", "SPY"), "a market of SPY says nothing of SPX"),
        (("--date", "2026-03-04"), "the market is of another day"),
    ],
)
def test_a_market_that_does_not_fit_is_unknown_not_calm(arguments: tuple[str, ...], why: str, capfd: Any) -> None:
    """DH-407, DH-420: the fallback answers, if there is one."""
    [hedge] = metadata(capfd, events("15:00:00"), "--market", "simulated", *arguments)

    assert (hedge["gex_status"], hedge["gex_value"]) == ("unknown", None), why


def test_before_the_open_there_is_no_chain(capfd: Any) -> None:
    [early] = metadata(capfd, events("14:00:00"), "--market", "simulated", "--session-gate", "off")

    assert (early["gex_status"], early["gex_value"]) == ("unknown", None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--market", "csv:nowhere.csv", "--underlying", "SPX"), "market.source: nowhere.csv: no such file"),
        (("--market", "sim"), "market sim: not known"),
    ],
)
def test_a_market_that_cannot_be_ends_with_2(arguments: tuple[str, ...], message: str, capfd: Any) -> None:
    assert run(["hedge", events("15:00:00"), *arguments]) == 2
    assert message in capfd.readouterr().err


def test_underlyings_of_the_configuration_are_hedged(capfd: Any) -> None:
    """DH-220: others by configuration."""
    row = market("15:00:00", "GOOG260303C00180000", day=DAY, delta=0.5, quantity=3, underlying_price=180)
    Path("events.ndjson").write_text(json.dumps(row) + "\n", encoding="utf-8")
    table = '[underlyings.GOOG]\nhedge_share = "GOOG"\nhedge_ratio = 1\n'
    Path("gammacore.toml").write_text(table, encoding="utf-8")

    assert run(["hedge", "events.ndjson", "--quiet"]) == 0

    intent = json.loads(capfd.readouterr().out)
    assert (intent["symbol"], intent["side"], intent["qty"]) == ("GOOG", "sell", 150)


def test_the_figures_of_the_file_hold_and_options_win(capfd: Any) -> None:
    """Section 1.5: option over file; and config_hash is that of the figures, wherever they stand. DH-612."""
    Path("gammacore.toml").write_text('[hedging]\nprofile = "source"\nthreshold = 0.3\n', encoding="utf-8")
    [by_file] = metadata(capfd, events("15:00:00"))
    [by_option] = metadata(capfd, events("15:00:00"), "--profile", "standard", "--gex", "-1")

    assert (by_file.get("profile"), by_file["hedging_threshold"]) == (None, "0.3")
    assert (by_option["profile"], by_option["hedging_threshold"], by_option["gex_status"]) == (
        "standard", "0.10", "override",
    )  # fmt: skip


def test_config_show_tells_where_each_figure_of_the_desk_comes_from(
    capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("gammacore.toml").write_text('[hedging]\nprofile = "shares_v2"\n', encoding="utf-8")
    Path(".env").write_text("HEDGING_THRESHOLD=0.2\n", encoding="utf-8")
    monkeypatch.setenv("GEX_VALUE", "-15000")

    assert run(["config", "show", "--json", "--quiet"]) == 0

    rows = json.loads(capfd.readouterr().out)
    assert rows["hedging.threshold"] == {"value": "0.2", "source": ".env HEDGING_THRESHOLD"}
    assert rows["hedging.gex_fallback"] == {"value": "-15000", "source": "environment GEX_VALUE"}
    assert rows["hedging.max_hedges_per_session"] == {
        "value": "1",
        "source": "profile shares_v2 (gammacore.toml, line 2)",
    }
    assert run(["config", "check"]) == 0
    monkeypatch.setenv("GEX_VALUE", "much")
    assert run(["config", "check"]) == 2
