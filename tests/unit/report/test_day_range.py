"""Which days of a ledger a command means. Rule: OP-107."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gammacore.domain.reports.day_range import EVERY_DAY, DayRange
from gammacore.errors import InvalidInput, MissingData

MONDAY = dt.date(2026, 3, 2)
WEEK = [MONDAY + dt.timedelta(days=n) for n in range(5)]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (EVERY_DAY, WEEK),
        (DayRange(day=WEEK[2]), WEEK[2:3]),
        (DayRange(first=WEEK[1]), WEEK[1:]),
        (DayRange(last=WEEK[1]), WEEK[:2]),
        (DayRange(first=WEEK[1], last=WEEK[3]), WEEK[1:4]),
        (DayRange(newest=1), WEEK[4:]),
        (DayRange(newest=5), WEEK),
        (DayRange(newest=9), WEEK),
        (DayRange(day=dt.date(2026, 3, 9)), []),
    ],
    ids=str,
)
def test_the_days_meant(asked: DayRange, meant: list[dt.date]) -> None:
    assert list(asked.dates(WEEK)) == meant


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"day": MONDAY, "newest": 2}, "give one of the three"),
        ({"first": MONDAY, "newest": 2}, "give one of the three"),
        ({"day": MONDAY, "last": MONDAY}, "give one of the three"),
        ({"first": WEEK[3], "last": WEEK[1]}, "--from: 2026-03-05 is not valid; give a date up to --to 2026-03-03"),
        ({"newest": 0}, "--last: 0 is not valid; give 1 day or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        DayRange(**given)


def test_a_day_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(MissingData, match="holds no trading day yet"):
        DayRange(day=MONDAY).of(())
