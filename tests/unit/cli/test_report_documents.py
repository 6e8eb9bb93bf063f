"""The JSON of a day: the keys programs rely on, money as strings, times with New York's offset. cli.md."""

import json
from decimal import Decimal
from pathlib import Path

from builders_day import CONDOR, a_day, day_started, ledger_opened, opened
from gammacore.domain.book import Book
from gammacore.domain.day_report import day_report
from gammacore_cli.documents import journal_document, money, report_document, status_document, trade_document

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
