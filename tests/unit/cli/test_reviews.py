"""The reviews that `report` prints: by day, week and month, in parts, against what was promised. CS-624."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from rich.console import Console

import builders_day
from builders import a_plan, at
from gammacore.domain.reports.trades import Trade
from gammacore_cli.reviews import reviews_document, reviews_table


def a_trade(day: int, profit: int, *, contracts: int = 1, vix: str = "16") -> Trade:
    """Closed on that day of January 2026, with a gross P/L in dollars of the whole position."""
    closes = at("11:00", dt.date(2026, 1, day))
    return builders_day.a_trade(
        a_plan(position=f"p{day}-{profit}", vix=vix), Decimal(profit), contracts=contracts,
        opened=closes - dt.timedelta(hours=1), closed=closes, balance=Decimal(20_000 + profit),
    )  # fmt: skip


TRADES = [a_trade(5, 100), a_trade(6, -50), a_trade(12, 300, contracts=3), a_trade(13, -40, vix="14")]


def document() -> dict[str, list[dict[str, Any]]]:
    printed: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(reviews_document(TRADES)))
    return printed


def test_there_is_a_review_of_every_day_week_and_month() -> None:
    printed = document()

    assert {name: len(reviews) for name, reviews in printed.items()} == {"daily": 4, "weekly": 2, "monthly": 1}
    assert [(week["first"], week["last"]) for week in printed["weekly"]] == [
        ("2026-01-05", "2026-01-11"), ("2026-01-12", "2026-01-18"),
    ]  # fmt: skip


def test_a_review_has_rates_parts_sizes_and_the_projection() -> None:
    """Before the second week: +100 and -50 a contract; 25 a draw, for sizes 3 and 1 a mean of 100."""
    week = document()["weekly"][1]

    assert (week["win_rate"], week["profit_factor"], week["pnl"], week["actual"]) == (0.5, 7.5, "260.00", "260.00")
    assert list(week["by_regime"]) == ["VIX below 15", "VIX 15 to below 20"]
    assert next(iter(week["by_strategy"].values()))["trades"] == 2
    assert week["sizing"] == {
        "trades_by_contracts": {"1": 1, "3": 1}, "average_contracts": 2.0, "pnl_of_one_contract": "60.00",
        "gained_by_size": "200.00",
    }  # fmt: skip
    assert (week["projection"]["mean"], week["projection"]["deviation"]) == ("100.00", "237.17")
    assert round(week["projection"]["surprise"], 2) == 0.67


def test_without_a_record_nothing_is_promised() -> None:
    assert document()["monthly"][0]["projection"] is None


def test_people_get_the_same_as_a_table() -> None:
    console = Console(width=160)
    with console.capture() as screen:
        console.print(reviews_table(TRADES))
    printed = screen.get()

    for words in ("daily", "weekly", "monthly", "2026-01-12 to 2026-01-18", "VIX below 15", "no record", "+0.7 σ"):
        assert words in printed
