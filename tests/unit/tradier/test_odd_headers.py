"""No header of an answer ends the loop: what cannot be read is not believed. Rules: R5, CS-630."""

from __future__ import annotations

import datetime as dt

import pytest

from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.pacing import Lane, Pacer, PacingLimits

NOW = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)
ODD = ["many", "", " ", "-1", "1e9", "²", "٣", "99999999999", "9" * 15, "9" * 400, "nan", "120, 60", "1787148000.5"]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["x-ratelimit-available", "x-ratelimit-expiry"])
def test_an_odd_header_is_not_believed_and_holds_no_request_back_for_longer_than_a_minute(name: str, odd: str) -> None:
    clock = FakeClock(NOW)
    pacer = Pacer(clock, PacingLimits())
    pacer.received(Lane.STANDARD, {"x-ratelimit-available": "5", "x-ratelimit-expiry": "1787148000", name: odd})
    for _ in range(10):
        pacer.take_turn(Lane.STANDARD)

    assert clock.now() - NOW <= dt.timedelta(minutes=1)
