"""What every public value shows: one line of at most 300 characters, a small table in a notebook. Rule: OP-802."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import gammacore
from gammacore.domain.briefly import LONGEST, MOST_ROWS, html_table
from gammacore.wiring.ledgers.open_ledger import OpenedLedger

SECRET = "hunter2hunter2"


@pytest.fixture(scope="module")
def day() -> Any:
    given = {"market.seed": 57, "alerts.webhook_url": f"https://discord.com/api/webhooks/1/{SECRET}"}
    wired = gammacore.wire_day(gammacore.configure([given]))
    wired.trade()
    return wired


@pytest.fixture(scope="module")
def values(day: Any) -> dict[str, Any]:
    snapshot = day.market.snapshot(day.session.before_close(300))
    chain = snapshot.chain
    report = gammacore.day_report(day.storage.events())
    survey = gammacore.survey_gamma(chain, snapshot.spot)
    book = day.trade.ledger.book
    spx = gammacore.REGISTRY["SPX"]
    situation = gammacore.Situation(snapshot.at, day.session, spx, snapshot, book, Decimal(20_000))
    configuration = gammacore.configure([{"market.seed": 57}])
    sold = report.spreads[0].sold
    assert sold is not None
    return {
        "chain": chain, "snapshot": snapshot, "exposure": survey.exposure,
        "pin": gammacore.find_pin([5900, 6000], [120e9, 100e9], Decimal(5950), spx),
        "report": report, "trade": report.trades[0], "book": book, "situation": situation, "day": day,
        "use case": day.trade, "configuration": configuration, "settings": configuration.settings,
        "policy": gammacore.stop_policy("head"), "sizing": gammacore.SizingRules(),
        "desk": gammacore.CreditSpreadDesk(),
        "underlying": spx, "session": day.session, "decisions": gammacore.Decisions(),
        "spread": sold.plan.spread,
    }  # fmt: skip


def test_every_public_value_is_one_short_line(values: dict[str, Any]) -> None:
    for name, value in values.items():
        assert len(repr(value)) <= LONGEST, name
        assert "\n" not in repr(value), name
        assert type(value).__name__ in repr(value), name


def test_a_chain_says_its_size_and_a_report_its_result(values: dict[str, Any]) -> None:
    assert f"{len(values['chain'])} contracts" in repr(values["chain"])
    assert f"net {values['report'].net}" in repr(values["report"])


def test_rules_show_the_figures_that_are_not_the_defaults() -> None:
    assert repr(gammacore.stop_policy("standard")) == "StopPolicy()"
    assert "preset='head'" in repr(gammacore.stop_policy("head"))


@pytest.mark.parametrize("name", ["chain", "exposure", "report", "book", "configuration"])
def test_a_notebook_shows_a_table_below_20_kb(values: dict[str, Any], name: str) -> None:
    page = values[name]._repr_html_()

    assert page.startswith("<table>")
    assert len(page.encode()) <= 20_000


def test_a_secret_is_in_neither(day: Any) -> None:
    given = gammacore.configure([{"alerts.webhook_url": f"https://discord.com/api/webhooks/1/{SECRET}"}])

    assert SECRET not in repr(given) + given._repr_html_() + repr(given.settings) + repr(day)


def test_what_is_in_a_table_stays_text() -> None:
    assert "<script>" not in html_table("<script>", ["<script>"], [["<script>"]])


def test_rows_left_out_of_a_table_are_counted() -> None:
    assert "… 2 more" in html_table("many", ["n"], [[n] for n in range(MOST_ROWS + 2)])


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_a_days_trades_and_an_exposure_are_frames(values: dict[str, Any], backend: str) -> None:
    trades = values["report"].to_frame(backend)
    assert list(trades.columns) == [
        "id", "strategy", "opened", "closed", "contracts", "gross", "fees", "net", "exit_reason",
    ]  # fmt: skip
    assert trades["net"].to_list() == [float(trade.end.net) for trade in values["report"].trades]

    chain = values["chain"].to_frame(backend)
    assert chain["strike"].to_list() == values["chain"].strike.tolist()
    assert set(chain["right"].to_list()) == {"call", "put"}

    net = values["exposure"].to_frame(backend)["net"].to_list()
    assert np.allclose(net, values["exposure"].net)


@pytest.mark.parametrize("name", ["chain", "exposure", "report"])
def test_plot_returns_a_figure_of_matplotlib(values: dict[str, Any], name: str) -> None:
    figure = values[name].plot()

    assert type(figure).__name__ == "Figure"
    assert figure.axes


def test_an_opened_ledger_is_read_beside_its_writer(tmp_path: Any) -> None:
    """OP-806."""
    path = tmp_path / "a.sqlite"
    wired = gammacore.wire_day(gammacore.configure([{"market.seed": 57}]), path)
    wired.trade()
    ledger = gammacore.open_ledger(path)  # the writer still holds it
    wired.close()

    assert isinstance(ledger, OpenedLedger)
    assert ledger.days() == (dt.date(2026, 3, 3),)
    assert ledger.report().net == wired.trade.ledger.book.balance - 20_000
    assert ledger.book().version == len(ledger.events())
    assert ledger.to_frame()["net"].to_list() == [float(ledger.report().net)]


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_a_ledgers_journal_and_equity_are_frames(tmp_path: Any, backend: str) -> None:
    """OP-803."""
    path = tmp_path / "a.sqlite"
    wired = gammacore.wire_day(gammacore.configure([{"market.seed": 57}]), path)
    wired.trade()
    wired.close()
    ledger = gammacore.open_ledger(path)
    report = ledger.report()

    journal, equity = ledger.journal().to_frame(backend), ledger.equity().to_frame(backend)

    assert list(journal.columns) == ["date", "at", "kind", "strategy", "code", "text"]
    assert journal["kind"].to_list().count("closed") == len(report.trades)
    assert list(equity.columns) == ["date", "at", "balance"]
    assert equity["balance"].to_list() == [float(balance) for _, balance in report.equity]
    assert repr(ledger.equity()) == f"<Table equity {len(report.equity)} rows of date, at, balance>"


def test_opening_what_is_not_there_says_so(tmp_path: Any) -> None:
    with pytest.raises(gammacore.GammacoreError, match=r"nothing\.sqlite"):
        gammacore.open_ledger(tmp_path / "nothing.sqlite")


class Heard:
    """A notifier of the user's own."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def notify(self, event: Any, book: gammacore.Book) -> None:
        self.codes.append(type(event).__name__)


def test_a_notifier_of_the_users_own_is_told(tmp_path: Any) -> None:
    """OP-806."""
    heard = Heard()
    wired = gammacore.wire_day(gammacore.configure([{"market.seed": 57}]), notifiers=(heard,))
    wired.trade()

    assert {"DayStarted", "OrderFilled", "DayFinished"} <= set(heard.codes)
