"""The simulated market as market data: the same for the same seed, in any order, and never ahead of the clock."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.model import STARTING_PRICES, Shock, SimulationModel
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.pin import PinPolarity, find_pin
from gammacore.domain.gex.units import ExposureUnit
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.errors import InvalidInput

SPX = REGISTRY["SPX"]
TUESDAY = dt.date(2026, 3, 3)
SESSION = TradingSession.of(TUESDAY)


def a_market(seed: int = 33, date: dt.date = TUESDAY, step_seconds: int = 60) -> SimulatedMarket:
    return SimulatedMarket(SPX, TradingSession.of(date), seed=seed, step_seconds=step_seconds)


def at(time: str, date: dt.date = TUESDAY) -> dt.datetime:
    return new_york(date, dt.time.fromisoformat(time))


def shown(snapshot: MarketSnapshot) -> tuple[object, ...]:
    """All a snapshot shows, comparable."""
    chain = snapshot.chain
    columns = () if chain is None else (chain.bid, chain.ask, chain.iv, chain.open_interest, chain.quoted_at)
    seen = (snapshot.at, snapshot.spot, snapshot.spot_at, snapshot.vix, snapshot.previous_close)
    return (*seen, *(column.tobytes() for column in columns))


def test_the_same_seed_is_the_same_market() -> None:
    """R14"""
    one, other = a_market(), a_market()

    assert [shown(one.snapshot(SESSION.after_open(minute))) for minute in (0, 30, 389)] == [
        shown(other.snapshot(SESSION.after_open(minute))) for minute in (0, 30, 389)
    ]
    assert one.fingerprint() == other.fingerprint()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-60, 450), min_size=1, max_size=8), st.integers(0, 2**32))
def test_what_is_shown_does_not_depend_on_what_was_asked_before(minutes: list[int], seed: int) -> None:
    """R14"""
    market = a_market(seed)
    asked = {minute: shown(market.snapshot(SESSION.after_open(minute))) for minute in minutes}

    for minute in reversed(minutes):
        assert shown(a_market(seed).snapshot(SESSION.after_open(minute))) == asked[minute]


@pytest.mark.parametrize("step", [1, 7, 30, 60, 300])
def test_the_step_changes_how_often_one_looks_not_what_is_there(step: int) -> None:
    coarse, fine = a_market(step_seconds=step), a_market(step_seconds=1)
    now = SESSION.open

    for _ in range(40):
        assert coarse.snapshot(now).spot == fine.snapshot(now).spot
        now = coarse.next_at(now)


@pytest.mark.parametrize(
    ("time", "step", "expected"),
    [("10:00:59", 60, "10:00"), ("10:01", 60, "10:01"), ("09:59:58", 7, "09:59:52"), ("10:00:00.500000", 1, "10:00")],
)
def test_a_snapshot_is_of_the_last_step_at_or_before_now(time: str, step: int, expected: str) -> None:
    snapshot = a_market(step_seconds=step).snapshot(at(time))

    assert snapshot.at == snapshot.spot_at == at(expected)
    assert snapshot.quote_age_limit == 2 * step  # CS-014


def test_before_the_open_only_the_previous_close_is_known() -> None:
    before, opened = a_market().snapshot(at("09:29:59")), a_market().snapshot(at("09:30"))

    assert (before.spot, before.chain, before.vix) == (None, None, None)
    assert before.previous_close == opened.previous_close is not None
    assert opened.spot is not None
    assert opened.chain is not None


def test_from_the_close_on_there_is_a_last_price_and_no_chain() -> None:
    """CS-008, CS-528"""
    market = a_market()
    last, closed, evening = (market.snapshot(at(time)) for time in ("15:59", "16:00", "18:00"))

    assert last.chain is not None
    assert (closed.chain, evening.chain) == (None, None)
    settled = market.settlement("SPX", TUESDAY)
    assert settled is not None
    assert closed.spot == evening.spot == settled.price
    assert not settled.estimated
    assert evening.spot_at == SESSION.close
    assert not evening.fresh(evening.spot_at)


def test_steps_lead_from_the_open_to_the_close_whatever_their_length() -> None:
    market = a_market(step_seconds=7)
    now, seen = SESSION.open - dt.timedelta(hours=1), []
    while now < SESSION.close:
        assert market.next_at(now) > now
        now = market.next_at(now)
        seen.append(now)

    assert (seen[0], seen[1], seen[-1]) == (SESSION.open, SESSION.open + dt.timedelta(seconds=7), SESSION.close)
    assert market.next_at(SESSION.close) == SESSION.close + dt.timedelta(seconds=7)


def test_a_half_day_ends_at_13_00() -> None:
    """CS-008"""
    session = TradingSession.of(dt.date(2026, 11, 27), close=dt.time(13))
    market = SimulatedMarket(SPX, session, seed=33)

    assert market.snapshot(session.before_close(1)).chain is not None
    assert market.snapshot(session.close).chain is None
    settled = market.settlement("SPX", session.date)
    assert settled is not None
    assert settled.price == market.snapshot(session.close).spot


def test_there_is_no_settlement_of_a_day_to_come_nor_of_another_underlying() -> None:
    market = a_market()

    assert market.settlement("SPX", TUESDAY + dt.timedelta(days=1)) is None
    assert market.settlement("NDX", TUESDAY) is None
    assert market.settlement("SPX", dt.date(2026, 3, 1)) is None  # a Sunday


def test_a_day_opens_after_the_last_ones_close() -> None:
    """The days of a seed fit together: previous close, settlement and daily bar are one figure."""
    monday = a_market(date=dt.date(2026, 3, 2))
    settled = monday.settlement("SPX", dt.date(2026, 3, 2))
    assert settled is not None
    tuesday = a_market()

    assert tuesday.snapshot(at("09:30")).previous_close == settled.price
    assert tuesday.settlement("SPX", dt.date(2026, 3, 2)) == settled
    assert tuesday.bars("SPX", 86_400, at("00:00", dt.date(2026, 3, 2)), at("09:30"))[-1].close == settled.price


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([1, 60, 300, 3600, 86_400]), st.integers(-2000, 2000), st.integers(0, 2000))
def test_bars_lie_inside_what_was_asked_for(seconds: int, offset: int, length: int) -> None:
    """No look-ahead: nothing after `end` is in a bar, so a bar asked for at 10:00 knows nothing of 10:01."""
    start = SESSION.after_open(offset)
    end = start + dt.timedelta(minutes=length if seconds > 1 else length % 10)
    bars = a_market().bars("SPX", seconds, start, end)

    assert all(start <= bar.start and bar.end <= end and bar.seconds == seconds for bar in bars)
    assert [bar.start for bar in bars] == sorted(bar.start for bar in bars)


def test_a_bar_is_made_of_what_was_shown_while_it_lasted() -> None:
    market = a_market(step_seconds=1)
    (bar,) = market.bars("SPX", 300, at("10:00"), at("10:05"))
    spots = [market.snapshot(bar.start + dt.timedelta(seconds=second)).spot for second in range(300)]

    assert (bar.open, bar.close) == (spots[0], spots[-1])
    assert (bar.low, bar.high) == (min(spot for spot in spots if spot), max(spot for spot in spots if spot))


def test_bars_look_the_same_before_and_after_the_future_has_happened() -> None:
    market = a_market()
    early = list(market.bars("SPX", 300, SESSION.open, at("11:00")))

    market.snapshot(SESSION.close)

    assert list(market.bars("SPX", 300, SESSION.open, SESSION.close))[: len(early)] == early
    assert market.bars("SPX", 86_400, at("00:00"), at("16:00")) == []  # today's bar is not over


def test_entry_filters_find_the_bars_they_need() -> None:
    """CS-314, CS-315, CS-316, CS-319, CS-333, CS-355..358"""
    market, now = a_market(), at("10:00")
    yesterday = at("09:30", dt.date(2026, 3, 2))

    assert len(market.bars("SPX", 300, yesterday, now)) == 78 + 6
    assert len(market.bars("SPX", 60, SESSION.open, now)) == 30
    assert len(market.bars("VIX", 300, SESSION.open, now)) == 6
    assert len(market.bars("SPY", 86_400, now - dt.timedelta(days=40), now)) >= 20
    assert market.bars("AAPL", 300, yesterday, now) == []


def test_the_hedge_share_is_the_index_at_its_ratio() -> None:
    market = a_market()
    (index,) = market.bars("SPX", 300, at("10:00"), at("10:05"))
    (share,) = market.bars("SPY", 300, at("10:00"), at("10:05"))

    assert abs(share.close * SPX.hedge_ratio - index.close) <= Decimal("0.05")


def test_a_calendar_takes_its_holidays_out_of_the_history() -> None:
    class NoMonday:
        def session(self, date: dt.date) -> TradingSession | None:
            return None if date == dt.date(2026, 3, 2) else TradingSession.of(date)

        def next_session(self, date: dt.date) -> TradingSession:
            return TradingSession.of(date + dt.timedelta(days=1))

    market = SimulatedMarket(SPX, SESSION, seed=33, calendar=NoMonday())
    friday = a_market(date=dt.date(2026, 2, 27)).settlement("SPX", dt.date(2026, 2, 27))

    assert friday is not None
    assert market.snapshot(SESSION.open).previous_close == friday.price
    assert market.bars("SPX", 300, at("09:30", dt.date(2026, 3, 2)), at("16:00", dt.date(2026, 3, 2))) == []


def test_a_shock_is_a_lasting_step_and_vix_answers() -> None:
    calm = a_market()
    crashed = SimulatedMarket(SPX, SESSION, seed=33, shocks=(Shock(90, Decimal(-200)),))
    before, after = at("10:59"), at("11:00")
    was, now = calm.snapshot(after), crashed.snapshot(after)

    assert crashed.snapshot(before).spot == calm.snapshot(before).spot
    assert was.spot is not None
    assert now.spot == was.spot - 200
    assert was.vix is not None
    assert now.vix is not None
    assert now.vix > was.vix + 3
    assert now.chain is not None
    assert now.chain.strike.min() < float(now.spot)  # still listed


def test_a_given_vix_holds() -> None:
    market = SimulatedMarket(SPX, SESSION, seed=33, vix=Decimal("16.5"))

    assert {market.snapshot(SESSION.after_open(minute)).vix for minute in range(0, 391, 30)} == {Decimal("16.50")}


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 34},
        {"step_seconds": 30},
        {"vix": Decimal(16)},
        {"start_price": Decimal(5000)},
        {"shocks": (Shock(1, Decimal(1)),)},
        {"model": SimulationModel(pin_strength=0.5)},
        {"session": TradingSession.of(dt.date(2026, 3, 4))},
    ],
)
def test_the_fingerprint_tells_markets_apart(change: dict[str, object]) -> None:
    assert evolve(a_market(), **change).fingerprint() != a_market().fingerprint()  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("seed", {"seed": -1}),
        ("step_seconds", {"step_seconds": 0}),
        ("vix", {"vix": Decimal(0)}),
        ("vix", {"vix": Decimal("nan")}),
        ("start_price", {"start_price": Decimal(0)}),
        ("shocks", {"shocks": (Shock(1, Decimal(-100_000)),)}),
        ("date", {"session": TradingSession.of(dt.date(2026, 3, 1))}),
    ],
)
def test_figures_that_make_no_market_are_refused(field: str, change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        evolve(a_market(), **change)  # type: ignore[arg-type]  # by name
    assert refused.value.field == field


def test_an_unlisted_underlying_says_where_it_trades() -> None:
    stock = evolve(REGISTRY["SPY"], symbol="XYZ", option_root="XYZ", hedge_share="XYZ")
    with pytest.raises(InvalidInput, match="start_price"):
        SimulatedMarket(stock, SESSION, seed=1)

    market = SimulatedMarket(stock, SESSION, seed=1, start_price=Decimal(150))

    assert market.snapshot(SESSION.open).spot is not None


@pytest.mark.parametrize("symbol", sorted(STARTING_PRICES))
def test_every_registered_underlying_has_a_market(symbol: str) -> None:
    market = SimulatedMarket(REGISTRY[symbol], SESSION, seed=1)
    snapshot = market.snapshot(SESSION.after_open(30))

    assert snapshot.spot is not None
    assert 0.7 < float(snapshot.spot / STARTING_PRICES[symbol]) < 1.3
    assert snapshot.chain is not None
    assert snapshot.chain.defects == {}


def test_ordinary_days_have_a_pin_with_positive_exposure_near_the_price() -> None:
    """CS-104..108"""
    near = 0
    for seed in range(20):
        snapshot = a_market(seed).snapshot(at("10:00"))
        assert snapshot.chain is not None
        assert snapshot.spot is not None
        exposure = measure_exposure(snapshot.chain, snapshot.spot).converted(ExposureUnit.PER_100PCT)
        pin = find_pin(exposure.strikes, exposure.net, snapshot.spot, SPX)
        assert pin is not None
        near += pin.polarity is PinPolarity.POSITIVE and abs(pin.strike - snapshot.spot) <= 50

    assert near >= 15


def test_a_year_of_days_stays_sane() -> None:
    """One seed, 261 weekdays: levels, VIX and daily moves of an ordinary index."""
    date, closes, vixes = dt.date(2026, 1, 1), [], []
    while date.year == 2026:
        if date.weekday() < 5:
            session = TradingSession.of(date)
            last = SimulatedMarket(SPX, session, seed=7).snapshot(session.close)
            assert last.spot is not None
            assert last.vix is not None
            closes.append(float(last.spot))
            vixes.append(float(last.vix))
        date += dt.timedelta(days=1)

    moves = np.diff(np.log(closes))
    assert 4000 < min(closes) < max(closes) < 8000
    assert 9 < min(vixes) < max(vixes) < 60
    assert 13 < float(np.median(vixes)) < 20
    assert 0.06 < float(np.std(moves)) * 252**0.5 < 0.18
