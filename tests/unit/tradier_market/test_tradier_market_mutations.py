"""Whatever Tradier's answers turn into, a look shows usable figures or says that it cannot. R7."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders_tradier_market import DAY, SESSION, TEN, AnsweringTradier, a_quote, an_option, answering
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.errors import MarketDataError

LATER = SESSION.close + dt.timedelta(minutes=20)
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12),
    st.just("null"), st.just({}), st.just([]), st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31", 253402300799000]),
)  # fmt: skip


def full_answers() -> AnsweringTradier:
    """Every resource a market asks for."""
    vendor = answering()
    vendor.bodies["markets/quotes"] = {"quotes": {"quote": [
        a_quote("SPX", 6000.12, TEN, close=6001.0, bid=6000, bid_date=1, ask=6001, ask_date=1),
        a_quote("VIX", 15.5, TEN),
    ]}}  # fmt: skip
    vendor.bodies["markets/options/chains"] = {"options": {"option": [
        an_option(strike, right) for strike in (5990, 6000, 6010) for right in "CP"
    ]}}  # fmt: skip
    row = {"timestamp": int(TEN.timestamp()), "open": 1, "high": 2, "low": 1, "close": 2}
    vendor.bodies["markets/timesales"] = {"series": {"data": [row, {**row, "timestamp": row["timestamp"] + 60}]}}
    vendor.bodies["markets/history"] = {"history": {"day": [{**row, "date": DAY.isoformat()}]}}
    return vendor


def cells_of(body: Any) -> list[tuple[Any, Any]]:
    """Every place of a body that can be changed: the container, and the key in it."""
    keys = list(body) if isinstance(body, dict) else list(range(len(body))) if isinstance(body, list) else []
    return [(body, key) for key in keys] + [cell for key in keys for cell in cells_of(body[key])]


@given(st.lists(st.tuples(st.integers(0, 10_000), CELLS), min_size=1, max_size=4))
def test_a_mutated_answer_is_read_or_refused_in_our_words(changes: list[tuple[int, Any]]) -> None:
    vendor = full_answers()
    vendor.bodies = deepcopy(vendor.bodies)  # rows that were one are not changed together
    for place, cell in changes:
        places = cells_of(vendor.bodies)
        container, key = places[place % len(places)]
        container[key] = cell
    market, evening = vendor.market(FakeClock(TEN + dt.timedelta(minutes=5))), vendor.market(FakeClock(LATER))

    for look in (
        lambda: market.snapshot(TEN),
        lambda: market.bars("SPX", 60, SESSION.open, TEN),
        lambda: market.bars("SPX", 600, SESSION.open, LATER),
        lambda: market.bars("SPX", 86_400, SESSION.open - dt.timedelta(days=3), LATER),
        lambda: evening.settlement("SPX", DAY),
    ):
        with suppress(MarketDataError):  # nothing else: it would end the loop
            look()
