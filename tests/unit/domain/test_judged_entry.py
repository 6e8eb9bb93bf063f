"""A scheduled entry as it is reported: skipped, working, filled or never filled, in one sentence. Rule: CS-366."""

from __future__ import annotations

import pytest
from attrs import evolve

from builders import a_plan, at
from builders_day import entry_ticket, judged, ordered
from builders_desk import a_book, entry_filled
from builders_holdings import order_intended
from gammacore.domain import ledger
from gammacore.domain.judged_entry import EntryOutcome, JudgedEntry
from gammacore.domain.ledger import Event
from gammacore.domain.verdicts import Outcome, Verdict

PLAN = a_plan(contracts=3)
CANCELED = ledger.OrderCanceled(at("10:05"), "entry-p1", "not filled in 300 s")
UNKNOWN = ledger.OrderOutcomeUnknown(at("10:00"), "entry-p1", "no answer")


@pytest.mark.parametrize(
    ("events", "outcome", "sentence"),
    [
        ([], "working", "order accepted: 3 at a limit of 2.50"),
        ([entry_filled(PLAN, 2, "2.45")], "filled", "sold 2 of 3 at 2.45 (limit 2.50)"),
        ([entry_filled(PLAN, 2, None)], "filled", "sold 2 of 3 at an unknown price (limit 2.50)"),
        ([CANCELED], "unfilled", "not filled: 3 at a limit of 2.50, canceled (not filled in 300 s)"),
        ([CANCELED, entry_filled(PLAN, 3, "2.50")], "filled", "sold 3 of 3 at 2.50 (limit 2.50)"),
    ],
)
def test_what_became_of_the_order_is_what_became_of_the_entry(events: list[Event], outcome: str, sentence: str) -> None:
    book = a_book(ordered(PLAN), events)
    entry = JudgedEntry(judged("10:00"), book.order("entry-p1"))

    assert entry.outcome is EntryOutcome(outcome)
    assert entry.sentence == sentence
    assert entry.position == "p1"


def test_an_order_without_an_answer_is_still_at_work() -> None:
    """R4."""
    book = a_book(order_intended(at("10:00"), entry_ticket(PLAN), PLAN), UNKNOWN)

    assert JudgedEntry(judged("10:00"), book.order("entry-p1")).outcome is EntryOutcome.WORKING


def test_a_skip_says_the_rule_and_the_numbers() -> None:
    entry = JudgedEntry(judged("10:30", Verdict.skip("vix_ceiling", "VIX 21.3", ">= 20.0")))

    assert (entry.outcome, entry.position) == (EntryOutcome.SKIPPED, None)
    assert entry.sentence == "skip vix_ceiling: VIX 21.3 >= 20.0"
    assert entry.explanation == "skip vix_ceiling: VIX 21.3 >= 20.0"
    assert (entry.count(Outcome.SKIP), entry.count(Outcome.NOT_JUDGED)) == (1, 1)


def test_a_skip_without_numbers_is_its_reason() -> None:
    assert JudgedEntry(evolve(judged("10:30", Verdict.skip("halted")), explanation="")).sentence == "skip halted"


def test_a_passed_entry_without_an_order_is_reported_as_it_is() -> None:
    entry = JudgedEntry(judged("10:00"))

    assert entry.outcome is EntryOutcome.UNFILLED
    assert entry.sentence == "every filter passed, but no order is on record"
    assert (entry.scheduled_at, entry.at, entry.reason) == (at("10:00"), entry.record.at, None)
