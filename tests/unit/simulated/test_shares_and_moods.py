"""Format 2 of the simulated market: shares quoted and traded, moods, faults; format 1 keeps every byte. SC-431..433."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from gammacore.adapters.simulated.feed_faults import FaultKind, FeedFault
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.model import Shock
from gammacore.adapters.simulated.moods import MOODS, Mood, Temper
from gammacore.adapters.simulated.shares import ShareModel, share_tape
from gammacore.domain.gex.units import TODAY, Scope
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.market import Bar, OptionChain
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.errors import InvalidInput

SPY, SPX = REGISTRY["SPY"], REGISTRY["SPX"]
TUESDAY = dt.date(2026, 3, 3)
SESSION = TradingSession.of(TUESDAY)
HALF_DAY = TradingSession.of(dt.date(2026, 11, 27), close=dt.time(13))
SHARES = ShareModel()


def a_market(seed: int = 57, session: TradingSession = SESSION, **more: Any) -> SimulatedMarket:
    given = {"step_seconds": 1, "shares": SHARES, **more}
    return SimulatedMarket(given.pop("underlying", SPY), session, seed=seed, **given)


def second(number: float) -> dt.datetime:
    return SESSION.open + dt.timedelta(seconds=number)


def digest(market: SimulatedMarket) -> str:
    """A hash of what a day shows: looks, chains and bars."""
    whole = hashlib.sha256(market.fingerprint().encode())
    for minute in (-5, 0, 1, 100, 389, 390, 400):
        seen = market.snapshot(market.session.after_open(minute))
        whole.update(repr((seen.at, seen.spot, seen.spot_at, seen.vix, seen.previous_close, seen.share)).encode())
        if (chain := seen.chain) is not None:
            for column in (chain.strike, chain.bid, chain.ask, chain.iv.round(9), chain.open_interest, chain.quoted_at):
                whole.update(column.tobytes())
    for symbol in (market.underlying.symbol, "VIX"):
        for seconds in (60, 86_400):
            bars = market.bars(symbol, seconds, SESSION.open - dt.timedelta(days=5), market.session.close)
            prices = [(bar.start, bar.open, bar.high, bar.low, bar.close) for bar in bars]
            whole.update(repr(prices).encode())
    return whole.hexdigest()


FORMAT_1 = {
    "SPX": "61654e93e5a0193d4efc8c0f6eb39cb7722a9ac5887137658d4b9558fb194305",
    "SPY": "d07970864fc7ec082ea8d42b013b753e9b6361b2b5e224eff3bfb88d226b16f5",
}


@pytest.mark.parametrize("symbol", list(FORMAT_1))
def test_format_1_keeps_every_byte(symbol: str) -> None:
    """R14: seeds written down, ledgers begun and the day of the README stay what they are."""
    assert digest(SimulatedMarket(REGISTRY[symbol], SESSION, seed=57)) == FORMAT_1[symbol]


def test_shares_and_faults_move_no_price() -> None:
    plain = SimulatedMarket(SPY, SESSION, seed=57)
    quoted = a_market(step_seconds=60, faults=(FeedFault(FaultKind.SILENCE, 60, 90),))
    bars = [market.bars("SPY", 60, SESSION.open, SESSION.close) for market in (plain, quoted)]

    assert prices(bars[0]) == prices(bars[1])
    assert plain.settlement("SPY", TUESDAY) == quoted.settlement("SPY", TUESDAY)


def prices(bars: Any) -> list[tuple[Decimal, ...]]:
    return [(bar.open, bar.high, bar.low, bar.close) for bar in bars]


def test_every_figure_of_format_2_is_in_the_fingerprint() -> None:
    """R14"""
    days = [
        SimulatedMarket(SPY, SESSION, seed=57, step_seconds=1),
        a_market(),
        a_market(shares=ShareModel(spread_seconds=10)),
        a_market(mood="calm"),
        a_market(mood="spike"),
        a_market(expiries=Scope(90)),
        a_market(faults=(FeedFault("silence", 60, 90),)),
        a_market(faults=(FeedFault("silence", 60, 91),)),
    ]

    assert len({day.fingerprint() for day in days}) == len(days)
    assert a_market().fingerprint() == a_market().fingerprint()


def test_the_share_is_quoted_around_the_price_and_the_price_is_its_mid() -> None:
    market = a_market()
    for number in (0, 1, 5_000, 23_399):
        seen = market.snapshot(second(number))
        assert seen.share is not None
        assert seen.spot == seen.share.mid
        assert (seen.share.at, seen.vix_at) == (second(number), second(number))
        assert seen.share.width % Decimal("0.01") == 0
    assert market.snapshot(SESSION.close).share is None
    assert market.snapshot(second(-1)).share is None


def test_an_index_is_not_quoted_and_its_bars_have_no_volume() -> None:
    market = a_market(underlying=SPX)

    assert market.snapshot(second(60)).share is None
    assert {bar.volume for bar in market.bars("SPX", 60, SESSION.open, SESSION.close)} == {None}
    assert min(bar.volume or 0 for bar in market.bars("SPY", 60, SESSION.open, SESSION.close)) > 0


def test_most_quotes_of_a_calm_noon_are_a_tick_wide() -> None:
    """0.80 one tick, 0.16 two, 0.04 wider, at VIX 16; wider at the open and with VIX."""
    noon, dawn, nervous = Counter[int](), Counter[int](), Counter[int]()
    for seed in range(10):
        market = a_market(seed, vix=Decimal(16))
        spread = share_tape(SHARES, seed, TUESDAY, market._path).spread
        noon.update(spread[9_000:16_200].tolist())
        dawn.update(spread[:300].tolist())
        nervous.update(a_market(seed, mood=Mood.VOLATILE)._tape(SESSION).spread[9_000:16_200].tolist())

    parts = {ticks: count / noon.total() for ticks, count in noon.items()}
    assert parts[1] == pytest.approx(0.80, abs=0.03)
    assert parts[2] == pytest.approx(0.16, abs=0.03)
    assert max(noon) <= 12
    assert dawn[1] / dawn.total() < 0.5
    assert nervous[1] == 0


def test_the_half_days_volume_has_the_u_of_the_real_one() -> None:
    """GOOG, 210 minutes: 09:30-10:00 carries 19 % of the volume in 14 % of the time."""
    parts = []
    for seed in range(10):
        volume = [bar.volume or 0 for bar in a_market(seed, HALF_DAY).bars("SPY", 60, HALF_DAY.open, HALF_DAY.close)]
        parts.append(sum(volume[:30]) / sum(volume))

    assert np.mean(parts) == pytest.approx(0.19, abs=0.01)


def test_bars_of_any_length_share_out_the_same_volume() -> None:
    market = a_market()
    volume = {seconds: sum(bar.volume or 0 for bar in market.bars("SPY", seconds, SESSION.open, SESSION.close))
              for seconds in (1, 60, 300)}  # fmt: skip
    whole = a_market(session=TradingSession.of(dt.date(2026, 3, 4)))
    (day,) = whole.bars("SPY", 86_400, new_york(TUESDAY, dt.time()), new_york(dt.date(2026, 3, 4), dt.time()))

    assert len(set(volume.values())) == 1
    assert day.volume == volume[60]


def test_a_move_makes_volume() -> None:
    market = a_market()
    moves = np.abs(np.diff(market._path.price))
    volume = market._tape(SESSION).volume

    assert volume[moves >= 3].mean() > 1.2 * volume[moves == 0].mean()


def test_bars_before_and_after_the_bells_lead_from_the_close_to_the_open() -> None:
    """What overnight and premarket lines are made of, with little volume."""
    market, monday = a_market(), TradingSession.of(dt.date(2026, 3, 2))
    night: list[Bar] = list(market.bars("SPY", 60, monday.close, SESSION.open))
    regular = market.bars("SPY", 60, SESSION.open, SESSION.close)
    settled = market.settlement("SPY", monday.date)

    assert settled is not None
    assert len(night) == 240 + 330
    assert (night[0].open, night[-1].close) == (settled.price, regular[0].open)
    assert night[239].end == new_york(monday.date, dt.time(20))
    assert night[240].start == new_york(TUESDAY, dt.time(4))
    assert sum(bar.volume or 0 for bar in night) < 0.05 * sum(bar.volume or 0 for bar in regular)
    assert market.bars("SPY", 60, SESSION.close, SESSION.close + dt.timedelta(hours=4)) == []  # is still to come


def test_what_was_seen_of_a_night_does_not_depend_on_the_day_that_looks() -> None:
    monday = TradingSession.of(dt.date(2026, 3, 2))
    wednesday = a_market(session=TradingSession.of(dt.date(2026, 3, 4)))

    assert list(wednesday.bars("SPY", 60, monday.close, SESSION.close)) == list(
        a_market().bars("SPY", 60, monday.close, SESSION.close)
    )


@pytest.mark.parametrize("mood", list(Mood))
def test_the_days_of_a_mood_fit_together(mood: Mood) -> None:
    monday = a_market(session=TradingSession.of(dt.date(2026, 3, 2)), mood=mood)
    settled = monday.settlement("SPY", dt.date(2026, 3, 2))
    opened = a_market(mood=mood).snapshot(SESSION.open)

    assert settled is not None
    assert opened.previous_close == settled.price


def test_the_ordinary_mood_is_the_model_as_it_is() -> None:
    assert MOODS[Mood.NORMAL].temper == Temper()
    assert a_market().label == "simulated (seed 57, every 1 s)"
    assert a_market(mood=Mood.SPIKE).label == "simulated (seed 57, every 1 s, spike)"
    assert a_market(mood=Mood.CALM).snapshot(SESSION.open).vix == 12
    assert a_market(mood=Mood.VOLATILE).snapshot(SESSION.open).vix == 45
    assert a_market(mood=Mood.VOLATILE, vix=Decimal(30)).snapshot(SESSION.open).vix == 30


def moves(mood: Mood, seed: int) -> tuple[float, float]:
    """Sizes of the overnight gap and of the move from bell to bell, parts of the price."""
    market = a_market(seed, mood=mood)
    price, before = market._path.price / 100, float(market.snapshot(SESSION.open).previous_close or 0)
    return abs(price[0] / before - 1), abs(price[-1] / price[0] - 1)


def test_a_gapping_day_gaps_and_a_trending_one_goes_on() -> None:
    for seed in range(10):
        normal, gapping, trending = (moves(mood, seed) for mood in (Mood.NORMAL, Mood.GAPPING, Mood.TRENDING))
        assert gapping[0] > max(normal[0], 0.006)
        assert trending[1] > max(normal[1], 0.005)


def readings(market: SimulatedMarket) -> list[float]:
    """The volatility of each 21 one-minute closes of the session, a year."""
    closes = np.log([float(bar.close) for bar in market.bars("SPY", 60, SESSION.open, SESSION.close)])
    returns = np.diff(closes)
    return [float(returns[end - 20 : end].std(ddof=1)) * 98_280**0.5 for end in range(20, len(returns) + 1)]


def test_the_spikes_morning_is_quiet_and_its_afternoon_is_not() -> None:
    """A low-volatility morning, then above 0.20: the hybrid's afternoon."""
    for seed in range(10):
        read = readings(a_market(seed, mood=Mood.SPIKE))
        assert np.median(read[:200]) < 0.10
        assert max(read[240:280]) > 0.20
        assert max(readings(a_market(seed))[240:280]) < 0.20


def test_a_silent_feed_shows_what_it_showed_before_and_it_grows_old() -> None:
    market = a_market(faults=(FeedFault(FaultKind.SILENCE, 60, 90),))
    before, during, after = (market.snapshot(second(number)) for number in (59, 149, 150))

    assert (during.share, during.spot, during.spot_at, during.vix_at) == (
        before.share,
        before.spot,
        second(59),
        second(59),
    )
    assert during.chain is not None
    assert during.chain.as_of == second(59)
    assert during.at == second(149)
    assert not during.fresh(during.spot_at)
    assert after.spot_at == second(150)


def test_a_feed_that_is_silent_from_the_bell_on_shows_nothing() -> None:
    seen = a_market(faults=(FeedFault(FaultKind.SILENCE, 0, 10),)).snapshot(second(5))

    assert (seen.spot, seen.share, seen.chain, seen.vix) == (None, None, None, None)


def test_legs_that_stand_still_leave_the_share_alone() -> None:
    seen = a_market(faults=(FeedFault(FaultKind.STALE_LEGS, 100, 30),)).snapshot(second(120))

    assert seen.share is not None
    assert seen.share.at == second(120)
    assert seen.chain is not None
    assert set(seen.chain.quoted_at.tolist()) == {second(99).timestamp()}


def test_a_crossed_quote_is_none_and_says_so() -> None:
    market = a_market(faults=(FeedFault(FaultKind.CROSSED, 100, 2),))
    before, crossed, after = (market.snapshot(second(number)) for number in (99, 101, 102))

    assert (crossed.share, crossed.share_defect) == (None, "crossed")
    assert (crossed.spot, crossed.spot_at) == (before.spot, second(99))
    assert (after.share_defect, after.spot_at) == (None, second(102))


def test_an_index_has_no_quote_to_cross() -> None:
    with pytest.raises(InvalidInput, match="faults"):
        a_market(underlying=SPX, faults=(FeedFault(FaultKind.CROSSED, 100, 2),))


def test_a_shock_at_the_bell_is_led_up_to_before_it() -> None:
    market = a_market(shocks=(Shock(0, Decimal(-12)),))
    night = market.bars("SPY", 60, new_york(TUESDAY, dt.time(4)), SESSION.open)

    assert night[-1].close == market.bars("SPY", 60, SESSION.open, SESSION.close)[0].open


def test_the_chain_is_made_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    usual = SimulatedMarket._chain

    def noted(market: SimulatedMarket, number: int) -> OptionChain:
        made.append(number)
        return usual(market, number)

    monkeypatch.setattr(SimulatedMarket, "_chain", noted)
    market = a_market()

    seen = [market.snapshot(second(number)) for number in range(100)]
    assert made == []
    assert seen[7].chain is seen[7].chain is not None
    assert made == [7]


def test_expiries_to_90_days_are_listed_when_they_are_asked_for() -> None:
    listed = {
        scope: expiries(a_market(expiries=scope)) for scope in (TODAY, Scope(7), Scope(45), Scope(90), Scope(None))
    }

    assert listed[TODAY] == ["2026-03-03"]
    assert listed[Scope(7)] == ["2026-03-03", "2026-03-06"]
    assert listed[Scope(45)] == ["2026-03-03", "2026-03-06", "2026-03-20", "2026-04-17"]
    assert listed[Scope(90)] == listed[Scope(None)] == [*listed[Scope(45)], "2026-05-15"]


def expiries(market: SimulatedMarket) -> list[str]:
    chain = market.snapshot(second(1_800)).chain
    assert chain is not None
    return sorted(set(np.datetime_as_string(chain.expiry).tolist()))


def test_todays_rows_are_the_same_whatever_else_is_listed() -> None:
    alone, among = (a_market(expiries=scope).snapshot(second(1_800)).chain for scope in (TODAY, Scope(90)))
    assert alone is not None
    assert among is not None
    today = among.expiring(TUESDAY)

    for name in ("strike", "is_call", "bid", "ask", "iv", "open_interest", "volume"):
        np.testing.assert_array_equal(getattr(today, name), getattr(alone, name))


def test_later_options_cost_more_are_a_few_cents_wide_and_keep_parity() -> None:
    chain = a_market(expiries=Scope(90), vix=Decimal(16)).snapshot(second(1_800)).chain
    assert chain is not None
    strike = Decimal(round(float(a_market(vix=Decimal(16)).snapshot(second(1_800)).spot or 0)))
    days = [dt.date(2026, 3, 3), dt.date(2026, 3, 20), dt.date(2026, 4, 17), dt.date(2026, 5, 15)]
    quotes = [[chain.quote(SPY.contract(day, right, strike)) for right in Right] for day in days]
    mids = [sum(quote.mid for quote in pair if quote is not None) for pair in quotes]

    assert mids == sorted(mids)
    for quote in quotes[2]:  # 45 days
        assert quote is not None
        assert Decimal("0.06") <= quote.width <= Decimal("0.14")


def test_options_trade_all_day() -> None:
    market = a_market()
    morning, evening = (market.snapshot(SESSION.after_open(minute)).chain for minute in (1, 389))
    assert morning is not None
    assert evening is not None

    assert (evening.volume >= morning.volume).all()
    assert evening.volume.sum() == pytest.approx(0.5 * evening.open_interest.sum(), rel=0.02)
