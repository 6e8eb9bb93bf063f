"""A change of desks that takes too long is reported. Rules: SC-016, SC-507."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import at
from builders_desk import a_book
from builders_gamma import a_gamma_look
from gammacore.domain.desks.hybrid import HybridDesk
from gammacore.domain.ledger import DeskSwitched
from gammacore.domain.strategy import Warn
from gammacore.domain.words import DeskState, SwitchStep


@pytest.mark.parametrize(
    ("quote_age_limit", "seconds", "is_overdue"),
    [(15, 59, False), (15, 60, True), (120, 60, False), (120, 179, False), (120, 180, True)],
)
def test_a_change_is_overdue_after_its_timeout_and_in_a_study_of_minutes_after_three_looks(
    quote_age_limit: float, seconds: int, is_overdue: bool
) -> None:
    now = at("11:00")
    then, wild = now - dt.timedelta(seconds=seconds), Decimal("0.25")
    begun = DeskSwitched(then, DeskState.ST0CKA, DeskState.TO_GAMMA, SwitchStep.BEGUN, wild, "intraday")
    look = a_gamma_look("11:00", book=a_book(begun))
    look = evolve(look, market=evolve(look.market, quote_age_limit=quote_age_limit))

    warned = [one.code for one in HybridDesk().decide(look).steps if isinstance(one, Warn)]

    assert ("transition_overdue" in warned) is is_overdue
