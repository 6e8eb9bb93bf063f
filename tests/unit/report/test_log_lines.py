"""Log lines in one consistent wording: what a person greps for is always there in the same words."""

import logging
from decimal import Decimal

import pytest

from builders import a_plan, at
from builders_day import CALL_TRADE, PUT_TRADE, a_day, closed, day_started, judged, ledger_opened, opened, ordered
from builders_hedge_day import HELD, a_hedge_day
from builders_ledger import one_of_each
from gammacore.adapters.notifiers.log_lines import LogNotifier
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised, Event, OrderCanceled, OrderFilled
from gammacore.domain.orders import Execution
from gammacore.domain.verdicts import Verdict


def lines_of(events: list[Event]) -> list[str]:
    """What is logged of a ledger, in order."""
    notifier, book, lines = LogNotifier(logging.getLogger("test")), Book(), []
    for event in events:
        book.apply(event)
        lines += [line.text for line in notifier.lines(event, book)]
    return lines


def test_an_entry_tells_its_size_and_premium() -> None:
    """CS-625."""
    lines = lines_of([ledger_opened(), *opened(PUT_TRADE)])

    assert "Position size: 3 contract(s) @ $2.50 = $750 premium" in lines


def test_an_entry_tells_the_stop_that_acts() -> None:
    """CS-512."""
    assert any(line.startswith("Stop loss (standard): 2.75 or more") for line in lines_of(a_day()))


def test_a_close_tells_the_new_balance() -> None:
    """CS-625."""
    lines = lines_of([ledger_opened(), *opened(PUT_TRADE), *closed(PUT_TRADE, "12:00", "profit_target", "0.75", "525")])

    assert "Account balance updated: $20,525 (+$525 from 3x contracts)" in lines
    assert (
        lines[-1]
        == "Statistics: 1 trades, win rate 100.0%, average win $175, average loss $0, kelly 100.0%, half 50.0%"
    )


@pytest.mark.parametrize(
    ("gross", "fees", "line"),
    [
        ("-114", "0", "Account balance updated: $19,886 (-$114 from 3x contracts)"),
        ("525", "3.90", "Account balance updated: $20,517.20 (+$517.20 from 3x contracts)"),
    ],
)
def test_the_change_in_the_line_is_the_change_of_the_balance(gross: str, fees: str, line: str) -> None:
    events = [ledger_opened(), *opened(PUT_TRADE, fees=fees)]

    assert line in lines_of([*events, *closed(PUT_TRADE, "12:00", "stop_loss", "2.88", gross, fees=fees)])


def test_a_skip_names_the_rule_and_the_numbers() -> None:
    skip = judged("10:00", Verdict.skip("vix_ceiling", "VIX 21.3", ">= 20.0"))

    assert lines_of([ledger_opened(), day_started(), skip])[-1] == (
        "No entry at 10:00: skip vix_ceiling: VIX 21.3 >= 20.0; VIX 15.2"
    )


def test_what_a_called_back_entry_had_filled_is_a_position_with_its_size() -> None:
    """CS-410: one of three was filled before the rest was cancelled."""
    plan = a_plan(contracts=3)
    entry = f"entry-{plan.holding}"
    partly = OrderFilled(at("10:03"), entry, Execution(1, Decimal("2.50")), complete=False)

    lines = lines_of(
        [ledger_opened(), *ordered(plan), partly, OrderCanceled(at("10:05"), entry, "not filled in 300 s")]
    )

    assert "Position size: 1 contract(s) @ $2.50 = $250 premium" in lines


def test_an_entry_that_never_fills_has_no_size() -> None:
    gone = OrderCanceled(at("11:35"), f"entry-{CALL_TRADE.holding}", "not filled in 300 s")

    assert not any(line.startswith("Position size") for line in lines_of([ledger_opened(), *ordered(CALL_TRADE), gone]))


def test_alarms_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="desk"):
        LogNotifier(logging.getLogger("desk")).notify(AlarmRaised(at("11:00"), "stuck", "5 attempts", "p1"), Book())

    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "Alarm stuck p1: 5 attempts")
    ]


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: type(event).__name__)
def test_no_event_raises_however_little_the_book_knows(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    """CS-626: people are alerted after the fact, never in an order's path."""
    with caplog.at_level(logging.CRITICAL + 1):
        LogNotifier(logging.getLogger("desk")).notify(event, Book())


# -- other holdings ----------------------------------------------------------------------------------------------------


def test_why_nothing_is_hedged_is_a_line_for_who_looks_closer() -> None:
    """DH-1101: the debug log."""
    notifier, book, quiet = LogNotifier(logging.getLogger("test")), Book(), []
    for event in a_hedge_day():
        book.apply(event)
        quiet += [line.text for line in notifier.lines(event, book) if line.level == logging.DEBUG]

    assert quiet == [
        f"No hedge of {HELD}: below_threshold; delta +0.012, threshold 0.15, dealer gamma +5m known",
    ]
