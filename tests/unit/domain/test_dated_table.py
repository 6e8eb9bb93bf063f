"""Tables with dates in them name what they know, and their end is warned of 60 days ahead. Rules: CS-304, CS-352."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.configuration import configure
from gammacore.configuration.brokers import kit_of
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.dated_table import Coverage, Horizon
from gammacore.errors import InvalidInput, MissingData
from gammacore.wiring.session_rules import dated_tables

KNOWN = Horizon("days", dt.date(2025, 1, 29), dt.date(2028, 1, 26), "a page", "it passes", "it is closed", "add days")
NEAR = "days are known only to 2028-01-26 (a page)"


@pytest.mark.parametrize(
    ("date", "coverage", "warning"),
    [
        ("2025-01-28", Coverage.BEFORE, "days are not known before 2025-01-29 (a page): on 2025-01-28 it passes"),
        ("2025-01-29", Coverage.KNOWN, None),
        ("2027-11-26", Coverage.KNOWN, None),
        ("2027-11-27", Coverage.KNOWN, f"{NEAR}, 60 days from 2027-11-27; then it is closed"),
        ("2028-01-25", Coverage.KNOWN, f"{NEAR}, 1 day from 2028-01-25; then it is closed"),
        ("2028-01-26", Coverage.KNOWN, f"{NEAR}, 0 days from 2028-01-26; then it is closed"),
        ("2028-01-27", Coverage.AFTER, "days are not known after 2028-01-26 (a page): on 2028-01-27 it is closed"),
    ],
)  # fmt: skip
def test_a_table_says_where_it_ends_60_days_ahead(date: str, coverage: Coverage, warning: str | None) -> None:
    day = dt.date.fromisoformat(date)

    assert KNOWN.coverage(day) is coverage
    assert KNOWN.warning(day) == warning


def test_a_table_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput, match="last: 2024-01-01 is not valid; give 2025-01-01 or later"):
        Horizon("days", dt.date(2025, 1, 1), dt.date(2024, 1, 1), "", "", "", "")


@pytest.mark.parametrize("broker", [BrokerName.TRADIER, BrokerName.ALPACA])
def test_every_table_a_real_broker_needs_names_its_dates_source_and_fix(broker: BrokerName) -> None:
    day = dt.date(2026, 3, 3)
    tables = dated_tables(configure().settings, broker, NyseCalendar(), day)

    assert [table.table for table in tables] == [
        "sessions, holidays and half days of the exchange", "FOMC announcement days", f"rules of {broker}",
        f"pattern-day-trader rules of {broker}",
    ]  # fmt: skip
    for table in tables:
        assert table.coverage(day) is Coverage.KNOWN
        assert table.warning(table.last - dt.timedelta(days=60)) is not None
        assert table.source
        assert table.fix


def test_a_table_that_nothing_looks_into_is_not_named() -> None:
    off = configure([{"entries.fomc.on": False, "account.intraday_margin_since": dt.date(2026, 7, 1)}]).settings
    tables = dated_tables(off, BrokerName.TRADIER, NyseCalendar(), dt.date(2026, 8, 3))

    assert [table.table for table in tables] == ["sessions, holidays and half days of the exchange", "rules of tradier"]


def test_before_a_broker_has_rules_its_own_close_is_missing_and_not_none() -> None:
    with pytest.raises(MissingData, match="nothing is known for 1999-12-31"):
        kit_of(BrokerName.ALPACA).facts.own_close("SPXW", dt.date(1999, 12, 31))
