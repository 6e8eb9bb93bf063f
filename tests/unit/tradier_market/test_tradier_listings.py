"""Expiries, strikes, hours: both shapes, and never "closed" for what was not understood."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.adapters.tradier.exchange_hours import read_calendar, read_clock
from gammacore.adapters.tradier.faults import UnreadableAnswer
from gammacore.adapters.tradier.listings import read_expirations, read_strikes
from gammacore.domain.sessions import TradingSession

EVE = dt.date(2025, 12, 24)


def test_expiries_come_as_dates_or_with_their_kinds_soonest_first() -> None:
    bare = read_expirations({"expirations": {"date": "2026-03-20"}})
    told = read_expirations({
        "expirations": {"expiration": [
            {"date": "2026-03-20", "expiration_type": "weeklys", "strikes": {"strike": [6000, 6005.0]}},
            {"date": "2026-03-20", "expiration_type": "standard", "contract_size": 100, "strikes": {"strike": 6000}},
            {"date": "2026-03-03", "expiration_type": "weeklys"},
        ]}
    })  # fmt: skip

    assert [expiry.date for expiry in bare] == [dt.date(2026, 3, 20)]
    assert [(expiry.date.day, expiry.expiration_type, expiry.strikes.strike) for expiry in told] == [
        (3, "weeklys", ()), (20, "standard", (6000.0,)), (20, "weeklys", (6000.0, 6005.0)),
    ]  # fmt: skip


def test_nothing_listed_is_told_apart_from_an_answer_not_understood() -> None:
    assert read_expirations({"expirations": None}) == []
    assert read_strikes({"strikes": "null"}) == []
    for read in (read_expirations, read_strikes):
        with pytest.raises(UnreadableAnswer):
            read({"fish": None})


def test_a_strike_that_is_no_figure_is_refused() -> None:
    with pytest.raises(UnreadableAnswer):
        read_strikes({"strikes": {"strike": [6000, "many"]}})


def calendar(*days: object) -> object:
    return {"calendar": {"month": 12, "year": 2025, "days": {"day": list(days)}}}


def test_a_half_day_and_a_holiday() -> None:
    """CS-007, CS-008."""
    half = {"date": EVE.isoformat(), "status": "open", "open": {"start": "09:30", "end": "13:00"}}
    closed = {"date": "2025-12-25", "status": "closed"}

    known = read_calendar(calendar(half, closed))

    assert known == {EVE: TradingSession.of(EVE, close=dt.time(13)), dt.date(2025, 12, 25): None}


@pytest.mark.parametrize(
    "day",
    [
        {"date": "2025-12-24", "status": "open"},
        {"date": "2025-12-24", "status": "perhaps"},
        {"date": "2025-12-24"},
        {"status": "closed"},
        {"date": "2025-12-24", "status": "open", "open": {"start": "16:00", "end": "09:30"}},
        {"date": "2025-12-24", "status": "open", "open": {"start": "early", "end": "late"}},
    ],
)
def test_a_day_not_understood_is_never_a_closed_one(day: object) -> None:
    with pytest.raises(UnreadableAnswer):
        read_calendar(calendar(day))


@pytest.mark.parametrize(("state", "is_open"), [("open", True), ("premarket", False), ("closed", False)])
def test_only_the_regular_session_is_open(state: str, is_open: bool) -> None:
    """CS-303."""
    told = read_clock({"clock": {"timestamp": 1772548200, "state": state, "date": "2026-03-03"}})

    assert (told.at, told.is_open) == (dt.datetime(2026, 3, 3, 14, 30, tzinfo=dt.UTC), is_open)


def test_a_clock_without_a_state_is_no_clock() -> None:
    with pytest.raises(UnreadableAnswer):
        read_clock({"clock": {"timestamp": 1772548200}})
    with pytest.raises(UnreadableAnswer):
        read_clock({"clock": None})
