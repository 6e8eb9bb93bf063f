"""The JSON of a day: the keys programs rely on, money as strings, times with New York's offset. cli.md."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from builders_day import CONDOR, a_day, day_started, ledger_opened, opened
from builders_hedge_day import CALL, HELD, PUT, a_delivery, a_hedge_day, a_hedge_day_open
from gammacore.domain.book.book import Book
from gammacore.domain.reports.day_report import day_report
from gammacore_cli.documents import journal_document, report_document, status_document, trade_document
from gammacore_cli.json_values import money
from gammacore_cli.reviews import reviews_document

LEDGER = Path("run.sqlite")


def test_a_trading_day_has_the_keys_of_the_contract() -> None:
    document = trade_document(day_report(a_day()), LEDGER)

    assert {"date", "underlying", "strategy", "entries", "exits", "skipped", "trades", "pnl", "fees", "balance",
            "ledger"} <= document.keys()  # fmt: skip
    assert (document["date"], document["entries"], document["exits"]) == ("2026-01-05", 2, 2)
    assert (document["pnl"], document["fees"], document["balance"]) == ("491.00", "13.00", "20478.00")
    assert document["skipped"] == {"vix_ceiling": 1}


def test_a_trade_has_the_keys_of_the_contract() -> None:
    document = json.loads(json.dumps(trade_document(day_report(a_day()), LEDGER)))
    trade = document["trades"][0]

    assert {"id", "strategy", "legs", "contracts", "credit", "debit", "opened", "closed", "exit_reason", "pnl",
            "fees"} <= trade.keys()  # fmt: skip
    assert trade["opened"] == "2026-01-05T10:00:30-05:00"
    assert (trade["credit"], trade["debit"], trade["pnl"], trade["fees"]) == ("2.50", "0.75", "525.00", "7.80")
    assert trade["legs"][0] == {"side": "sell", "right": "P", "strike": 6880, "symbol": "SPXW260105P06880000"}


def test_the_profits_of_the_trades_add_up_to_that_of_the_day() -> None:
    document = trade_document(day_report(a_day()), LEDGER)

    trades = document["trades"]
    assert isinstance(trades, list)
    assert sum(Decimal(trade["pnl"]) for trade in trades) == Decimal(str(document["pnl"]))


def test_what_an_open_trade_does_not_know_is_null() -> None:
    document = trade_document(day_report([ledger_opened(), day_started(), *opened(CONDOR)]), LEDGER)
    trades = document["trades"]

    assert isinstance(trades, list)
    assert [trades[0][key] for key in ("debit", "closed", "exit_reason", "pnl")] == [None] * 4


def test_the_journal_holds_every_trade_and_every_verdict() -> None:
    """CS-366: placed and rejected alike."""
    document = json.loads(json.dumps(journal_document([day_report(a_day())], LEDGER)))

    assert len(document["trades"]) == 2
    skip = document["decisions"][1]
    assert (skip["reason"], skip["sentence"]) == ("vix_ceiling", "skip vix_ceiling: VIX 21.3 >= 20.0")
    assert skip["filters"][3] == {
        "rule": "CS-312", "name": "vix_ceiling", "verdict": "skip", "value": "VIX 21.3", "limit": ">= 20.0",
        "reason": "vix_ceiling",
    }  # fmt: skip


def test_the_statistics_are_of_the_whole_ledger() -> None:
    document = json.loads(json.dumps(report_document([day_report(a_day())], LEDGER)))
    statistics = document["statistics"]

    assert (statistics["trades"], statistics["wins"], statistics["losses"], statistics["win_rate"]) == (2, 1, 1, 0.5)
    assert statistics["by_strategy"]["IRON_CONDOR"]["pnl"] == "-34.00"
    assert statistics["drawdown"]["dollars"] == "39.20"


def test_the_status_tells_where_we_stand() -> None:
    book = Book.of([ledger_opened(), day_started(), *opened(CONDOR)])
    document = status_document(book, Decimal(0), LEDGER)

    assert {"positions", "orders", "balance", "day_pnl", "halted"} <= document.keys()
    assert (document["balance"], document["halted"], document["orders"]) == ("20000.00", False, [])
    positions = document["positions"]
    assert isinstance(positions, list)
    assert (positions[0]["id"], positions[0]["max_risk"]) == ("p2", "720.00")


def test_money_is_rounded_half_to_even_and_never_minus_nothing() -> None:
    """CS-012."""
    assert [money(Decimal(text)) for text in ("0.125", "0.135", "-0.001")] == ["0.12", "0.14", "0.00"]


# -- other holdings ----------------------------------------------------------------------------------------------------


def test_a_hedged_holding_is_a_trade_with_the_keys_of_the_contract() -> None:
    document = json.loads(json.dumps(trade_document(day_report(a_hedge_day()), LEDGER)))
    (trade,) = document["trades"]

    assert {"id", "strategy", "legs", "contracts", "credit", "debit", "opened", "closed", "exit_reason", "pnl", "fees",
            "options_pnl", "hedges_pnl", "slippage", "hedges"} <= trade.keys()  # fmt: skip
    assert (trade["strategy"], trade["contracts"], trade["credit"], trade["debit"]) == ("delta-hedge", 2, None, "3.10")
    assert (trade["pnl"], trade["options_pnl"], trade["hedges_pnl"]) == ("440.40", "380.00", "60.40")
    assert (trade["opened"], trade["exit_reason"]) == ("2026-01-05T09:46:00-05:00", "daily_flatten")
    assert [leg["side"] for leg in trade["legs"]] == ["buy", "buy"]
    assert (document["entries"], document["exits"], document["pnl"]) == (1, 1, trade["pnl"])


def test_each_hedge_tells_what_it_was_decided_by_and_what_was_filled() -> None:
    """DH-611, DH-243."""
    (trade,) = json.loads(json.dumps(journal_document([day_report(a_hedge_day())], LEDGER)))["trades"]
    hedge = trade["hedges"][1]

    assert {key: hedge[key] for key in ("at", "side", "shares", "price", "delta_before", "delta_after", "threshold",
            "gex", "gex_status", "underlying_price", "fees")} == {
        "at": "2026-01-05T11:00:00-05:00", "side": "sell", "shares": 25, "price": "601.00", "delta_before": 0.25,
        "delta_after": 0, "threshold": 0.1, "gex": -15000, "gex_status": "known", "underlying_price": 601.1,
        "fees": "0.00",
    }  # fmt: skip
    assert (hedge["slippage"], trade["slippage"], trade["mode"]) == ("2.50", "7.10", "study")


def test_what_is_not_known_of_a_holding_while_it_is_held_is_null() -> None:
    (trade,) = json.loads(json.dumps(trade_document(day_report(a_hedge_day_open()), LEDGER)))["trades"]

    assert [trade[key] for key in ("closed", "exit_reason", "pnl", "options_pnl", "hedges_pnl", "balance")] == [
        None
    ] * 6
    assert trade["holdings"] == {CALL.occ: 2, PUT.occ: 2, "SPY": 21}


@pytest.mark.parametrize("sold", [False, True], ids=["held", "sold"])
def test_delivered_shares_have_one_leg_and_no_contracts(*, sold: bool) -> None:
    """CS-529."""
    (trade,) = json.loads(json.dumps(trade_document(day_report(a_delivery(sold=sold)), LEDGER)))["trades"]

    assert (trade["legs"], trade["contracts"], trade["debit"]) == ([{"side": "buy", "symbol": "SPY"}], 0, None)
    assert (trade["pnl"], trade["hedges"]) == ("100.00" if sold else None, [])


def test_the_status_shows_what_is_held() -> None:
    document = json.loads(json.dumps(status_document(Book.of(a_hedge_day_open()), Decimal(0), LEDGER)))
    (held,) = document["inventories"]

    assert held["holdings"] == {CALL.occ: 2, PUT.occ: 2, "SPY": 21}
    assert (held["id"], held["realised"], held["cost"]) == (HELD, "10.00", "13232.60")


def test_reviews_and_statistics_sum_every_holding() -> None:
    """CS-624."""
    report = day_report(a_hedge_day())
    statistics = json.loads(json.dumps(report_document([report], LEDGER)))["statistics"]
    (daily,) = json.loads(json.dumps(reviews_document(report.trades)))["daily"]

    assert (statistics["pnl"], statistics["trades"]) == (daily["pnl"], daily["trades"]) == ("440.40", 1)
    assert daily["by_strategy"]["delta-hedge"]["pnl"] == "440.40"
    assert daily["sizing"]["trades_by_contracts"] == {}
