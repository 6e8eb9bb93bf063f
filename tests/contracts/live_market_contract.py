"""What every market shows, a live feed too: inherit `LiveMarketContract`, give `build`, `session` and `see`. R13.

A live feed shows the present and nothing else: time goes forward, and nothing of the past is asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession
from gammacore.errors import InvalidInput
from gammacore.ports.market_data import MarketData

Build = Callable[[], MarketData]
See = Callable[[dt.datetime], MarketSnapshot]
MOST_LOOKS = 30_000


class LiveMarketContract:
    """The cases. `build` makes the market of one underlying and session, the same one each time it is called."""

    underlying = "SPX"

    @pytest.fixture
    def build(self) -> Build:
        raise TypeError(f"{type(self).__name__} gives no fixture `build`")

    @pytest.fixture
    def session(self) -> TradingSession:
        raise TypeError(f"{type(self).__name__} gives no fixture `session`")

    @pytest.fixture
    def market(self, build: Build) -> MarketData:
        return build()

    @pytest.fixture
    def see(self, market: MarketData) -> See:
        """Lets it be that instant, where time has to be moved, and looks; called with ascending instants only."""
        return market.snapshot

    @pytest.fixture
    def looks(self, market: MarketData, session: TradingSession) -> list[dt.datetime]:
        """Every instant at which the loop would look, from the open to the close."""
        now, looks = session.open, [session.open]
        while now < session.close and len(looks) < MOST_LOOKS:
            now = market.next_at(now)
            looks.append(now)
        return looks

    def test_the_next_look_is_strictly_later_and_the_day_ends(
        self, looks: list[dt.datetime], session: TradingSession
    ) -> None:
        assert all(earlier < later for earlier, later in pairwise(looks))
        assert looks[-1] >= session.close

    def test_a_snapshot_is_of_the_instant_asked_for(self, see: See, looks: list[dt.datetime]) -> None:
        for now in looks[:50]:
            snapshot = see(now)
            assert (snapshot.at, snapshot.underlying) == (now, self.underlying)
            assert snapshot.quote_age_limit > 0

    def test_nothing_is_shown_before_it_was_seen(self, see: See, looks: list[dt.datetime]) -> None:
        for look in looks:
            for now in (look, look + dt.timedelta(seconds=0.5)):
                snapshot = see(now)
                assert snapshot.spot_at is None or snapshot.spot_at <= now
                assert (snapshot.spot is None) or snapshot.spot > 0
                if snapshot.chain is not None:
                    assert snapshot.chain.as_of <= now
                    assert not (snapshot.chain.quoted_at > now.timestamp()).any()

    def test_what_was_seen_does_not_grow_older(self, see: See, looks: list[dt.datetime]) -> None:
        seen = [see(now) for now in looks]
        chains = [snapshot.chain for snapshot in seen if snapshot.chain is not None]
        prices = [snapshot.spot_at for snapshot in seen if snapshot.spot_at is not None]

        assert all(earlier.as_of <= later.as_of for earlier, later in pairwise(chains))
        assert all(earlier <= later for earlier, later in pairwise(prices))

    def test_quotes_that_are_shown_can_be_used(self, see: See, looks: list[dt.datetime]) -> None:
        """CS-014."""
        for now in looks[:: max(1, len(looks) // 20)]:
            chain = see(now).chain
            if chain is not None:
                there = ~np.isnan(chain.bid)
                assert (there == ~np.isnan(chain.ask)).all()
                assert (chain.bid[there] <= chain.ask[there]).all()
                assert (chain.ask[there] > 0).all()
                assert np.isfinite(chain.quoted_at[there]).all()

    @pytest.mark.parametrize("call", ["snapshot", "next_at"])
    def test_a_time_without_offset_is_refused(self, market: MarketData, session: TradingSession, call: str) -> None:
        """R7."""
        with pytest.raises(InvalidInput):
            getattr(market, call)(session.open.replace(tzinfo=None))

    def test_a_settlement_is_a_print_or_none_and_never_of_another_day_or_underlying(
        self, market: MarketData, see: See, session: TradingSession
    ) -> None:
        """CS-528."""
        see(session.close)
        settlement = market.settlement(self.underlying, session.date)

        assert settlement is None or (settlement.price > 0 and settlement.source)
        assert market.settlement("NOSUCH", session.date) is None
        assert market.settlement(self.underlying, dt.date(1990, 1, 2)) is None

    def test_bars_lie_within_what_was_asked(self, market: MarketData, see: See, session: TradingSession) -> None:
        start, end = session.after_open(30), session.after_open(90)
        see(end)

        for seconds in (60, 300):
            bars = market.bars(self.underlying, seconds, start, end)
            assert all(bar.seconds == seconds and start <= bar.start and bar.end <= end for bar in bars)
            assert all(earlier.start < later.start for earlier, later in pairwise(bars))

    def test_it_has_a_name_for_the_journal(self, market: MarketData) -> None:
        assert market.label

    def test_the_fingerprint_is_of_the_content(self, build: Build) -> None:
        assert build().fingerprint() == build().fingerprint()
