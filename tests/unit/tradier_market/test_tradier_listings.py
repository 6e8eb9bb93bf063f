"""Expiries, strikes, hours: both shapes, and never "closed" for what was not understood."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.adapters.tradier.markets import read_clock, read_expirations
from gammacore.adapters.wire import UnreadableAnswer

EVE = dt.date(2025, 12, 24)


def test_expiries_come_as_dates_or_with_their_kinds_soonest_first() -> None:
    bare = read_expirations({"expirations": {"date": "2026-03-20"}})
    read = read_expirations({
        "expirations": {"expiration": [
            {"date": "2026-03-20", "expiration_type": "weeklys", "strikes": {"strike": [6000, 6005.0]}},
            {"date": "2026-03-20", "expiration_type": "standard", "contract_size": 100, "strikes": {"strike": 6000}},
            {"date": "2026-03-03", "expiration_type": "weeklys"},
        ]}
    })  # fmt: skip

    assert [expiry.date for expiry in bare] == [dt.date(2026, 3, 20)]
    assert [(expiry.date.day, expiry.expiration_type) for expiry in read] == [
        (3, "weeklys"), (20, "standard"), (20, "weeklys"),
    ]  # fmt: skip


def test_nothing_listed_is_distinguished_from_an_answer_not_understood() -> None:
    assert read_expirations({"expirations": None}) == []
    with pytest.raises(UnreadableAnswer):
        read_expirations({"fish": None})


@pytest.mark.parametrize(("state", "is_open"), [("open", True), ("premarket", False), ("closed", False)])
def test_only_the_regular_session_is_open(state: str, is_open: bool) -> None:
    """CS-303."""
    read = read_clock({"clock": {"timestamp": 1772548200, "state": state, "date": "2026-03-03"}})

    assert (read.at, read.is_open) == (dt.datetime(2026, 3, 3, 14, 30, tzinfo=dt.UTC), is_open)


def test_a_clock_without_a_state_is_no_clock() -> None:
    with pytest.raises(UnreadableAnswer):
        read_clock({"clock": {"timestamp": 1772548200}})
    with pytest.raises(UnreadableAnswer):
        read_clock({"clock": None})
