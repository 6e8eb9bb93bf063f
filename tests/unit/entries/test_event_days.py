"""No entry on event days or around an event; off unless asked for. Rule: CS-367."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import Settings, configure, read_environment, read_toml
from gammacore.configuration.sample import sample_toml
from gammacore.domain.announced import MarketEvent
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.dated_table import Coverage
from gammacore.domain.entries.event_days import (
    COMPUTED_FROM,
    COMPUTED_TO,
    ComputedEvent,
    EventDays,
    EventsMissing,
    falls_on,
)
from gammacore.domain.sessions import new_york
from gammacore.domain.verdicts import Verdict
from gammacore.errors import ConfigurationError
from gammacore.wiring.session_rules import dated_tables

FRIDAY, MONDAY_15 = 4, 15
CPI = MarketEvent("CPI", dt.date(2026, 12, 10), dt.time(8, 30), "bls.gov")
FED = MarketEvent("Beige Book", dt.date(2026, 12, 2), dt.time(14), "federalreserve.gov")


def judged(days: EventDays, date: str, time: str = "10:00") -> Verdict:
    day = dt.date.fromisoformat(date)
    return days.judge(day, new_york(day, dt.time.fromisoformat(time)))


@pytest.fixture(scope="module")
def sessions() -> Mapping[tuple[int, int], list[dt.date]]:
    """The sessions of each month of the exchange's calendar."""
    found: dict[tuple[int, int], list[dt.date]] = {}
    exchange, date = NyseCalendar(), COMPUTED_FROM
    while date <= COMPUTED_TO:
        if exchange.session(date) is not None:
            found.setdefault((date.year, date.month), []).append(date)
        date += dt.timedelta(days=1)
    return found


def test_computed_events_agree_with_the_exchanges_calendar_on_every_session_of_thirty_years(
    sessions: Mapping[tuple[int, int], list[dt.date]],
) -> None:
    for (year, month), days in sessions.items():
        third = next(
            date for day in range(MONDAY_15, 22) if (date := dt.date(year, month, day)).weekday() == FRIDAY
        )  # fmt: skip
        expiry = max(day for day in days if day <= third)
        assert [day for day in days if falls_on(ComputedEvent.OPEX, day)] == [expiry]
        assert [day for day in days if falls_on(ComputedEvent.MONTH_END, day)] == [days[-1]]
        is_quarter = month % 3 == 0
        assert [day for day in days if falls_on(ComputedEvent.TRIPLE_WITCHING, day)] == [expiry] * is_quarter
        assert [day for day in days if falls_on(ComputedEvent.QUARTER_END, day)] == [days[-1]] * is_quarter


@pytest.mark.parametrize(
    ("date", "kind"),
    [
        ("2026-06-18", "opex"),  # Juneteenth is the third Friday
        ("2025-04-17", "opex"),  # Good Friday is
        ("2024-03-28", "quarter_end"),  # Good Friday is the 29th
        ("2026-12-31", "quarter_end"),
    ],
)
def test_where_the_exchange_is_closed_the_event_is_the_session_before(date: str, kind: str) -> None:
    verdict = judged(EventDays(on=True), date)

    assert verdict.reason == "event_day"
    assert verdict.value.startswith(f"{kind} {date}")


def test_off_by_default_every_day_passes() -> None:
    assert judged(EventDays(events=(CPI,)), "2026-12-10").passed
    assert judged(EventDays(), "2050-01-03").value == "off"


def test_an_announced_event_keeps_its_whole_day_free_and_names_its_source() -> None:
    days = EventDays(on=True, events=(CPI, CPI), complete_to=dt.date(2026, 12, 31))

    assert judged(days, "2026-12-10").value == "CPI 2026-12-10 08:30 bls.gov"
    assert judged(days, "2026-12-11").passed


@pytest.mark.parametrize(
    ("time", "passes"),
    [("13:29", True), ("13:30", False), ("14:00", False), ("14:30", False), ("14:31", True)],
)
def test_within_minutes_before_and_after_an_event_nothing_is_opened(time: str, passes: bool) -> None:
    days = EventDays(on=True, events=(FED,), minutes=30)

    assert judged(days, "2026-12-02", time).passed is passes


def test_an_event_without_a_time_keeps_its_day_free_whatever_the_minutes() -> None:
    assert judged(EventDays(on=True, minutes=30), "2026-12-18").reason == "event_day"


@pytest.mark.parametrize("date", ["2026-12-01", "2026-12-09", "2026-12-11"])
@pytest.mark.parametrize("policy", list(EventsMissing))
def test_a_date_outside_the_table_is_missing_by_the_policy_chosen(date: str, policy: EventsMissing) -> None:
    verdict = judged(EventDays(on=True, events=(CPI,), missing=policy), date)

    assert verdict.reason == "event_day_unknown"
    assert verdict.passed is (policy is EventsMissing.OPEN)
    assert verdict.limit == "event days (CPI) known 2026-12-10 to 2026-12-10"


@pytest.mark.parametrize("date", ["2005-12-29", "2036-01-02"])
def test_the_shipped_table_names_its_horizon(date: str) -> None:
    verdict = judged(EventDays(on=True), date)

    assert verdict.reason == "event_day_unknown"
    assert "known 2006-01-01 to 2035-12-31" in verdict.limit


def test_its_end_is_among_those_warned_of_only_while_it_is_on() -> None:
    def tables(**given: object) -> list[str]:
        settings = configure([{f"entries.event_days.{key}": value for key, value in given.items()}]).settings
        found = dated_tables(settings, BrokerName.FAKE, NyseCalendar(), dt.date(2026, 12, 1))
        return [each.table for each in found if each.warning(dt.date(2026, 12, 1)) is not None]

    assert tables(events=[str(CPI)], on=True) == ["event days (CPI)"]
    assert tables(events=[str(CPI)]) == []
    assert all(each.coverage(dt.date(2026, 12, 1)) is Coverage.KNOWN for each in EventDays(on=True).horizons)


TOML = """
[entries.event_days]
on = true
computed = ["month_end"]
minutes = 45
missing = "open"
complete_to = 2027-01-31
"""


@pytest.mark.parametrize(
    "events",
    [
        'events = ["CPI 2026-12-10 08:30 bls.gov", "Election 2026-11-03 by law"]',
        'events = [{name = "CPI", date = 2026-12-10, time = "08:30", source = "bls.gov"}, '
        '{name = "Election", date = "2026-11-03", source = "by law"}]',
        '[[entries.event_days.events]]\nname = "CPI"\ndate = 2026-12-10\ntime = 08:30:00\nsource = "bls.gov"\n'
        '[[entries.event_days.events]]\nname = "Election"\ndate = 2026-11-03\nsource = "by law"',
    ],
)
def test_events_are_written_as_lines_or_as_tables(events: str, tmp_path: Path) -> None:
    file = tmp_path / "gammacore.toml"
    file.write_text(TOML + events, encoding="utf-8")

    days = configure([read_toml(file)]).settings.entries.event_days

    assert days.events == (CPI, MarketEvent("Election", dt.date(2026, 11, 3), None, "by law"))
    assert (days.computed, days.minutes, days.missing) == ((ComputedEvent.MONTH_END,), 45, EventsMissing.OPEN)


def test_events_can_be_given_as_a_variable() -> None:
    written = "CPI 2026-12-10 08:30 bls.gov, PPI 2026-12-11 08:30 bls.gov"
    given = read_environment({"GAMMACORE_ENTRIES__EVENT_DAYS__EVENTS": written})

    assert [each.name for each in configure([given]).settings.entries.event_days.events] == ["CPI", "PPI"]


@pytest.mark.parametrize(
    "event",
    ["CPI", "CPI 2026-12-10", "CPI 2026-02-30 08:30 bls.gov", "CPI 2026-12-10 25:00 bls.gov", 5,
     "CPI 0026-12-10 bls.gov", {"name": "CPI", "date": "2026-12-10"}, {"name": "", "date": "2026-12-10", "source": "x"},
     {"name": "CPI", "date": dt.datetime(2026, 12, 10, 8, 30, tzinfo=dt.UTC), "source": "bls.gov"},
     {"name": "CPI", "date": "2026-12-10", "at": "08:30", "source": "bls.gov"}],
)  # fmt: skip
def test_a_value_that_is_not_an_event_is_refused_with_an_example(event: object) -> None:
    with pytest.raises(ConfigurationError, match=r"entries\.event_days\.events: .* give an event like .CPI 2026-12-10"):
        configure([{"entries.event_days.events": [event]}])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"on": True, "computed": []}, "name events in computed or events"),
        ({"events": [str(CPI)], "complete_to": "2026-12-09"}, "give the date of your last event or later"),
        ({"complete_to": "2026-12-09"}, "give the events it is about"),
        ({"computed": ["opexx"]}, "give one of opex, triple_witching, month_end, quarter_end"),
        ({"minutes": -1}, "give a number at least 0"),
        ({"missing": "maybe"}, "give one of closed, open"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_by_key(given: Mapping[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"entries\.event_days\.\w+: .*{message}"):
        configure([{f"entries.event_days.{key}": value for key, value in given.items()}])


def test_the_sample_names_every_key() -> None:
    section = sample_toml().split("[entries.event_days]")[1].split("\n[")[0]

    assert all(f"# {key} = " in section for key in ("on", "computed", "events", "complete_to", "minutes", "missing"))
    assert 'computed = ["opex", "quarter_end"]' in section
    assert Settings().entries.event_days.on is False
