"""`gammacore trade --strategy delta-hedge` on a simulated day: what it reports to a person and a program."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from builders_cli import PINNED, CommandLine, at_home, book_of
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.hedging.share_hedge import COVER
from gammacore.domain.ledger import DayStarted, OrderIntended
from gammacore_cli.main import run


@frozen
class Traded:
    """A finished day: its ledger and what `trade --json` said."""

    ledger: Path
    document: dict[str, Any]

    @property
    def trade(self) -> dict[str, Any]:
        (trade,) = self.document["trades"]
        assert isinstance(trade, dict)
        return trade


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Traded:
    """One day for all tests of this page; they only read it."""
    folder = tmp_path_factory.mktemp("hedged")
    with pytest.MonkeyPatch.context() as patch:
        at_home(patch, folder)
        ledger = folder / "day.sqlite"
        seeded = ["--seed", str(PINNED), "--quiet", "--json"]
        assert run(["trade", "--strategy", "delta-hedge", "--ledger", str(ledger), *seeded]) == 0
    return Traded(ledger, {})


@pytest.fixture
def day(traded: Traded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: CommandLine) -> Traded:
    """The same day, by `trade` again: a finished day is reported, not traded again."""
    at_home(monkeypatch, tmp_path)
    summary = cli.document("trade", "--strategy", "delta-hedge", "--ledger", traded.ledger)
    return Traded(traded.ledger, summary)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_options_are_bought_hedged_through_the_day_and_flat_before_the_close(day: Traded) -> None:
    """Issue 4; DH-510: no order after the close, and every option sold or expired worthless."""
    storage = SqliteStorage(day.ledger, read_only=True)
    events = list(storage.events())
    storage.close()
    (started,) = [event for event in events if isinstance(event, DayStarted)]
    ordered = [event.at for event in events if isinstance(event, OrderIntended)]
    story = [summary["what"] for summary in day.trade["story"]]

    assert max(ordered) < started.session_close
    assert book_of(day.ledger).expected_holdings() == {}
    assert story[0].startswith("bought 1 ")
    for right in ("call", "put"):
        (end,) = [
            words for words in story[1:] if words.split(" at ")[0].split()[-1] == right or f"{right} exp" in words
        ]
        assert end.startswith("sold 1") or end.endswith("expired worthless")
    assert len(day.trade["hedges"]) >= 3


def test_the_split_adds_up_to_the_change_of_the_balance(day: Traded) -> None:
    summary, trade = day.document, day.trade
    parts = Decimal(trade["options_pnl"]) + Decimal(trade["hedges_pnl"])

    assert parts == Decimal(trade["pnl"]) == Decimal(summary["pnl"])
    assert Decimal(summary["balance"]) - Decimal(summary["starting_balance"]) == parts - Decimal(trade["fees"])
    assert (summary["entries"], summary["exits"], summary["finished"]) == (1, 1, True)


def test_every_hedge_was_over_its_threshold_and_brought_the_delta_down(day: Traded) -> None:
    """DH-302, DH-611; the second order of a hedge that crosses zero belongs to the decision of the first."""
    before = None
    for hedge in day.trade["hedges"]:
        if before is None or before["reason"] != COVER:
            assert abs(hedge["delta_before"]) > hedge["threshold"]
        assert abs(hedge["delta_after"]) < abs(hedge["delta_before"])
        assert hedge["threshold"] == (0.1 if hedge["gex"] < 0 else 0.15)
        before = hedge


def test_the_greeks_of_the_book_are_reported_with_each_hedge(day: Traded) -> None:
    """DH-1004: a bought straddle is long gamma and vega, and pays theta for it."""
    for hedge in day.trade["hedges"]:
        summary = hedge["greeks"]
        assert (summary["missing"], summary["gamma"] > 0, summary["vega"] > 0, summary["theta"] < 0) == (
            0,
            True,
            True,
            True,
        )


def test_the_hedges_and_the_exit_explain_what_the_shares_brought(day: Traded) -> None:
    shares, cash = 0, Decimal(0)
    for hedge in day.trade["hedges"]:
        signed = hedge["shares"] * (1 if hedge["side"] == "buy" else -1)
        shares, cash = shares + signed, cash - signed * Decimal(hedge["price"])
    (out,) = [summary["what"] for summary in day.trade["story"] if " SPY at " in summary["what"]]
    verb, quantity, _, _, price = out.split()

    assert int(quantity) * (1 if verb == "sold" else -1) == shares
    assert cash + shares * Decimal(price) == Decimal(day.trade["hedges_pnl"])


def test_the_journal_the_report_and_the_status_tell_the_same(day: Traded, cli: CommandLine) -> None:
    journal = cli.document("journal", "--ledger", day.ledger)
    report = cli.document("report", "--ledger", day.ledger)
    status = cli.document("status", "--ledger", day.ledger)

    assert [{**trade, "mode": "study"} for trade in day.document["trades"]] == journal["trades"]
    assert report["statistics"]["pnl"] == report["reviews"]["monthly"][0]["pnl"] == day.trade["pnl"]
    assert (status["inventories"], status["balance"]) == ([], day.document["balance"])


def test_people_read_the_trade_its_hedges_and_its_split(day: Traded, cli: CommandLine) -> None:
    shown = " ".join(cli("journal", "--ledger", day.ledger, "--quiet").out.replace("│", " ").split())

    assert re.search(rf"hedges filled \d+ of {len(day.trade['hedges'])}", shown)
    assert "straddle 1 × $" in shown
    assert "options " in shown
    assert "expired worthless" in shown
    assert " sold 1 of 1 " not in shown


def test_the_page_holds_the_picture_of_every_hedge(day: Traded, cli: CommandLine, tmp_path: Path) -> None:
    cli.document("report", "--ledger", day.ledger, "--html", tmp_path / "day.html")
    page = (tmp_path / "day.html").read_text()

    assert f"before and after each of {len(day.trade['hedges'])} hedges" in page
    assert "dealers short gamma" in page
    assert page.count("<td>buy ") + page.count("<td>sell ") == len(day.trade["hedges"])


def test_the_csv_of_credit_spreads_says_what_it_leaves_out(day: Traded, cli: CommandLine, tmp_path: Path) -> None:
    """Its columns are those of a credit, and what it holds sizes credit spreads."""
    answer = cli("journal", "--ledger", day.ledger, "--quiet", "--json", "--csv", tmp_path / "j.csv")

    assert answer.code == 0
    assert "left out of" in answer.err
    assert day.trade["id"] in answer.err
    assert (tmp_path / "j.csv").read_text().count("\n") == 1
    assert json.loads(answer.out)["trades"][0]["id"] == day.trade["id"]


def test_a_day_left_in_the_middle_shows_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: CommandLine
) -> None:
    from gammacore.configuration import configure
    from gammacore.wiring import naming_its_underlying, wire_day

    at_home(monkeypatch, tmp_path)
    chosen = configure([{"trade.strategy": "delta-hedge", "market.seed": PINNED}])
    interrupted = wire_day(naming_its_underlying(chosen), tmp_path / "half.sqlite")
    interrupted.trade.run_until(lambda book: any(len(one.quantities) == 3 for one in book.live_holdings))
    interrupted.close()

    (held,) = cli.document("status", "--ledger", tmp_path / "half.sqlite")["inventories"]
    shown = cli("status", "--ledger", tmp_path / "half.sqlite", "--quiet").out

    assert len(held["holdings"]) == 3
    assert "holding" in shown
    assert "+1 559 call" in shown
    assert "no open position" not in shown
