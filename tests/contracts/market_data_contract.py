"""What a market that can be looked at again must do, recorded or simulated: everything a live feed does, and this. R13.

Inherit `MarketDataContract`, give the fixtures `build` and `session`.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from contracts.live_market_contract import Build, LiveMarketContract
from gammacore.domain.market import MarketSnapshot

__all__ = ["Build", "MarketDataContract", "assert_same_snapshot"]


class MarketDataContract(LiveMarketContract):
    """The cases of the past; those of the present are inherited."""

    def test_a_second_look_at_an_instant_shows_the_same(self, build: Build, looks: list[dt.datetime]) -> None:
        one, other = build(), build()
        other.snapshot(looks[-1])  # having looked later must not change what was to be seen earlier

        for now in looks[:: max(1, len(looks) // 20)]:
            assert_same_snapshot(one.snapshot(now), other.snapshot(now))
            assert one.next_at(now) == other.next_at(now)


def assert_same_snapshot(one: MarketSnapshot, other: MarketSnapshot) -> None:
    """Equal in every part and every column, NaN being equal to NaN."""
    parts = ("at", "underlying", "spot", "spot_at", "vix", "quote_age_limit", "previous_close", "share", "vix_at")
    for name in (*parts, "share_defect"):
        assert getattr(one, name) == getattr(other, name), name
    if one.chain is None or other.chain is None:
        assert one.chain is other.chain
        return
    for name in ("underlying", "as_of", "roots", "defects"):
        assert getattr(one.chain, name) == getattr(other.chain, name), name
    quotes = ("bid", "ask", "open_interest", "iv", "gamma", "quoted_at", "volume")
    for name in ("strike", "is_call", "expiry", "root", *quotes):
        np.testing.assert_array_equal(getattr(one.chain, name), getattr(other.chain, name), err_msg=name)
