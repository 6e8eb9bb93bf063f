"""A recorded day as a market: cadence, holes, ages, settlement. R8, CS-014, CS-528."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import attrs
import pytest

from builders_recorded import DAY, a_chain, ny
from gammacore.adapters.recorded.market import ChainTape, RecordedMarket, Seen, Track, bars_within
from gammacore.adapters.recorded.store_market import stored_market
from gammacore.adapters.recorded.stored import day_of
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.market import Bar, OptionChain
from gammacore.domain.sessions import TradingSession
from gammacore.ports.market_data import SettlementPrint

SESSION = TradingSession.of(DAY)


def a_market(times: Sequence[str] = ("10:00", "10:05", "10:10", "10:15")) -> RecordedMarket:
    instants = tuple(ny(time) for time in times)
    tape = ChainTape(instants, lambda index: a_chain(instants[index]))
    step = tape.step_seconds()
    spots: Track[Seen | None] = Track.of((at, Seen(Decimal(6000 + number), at)) for number, at in enumerate(instants))
    return RecordedMarket("SPX", SESSION, tape, spots, step, Track.constant(2 * step), "content")


def test_before_the_first_recorded_instant_nothing_is_known() -> None:
    snapshot = a_market().snapshot(ny("09:59:59"))

    assert (snapshot.spot, snapshot.spot_at, snapshot.chain, snapshot.vix) == (None, None, None, None)


@pytest.mark.parametrize(
    ("now", "spot"), [("10:00", 6000), ("10:04:59", 6000), ("10:05", 6001), ("10:15", 6003), ("15:00", 6003)]
)
def test_a_snapshot_shows_the_newest_recorded_at_or_before_now(now: str, spot: int) -> None:
    snapshot = a_market().snapshot(ny(now))

    assert snapshot.at == ny(now)
    assert snapshot.spot == spot


def test_old_quotes_keep_their_own_time_and_go_stale_after_two_steps() -> None:
    """CS-014: two steps in replay."""
    market, call = a_market(), REGISTRY["SPX"].contract(DAY, Right.CALL, Decimal(770))

    assert market.snapshot(ny("10:25:00")).quote(call) is not None
    assert market.snapshot(ny("10:25:01")).quote(call) is None
    assert not market.snapshot(ny("10:25:01")).fresh(market.snapshot(ny("10:25:01")).spot_at)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("10:00", "10:05"),
        ("10:02", "10:05"),
        ("09:52:30", "10:00"),  # exactly 1.5 steps is no hole
        ("09:52:29", "09:57:29"),  # further: look one step later
        ("10:15", "10:20"),  # after the last
    ],
)
def test_the_next_look_is_the_next_recorded_instant_or_one_step_into_a_hole(after: str, expected: str) -> None:
    assert a_market().next_at(ny(after)) == ny(expected)


def test_the_step_is_the_median_so_that_a_hole_does_not_stretch_it() -> None:
    assert a_market(("10:00", "10:05", "10:10", "13:00")).step_seconds == 300


def test_a_single_recorded_instant_has_a_step_of_a_minute() -> None:
    assert a_market(("10:00",)).next_at(ny("10:00")) == ny("10:01")


def test_chains_are_built_once() -> None:
    market = a_market()

    assert market.snapshot(ny("10:06")).chain is market.snapshot(ny("10:09")).chain


def test_a_day_without_a_print_settles_at_its_last_price_before_the_close_and_says_so() -> None:
    """CS-528."""
    settlement = a_market(("10:00", "15:50", "16:00:01")).settlement("SPX", DAY)

    assert settlement == SettlementPrint(Decimal(6001), True, "last price before the close, 15:50:00 New York")


def test_a_known_print_wins_over_the_last_price() -> None:
    known = SettlementPrint(Decimal("6010.25"), False, "configured")
    market = attrs.evolve(a_market(), prints={DAY: known})

    assert market.settlement("SPX", DAY) == known


def test_a_price_from_before_the_open_settles_nothing() -> None:
    assert a_market(("08:00", "09:29:59")).settlement("SPX", DAY) is None


def test_longer_bars_are_built_of_the_native_ones_that_lie_within() -> None:
    def minute(time: str, price: int) -> Bar:
        high, low = Decimal(price + 2), Decimal(price - 2)
        return Bar(ny(time), 60, Decimal(price), high, low, Decimal(price + 1))

    native = [minute("10:00", 100), minute("10:01", 105), minute("10:05", 90), minute("10:09", 91)]

    five = bars_within(native, 300, ny("10:00"), ny("10:10"))

    assert [(bar.start, bar.open, bar.high, bar.low, bar.close) for bar in five] == [
        (ny("10:00"), *map(Decimal, (100, 107, 98, 106))),
        (ny("10:05"), *map(Decimal, (90, 93, 88, 92))),
    ]
    assert bars_within(native, 300, ny("10:01"), ny("10:10")) == five[1:]
    assert bars_within(native, 60, ny("10:00"), ny("10:02")) == tuple(native[:2])
    assert bars_within(native, 90, ny("10:00"), ny("10:10")) == ()
    assert bars_within(native, 86_400, ny("00:00"), ny("23:00")) == ()


@pytest.mark.parametrize("seconds", [60, 90, 300, 900])
@pytest.mark.parametrize(
    ("start", "end"), [("10:00", "10:10"), ("10:01", "10:15"), ("09:59:30", "10:15:30"), ("14:00", "14:05")]
)
def test_a_stored_day_shows_the_bars_it_was_stored_with(seconds: int, start: str, end: str) -> None:
    """ST-110: of the length asked for where the day has such at all, else built of shorter ones."""
    price = Decimal(100)
    native = [Bar(ny(f"10:{minute:02}"), 60, price, price + minute, price - minute, price) for minute in range(20)]
    native.append(Bar(ny("14:00"), 300, price, price, price, price))
    market = attrs.evolve(a_market(), bar_source=lambda _symbol, *asked: bars_within(native, *asked))

    stored = stored_market(day_of(market, None, ["SPX"]))

    assert stored.bars("SPX", seconds, ny(start), ny(end)) == market.bars("SPX", seconds, ny(start), ny(end))
    assert stored.bars("QQQ", seconds, ny(start), ny(end)) == ()


def test_a_chain_is_built_when_it_is_read_and_once() -> None:
    """ST-902: most looks of a day read none."""
    built: list[int] = []

    def build(index: int) -> OptionChain:
        built.append(index)
        return a_chain(ny("10:00"))

    market = attrs.evolve(a_market(), chains=ChainTape((ny("10:00"),), build))
    looks = [market.snapshot(ny("10:00")), market.snapshot(ny("10:01"))]
    assert built == []

    assert looks[0].chain is looks[1].chain
    assert built == [0]


def test_what_is_known_from_an_instant_on_is_known_at_that_instant_and_not_a_moment_earlier() -> None:
    track = Track.of([(ny("10:00"), 1), (ny("11:00"), 2), (ny("11:00"), 3)])
    moment = dt.timedelta(microseconds=1)

    assert [track.at(ny("10:00") - moment), track.at(ny("10:00")), track.at(ny("11:00"))] == [None, 1, 3]
