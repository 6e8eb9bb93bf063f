"""What a straddle is hedged on while its delta is missing. Rule: SC-445."""

import datetime as dt
from decimal import Decimal

import pytest

from gammacore.domain.holdings.plans import DeltaWatch
from gammacore.domain.scalping.blindness import KnownDelta, Sight, known_delta

NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
LAST = DeltaWatch(Decimal("7.43"), Decimal("2.2155"), Decimal(590), NOON)


def seen(
    seconds: float, price: str | None = "590", last: DeltaWatch | None = LAST, measured: str | None = None
) -> KnownDelta:
    now = NOON + dt.timedelta(seconds=seconds)
    known = None if measured is None else Decimal(measured)
    return known_delta(known, last, None if price is None else Decimal(price), now, NOON, 30.0)


def test_a_measured_delta_is_used_as_it_is() -> None:
    assert seen(1_000, measured="3.5") == KnownDelta(Sight.SEEN, Decimal("3.5"))


@pytest.mark.parametrize(("price", "shares"), [("590", "7.43"), ("592", "11.861"), ("588", "2.999")])
def test_the_last_good_delta_moves_with_the_price_by_its_gamma(price: str, shares: str) -> None:
    assert seen(29, price) == KnownDelta(Sight.ESTIMATED, Decimal(shares))


@pytest.mark.parametrize(
    ("seconds", "sight"), [(29, Sight.ESTIMATED), (30, Sight.ESTIMATED), (30.001, Sight.EXIT), (31, Sight.EXIT)]
)
def test_after_the_limit_the_straddle_is_sold(seconds: float, sight: Sight) -> None:
    """SC-1306: 29 s after the last good delta it is hedged, 31 s after it is not."""
    assert seen(seconds).sight is sight


@pytest.mark.parametrize(("seconds", "sight"), [(30, Sight.UNKNOWN), (31, Sight.EXIT)])
def test_without_any_good_delta_the_time_counts_from_the_start(seconds: float, sight: Sight) -> None:
    assert seen(seconds, last=None).sight is sight


def test_without_a_usable_price_nothing_is_hedged() -> None:
    assert seen(10, price=None) == KnownDelta(Sight.UNKNOWN)
