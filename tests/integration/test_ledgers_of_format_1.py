"""Ledgers that commit 6b8436f wrote: every prefix folds to what it folded to then, and every day can be traded on.

`tests/fixtures/format_1/README.md` says how they were written. What this version writes otherwise on purpose is
named here (`ADDED`, `PAGE_HINT`, `as_format_1_wrote`, `words_of_figures`); everything else is the same to the letter.

Rules: R1, R2, R6, R14.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from builders_cli import CommandLine, at_home
from gammacore.domain.book.book import Book
from gammacore.domain.orders import OrderState, Purpose
from gammacore.domain.reports.day_report import DayReport, day_reports
from gammacore.domain.reports.figures import clock_text
from gammacore.domain.reports.views import day_view
from ledgers_of_format_1 import NAMES, Ledger, project, results, taken_up, the_morning_after, without_the_unfilled

ADDED: Mapping[str, Mapping[str, str]] = {
    "report": {
        "account": "decision 0015: the head of a command says whose ledger it is",
        "as_of": "decision 0015",
        "day_ends": "decision 0057: each day compared with its broker",
        "loop": "decision 0015: the process that writes to it",
        "mode": "decision 0015",
        "running": "decision 0015",
        "warnings": "decision 0020: tables of dates that end soon",
    },
    "journal": {
        "account": "decision 0015",
        "as_of": "decision 0015",
        "loop": "decision 0015",
        "mode": "decision 0015",
        "refused": "decision 0023: orders that the guard refused; there are none in format 1",
        "running": "decision 0015",
    },
    "status": {
        "account": "decision 0015",
        "alarms": "OP-106",
        "day": "OP-106: P/L realised and open against its limit",
        "greeks": "OP-106: null where no loop published them",
        "halted_by": "OP-106: the rule or command that halted",
        "halted_since": "OP-106",
        "kill_files": "decision 0015: the kill files that exist",
        "loop": "decision 0015",
        "marked_at": "OP-502: when the loop published last",
        "marks": "OP-106",
        "marks_since": "OP-106",
        "next_action": "OP-106: what is next",
        "next_at": "OP-106: the next action",
        "others": "decision 0015: other ledgers of this folder",
        "reconciled": "OP-106: the last comparison with the broker",
        "running": "decision 0015",
    },
}
"""Keys of a command's document that 6b8436f did not write, and the decision each came with."""

PAGE_HINT = "Scroll sideways: it goes on to the right →"
"""Pages say where they scroll since commit 0f11093."""

DRAWN = ("condor_closed_leg_by_leg", "delivered_from_a_spread", "hedged_through_zero")
"""Ledgers whose page is drawn with its pictures, which take most of a second each."""

WITHOUT_REPORT = {"filled_after_its_booking": "a position was booked twice on one day"}
"""Ledgers of which 6b8436f could make no report, and why."""

MONEY_ELSEWHERE = {
    "shares_traded_outside": "neither the delivery nor another trader's sale moved cash at the fake exchange",
    "quarantined_and_stranded": "the exchange began with three million dollars, the ledger with twenty thousand",
    "stranded_short": "the fees of the order that sold it are those of a ledger that is lost",
    "stranded_short_twice": "the exchange began with two million dollars, the ledger with twenty thousand",
    "traded_outside_at_a_price": "another trader's closes moved no cash at the fake exchange",
    "traded_outside_without_a_price": "as above",
    "traded_outside_and_back": "as above",
}
"""Ledgers whose balance is not the exchange's cash, and why."""


@cache
def ledger_of(name: str) -> Ledger:
    return Ledger.read(name)


def every_ledger(*, but: Mapping[str, str] | None = None) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name in NAMES if name not in (but or {})])


@pytest.fixture
def gammacore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


# -- the fold ----------------------------------------------------------------------------------------------------------


@every_ledger()
def test_every_prefix_folds_to_what_it_folded_to_when_it_was_written(name: str) -> None:
    ledger = ledger_of(name)
    book, dates = Book(), ledger.dates
    for number, (event, then) in enumerate(zip(ledger.events, ledger.prefixes, strict=True), 1):
        book.apply(event)
        assert without_the_unfilled(project(book, dates)) == without_the_unfilled(then), (
            f"after record {number}: {ledger.records[number - 1]}"
        )
    assert results(book) == ledger.end["results"]


def test_the_ledgers_hold_what_they_are_kept_for() -> None:
    """Kinds of records, and the states of an order that a process may have died in, of entries and of others."""
    kinds = {json.loads(record)["type"] for name in NAMES for record in ledger_of(name).records}
    died_in = {why for name in NAMES for cut in ledger_of(name).cuts for why in cut["why"]}

    assert kinds >= {
        "LedgerOpened", "HistoryImported", "PositionAdopted", "DayStarted", "EntryJudged", "OrderIntended",
        "OrderAccepted", "OrderWasRejected", "OrderNotSent", "OrderOutcomeUnknown", "CancelRequested", "OrderCanceled",
        "OrderExpired", "OrderFilled", "WatchChanged", "CloseDecided", "PositionAdjusted", "PositionClosed",
        "HoldingsQuarantined", "AlarmRaised", "BreakerTripped", "BreakerCleared", "Halted", "Resumed",
        "FlattenRequested", "DayFinished", "InventoryOpened", "InventorySettled", "InventoryAdjusted",
        "InventoryClosed", "SharesDelivered", "HedgeDecided",
    }  # fmt: skip
    states = ("intended", "unknown", "cancel_requested", "partly filled")
    assert died_in == {f"{side} {state}" for side in ("entry", "exit") for state in states} | {"the end"}


# -- what the commands write -------------------------------------------------------------------------------------------


@every_ledger(but=WITHOUT_REPORT)
def test_report_journal_status_and_page_are_what_they_were(
    name: str, gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of the page are compared, not its pictures; those of `DRAWN` are drawn all the same."""
    if name not in DRAWN:
        for chart in ("price_chart", "delta_chart", "equity_chart"):
            monkeypatch.setattr(f"gammacore.adapters.html_report.page.{chart}", lambda *_, **_more: "")
    ledger = ledger_of(name)
    place = ledger.write(Path("ledger.sqlite"))

    for command, added in ADDED.items():
        page = ("--html", "page.html") if command == "report" else ()
        now, then = gammacore.document(command, "--ledger", place, *page), ledger.end[command]
        assert set(now) - set(then) == set(added), command
        for trade in now.get("trades", ()):
            if trade.get("exit_detail"):
                trade["exit_detail"] = as_format_1_wrote(trade["exit_detail"])
        assert {key: value for key, value in now.items() if key not in added} == then, command
    now = Counter(captioned(as_the_page_read(words)) for words in words_of("page.html") if words != PAGE_HINT)
    then = Counter(captioned(piece) for words in ledger.end["page"] for piece in as_figures(words))
    assert then - now == {}
    assert set(now - then) <= words_of_figures(day_reports(ledger.events)[-1])


@pytest.mark.parametrize("name", WITHOUT_REPORT)
def test_a_position_booked_twice_a_day_is_reported_with_the_sum_of_both(name: str, gammacore: CommandLine) -> None:
    """CS-564: 6b8436f refused to report such a day, because it kept one exit for each position."""
    ledger = ledger_of(name)
    assert (ledger.end["report"], ledger.end["journal"], ledger.end["page"]) == (None, None, None)
    ledger.write(Path("ledger.sqlite"))

    (day,) = gammacore.document("report", "--ledger", "ledger.sqlite", "--html", "page.html")["days"]
    (trade,) = gammacore.document("journal", "--ledger", "ledger.sqlite")["trades"]

    assert (day["pnl"], day["fees"]) == (trade["pnl"], trade["fees"])
    assert Decimal(day["balance"]) == 20_000 + Decimal(day["pnl"]) - Decimal(day["fees"])


STEP = re.compile(r"(bought back|sold) \d+ \S+ alone at \S+")
REST = re.compile(r"the rest settled at (?P<price>\S+), (?P<basis>.*)")
IN_ALL = re.compile(r"(?P<worth>\S+) to close in all")


def as_format_1_wrote(detail: str) -> str:
    """The detail of an exit without its steps: decision 0019 names each leg that was closed alone.

    >>> as_format_1_wrote("stop; sold 1 X alone at 2.9"), as_format_1_wrote("as the script says")
    ('stop', 'as the script says')
    >>> as_format_1_wrote("sold 1 X alone at 2.9; the rest settled at 7000, the official price; 9.65 to close in all")
    'worth 9.65 at 7000, the official price'
    """
    parts = detail.split("; ")
    if not any(STEP.fullmatch(part) for part in parts):
        return detail
    if (rest := REST.fullmatch(parts[-2] if len(parts) > 1 else "")) and (worth := IN_ALL.fullmatch(parts[-1])):
        return f"worth {worth['worth']} at {rest['price']}, {rest['basis']}"
    return "; ".join(part for part in parts if not STEP.fullmatch(part))


MARKS = re.compile(
    r"^(Triangles enter, squares leave\. )?(Diamonds are the pin at each scheduled entry\. )?(?=The line)"
)
LACKS = re.compile(r"(?<=the prices the ledger holds), for .*(?=\.$)")


def captioned(words: str) -> str:
    """The caption of the day's picture without its marks, of which it names only those drawn since decision 0060, and
    without why it has no more than the ledger's prices, which it says since decision 0059."""
    return LACKS.sub("", MARKS.sub("", words))


def as_the_page_read(words: str) -> str:
    """A line of the page; the detail of an exit stands between a colon and a full stop."""
    if not STEP.search(words):
        return words
    detail = as_format_1_wrote(words.removeprefix(": ").removesuffix("."))
    return f": {detail}." if detail else "."


RISK = re.compile(r"(\$[\d,.]+)(?:, held (\d+ minutes?))?, fees (\$[\d,.]+)")
HELD = re.compile(r"(?:still held|held (\d+ minutes?)), (\S+)")


def as_figures(words: str) -> list[str]:
    """A line of the page then as the pieces it is in now: what was one line of a story are figures (decision 0034).

    >>> as_figures("$2,250, held 1 minute, fees $0"), as_figures("still held, hedged")
    (['$2,250', '1 minute', '$0'], ['hedged'])
    """
    if (joined := RISK.fullmatch(words) or HELD.fullmatch(words)) is None:
        return [words]
    return ["1 minute" if piece == "1 minutes" else piece for piece in joined.groups() if piece]


NOT_DRAWN = ("Dealer gamma", "Not drawn: script is not at hand; name it by --market.")
"""What a page says in the place of a picture that it lacks, since decision 0059."""


def words_of_figures(report: DayReport) -> set[str]:
    """What may be on a page besides since decision 0034: figures that only the screen had, and how each trade ended."""
    view = day_view(report)
    figures = [*view.figures, *(figure for trade in view.trades for figure in trade.figures)]
    words = {word for figure in figures for word in (figure.label, figure.text, figure.note)}
    for trade in view.trades:
        words |= {trade.trade.id, trade.trade.strategy}
        words |= {word for line in trade.story for word in (line.aside, line.reason, clock_text(line.at))}
    return words | {"alarm", "outcome", "Closed,", ".", *NOT_DRAWN}


def words_of(page: str) -> list[str]:
    """The text of a page, piece by piece, without its pictures."""
    text = Path(page).read_text("utf-8")
    for element in ("style", "script", "svg"):
        text = re.sub(rf"<{element}\b.*?</{element}>", " ", text, flags=re.DOTALL)
    pieces = re.sub(r"<[^>]+>", "\n", text).splitlines()
    return [words for piece in pieces if (words := " ".join(piece.split()))]


# -- traded on ---------------------------------------------------------------------------------------------------------


@every_ledger()
def test_a_session_cut_anywhere_is_traded_on_to_its_end(name: str, tmp_path: Path) -> None:
    """R2: at each cut an order is intended, unknown, called back or partly filled; the exchange is as it stood then.

    It ends flat, with nothing at work, and the ledger holds what the exchange holds, to the cent.
    """
    ledger = ledger_of(name)
    for cut in ledger.cuts:
        at = f"{cut['records']} records: {', '.join(cut['why'])}"
        world = taken_up(ledger, cut, tmp_path)
        assert_died_where_it_says(world.book, cut)
        world.day()
        if world.exchange.holdings().keys() == {"SPY"}:
            the_morning_after(world, cut).day()

        expected = Counter(world.book.expected_holdings())
        expected.update(world.book.quarantined)
        assert dict(world.exchange.holdings()) == {symbol: held for symbol, held in expected.items() if held} == {}, at
        assert world.book.working_orders == (), at
        assert world.day.is_finished(), at
        assert Book.of(world.events).balance == world.book.balance, at
        if name not in MONEY_ELSEWHERE:
            assert world.exchange.account().balance == world.book.balance, at


def assert_died_where_it_says(book: Book, cut: Mapping[str, Any]) -> None:
    """The cut is where it says it is."""
    found = set()
    for order in book.working_orders:
        side = "entry" if order.ticket.purpose is Purpose.ENTRY else "exit"
        if order.state in (OrderState.INTENDED, OrderState.UNKNOWN, OrderState.CANCEL_REQUESTED):
            found.add(f"{side} {order.state}")
        if order.execution.any:
            found.add(f"{side} partly filled")
    assert cut["why"] == ["the end"] or found >= set(cut["why"])
