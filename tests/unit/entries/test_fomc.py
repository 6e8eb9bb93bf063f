"""No premium is sold on FOMC announcement days, nor where they are not known. Rules: CS-304, CS-352."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.configuration import configure, read_environment
from gammacore.domain.entries.event_days import FOMC_ANNOUNCEMENTS, FomcGate
from gammacore.domain.verdicts import Outcome
from gammacore.errors import ConfigurationError

DAY = dt.timedelta(days=1)
FIRST, LAST = dt.date(2025, 1, 29), dt.date(2028, 1, 26)
YEAR_2034 = tuple(
    dt.date.fromisoformat(f"2034-{day}")
    for day in ("01-25", "03-15", "04-26", "06-14", "07-26", "09-13", "10-25", "12-06")
)


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2025, "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10"),
        (2026, "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09"),
        (2027, "01-27 03-17 04-28 06-09 07-28 09-15 10-27 12-08"),
        (2028, "01-26"),
    ],
)
def test_the_dates_are_those_of_the_rule(year: int, days: str) -> None:
    """CS-352, ruling T."""
    assert [f"{date:%m-%d}" for date in FOMC_ANNOUNCEMENTS if date.year == year] == days.split()


@pytest.mark.parametrize("date", FOMC_ANNOUNCEMENTS)
def test_every_announcement_day_is_skipped_and_its_neighbours_are_not(date: dt.date) -> None:
    assert FomcGate().judge(date).reason == "fomc_day"
    assert FomcGate().judge(date - DAY).passed
    assert FomcGate().judge(date + DAY).passed == (date != LAST)


@pytest.mark.parametrize(
    ("date", "outcome", "passes"),
    [
        (dt.date(2015, 12, 24), Outcome.UNKNOWN, True),
        (FIRST - DAY, Outcome.UNKNOWN, True),
        (FIRST, Outcome.SKIP, False),
        (FIRST + DAY, Outcome.PASS, True),
        (LAST - DAY, Outcome.PASS, True),
        (LAST, Outcome.SKIP, False),
        (LAST + DAY, Outcome.UNKNOWN, False),
        (dt.date(2034, 1, 3), Outcome.UNKNOWN, False),
    ],
)
def test_beyond_the_last_date_known_nothing_is_sold_and_before_the_first_it_passes(
    date: dt.date, outcome: Outcome, passes: bool
) -> None:
    """CS-304: closed after the last date known, open before the first."""
    verdict = FomcGate().judge(date)

    assert (verdict.outcome, verdict.passed) == (outcome, passes)
    if outcome is Outcome.UNKNOWN:
        assert verdict.reason == "fomc_day_unknown"
        assert verdict.limit == ("no dates known before 2025-01-29" if passes else "no dates known after 2028-01-26")


def test_configured_dates_extend_the_shipped_ones_in_any_order_and_twice_is_once() -> None:
    """CS-352: "more in configuration"."""
    added = FomcGate(dates=(dt.date(2028, 4, 26), dt.date(2028, 3, 15), dt.date(2028, 3, 15), dt.date(2027, 1, 27)))

    assert added.judge(dt.date(2027, 3, 17)).reason == "fomc_day"
    assert added.judge(dt.date(2028, 3, 15)).reason == "fomc_day"
    assert added.judge(dt.date(2028, 3, 16)).passed
    assert added.judge(dt.date(2028, 4, 27)).reason == "fomc_day_unknown"
    assert added.known.count(dt.date(2028, 3, 15)) == added.known.count(dt.date(2027, 1, 27)) == 1


@pytest.mark.parametrize(
    ("date", "passes"),
    [
        (dt.date(2028, 2, 1), False),
        (dt.date(2030, 6, 3), False),
        (dt.date(2033, 11, 22), False),  # more than nine weeks before 2034-01-25: a meeting may lie between
        (dt.date(2033, 11, 23), True),
        (dt.date(2034, 1, 3), True),
        (dt.date(2034, 12, 5), True),
        (dt.date(2034, 12, 7), False),
    ],
)
def test_dates_of_a_later_year_say_nothing_of_the_years_between(date: dt.date, passes: bool) -> None:
    """CS-304: a year without dates fails closed."""
    assert FomcGate(dates=YEAR_2034).judge(date).passed is passes


def test_the_end_is_warned_of_60_days_ahead_and_before_a_gap_too() -> None:
    """CS-304."""
    for gate in (FomcGate(), FomcGate(dates=YEAR_2034)):
        assert gate.horizon(dt.date(2027, 11, 26)).warning(dt.date(2027, 11, 26)) is None
        near = gate.horizon(dt.date(2027, 11, 27)).warning(dt.date(2027, 11, 27))
        assert near is not None
        assert "only to 2028-01-26" in near
        assert "60 days" in near


def test_the_gate_can_be_switched_off() -> None:
    assert FomcGate(on=False).judge(FOMC_ANNOUNCEMENTS[0]).passed
    assert FomcGate(on=False).judge(dt.date(2034, 1, 3)).passed


@pytest.mark.parametrize(
    "written",
    ["2028-02-30", "soon", "2028-03-15T14:00", "0028-03-15", "2828-03-15", 20280315, True,
     dt.datetime(2028, 3, 15, 14, tzinfo=dt.UTC)],
)  # fmt: skip
def test_a_value_that_is_not_a_date_is_refused_by_its_key(written: object) -> None:
    with pytest.raises(ConfigurationError, match=r"entries\.fomc\.dates: .* is not valid; give "):
        configure([{"entries.fomc.dates": [written]}])


def test_dates_can_be_given_as_a_variable() -> None:
    given = read_environment({"GAMMACORE_ENTRIES__FOMC__DATES": "2028-03-15, 2028-04-26"})

    assert configure([given]).settings.entries.fomc.judge(dt.date(2028, 4, 26)).reason == "fomc_day"
