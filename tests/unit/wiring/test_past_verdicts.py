"""What `reconcile` shows beside a running loop: the verdicts that are in its ledger. Rule: CS-572."""

from __future__ import annotations

from builders import at
from gammacore.application.take_in import ReconcileVerdict
from gammacore.domain.holding_events import DifferenceSeen, HoldingAdjusted
from gammacore.domain.ledger import Event
from gammacore.wiring import past_verdicts

LEG = "SPXW260105P06870000"


def verdicts(*events: Event) -> list[tuple[str, str]]:
    return [(one.symbol, str(one.verdict)) for one in past_verdicts(events)]


def test_a_doubt_is_looked_at_again_and_its_end_is_no_verdict() -> None:
    began, ended = DifferenceSeen(at("10:00"), LEG, -3, "p1"), DifferenceSeen(at("10:01"), LEG, 0, "")

    assert verdicts(began, ended) == [(LEG, ReconcileVerdict.LOOK_AGAIN)]


def test_what_went_is_missing_and_what_came_back_is_ours_again() -> None:
    went = HoldingAdjusted(at("10:06"), "p1", LEG, -3, None, "gone")
    back = HoldingAdjusted(at("10:09"), "p1", LEG, 3, None, "back")

    assert verdicts(went, back) == [(LEG, ReconcileVerdict.MISSING), (LEG, ReconcileVerdict.ADOPTED)]


def test_a_record_of_format_1_names_the_spread_that_was_absent() -> None:
    assert verdicts(DifferenceSeen(at("10:00"), "", 0, "p1")) == [("p1", ReconcileVerdict.MISSING)]


def test_a_ledger_without_a_word_has_none() -> None:
    assert verdicts() == []
