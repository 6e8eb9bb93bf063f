"""Every part of every detector at and just past its edge, every cap, every direction. Rules: SC-311..323."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from builders_gex import NAN, Row, a_chain
from builders_scalping import Figure, a_minute, in_a_row, minutes
from gammacore.domain.gex.exposure import measure_exposure
from gammacore.domain.gex.units import GreeksSource, regular_settlement
from gammacore.domain.market import Bar, OptionChain
from gammacore.domain.scalping.battle_lines import BattleLines, Range
from gammacore.domain.scalping.opening_range import OpeningRange
from gammacore.domain.scalping.signals.dealer_gamma import DealerGamma, detect_by_portfolio_delta, detect_dealer_gamma
from gammacore.domain.scalping.signals.detectors import DETECTORS, composite_score, read_signals, strongest
from gammacore.domain.scalping.signals.signal import DealerField, SignalName, SignalReading, SignalView, without_bars
from gammacore.domain.words import Confidence, Direction

BULLISH, BEARISH, NEUTRAL = Direction.BULLISH, Direction.BEARISH, Direction.NEUTRAL
QUIET = SignalView(Decimal(590), minutes(*[590] * 10))


def view(price: Figure = 590, **changes: Any) -> SignalView:
    return evolve(QUIET, price=Decimal(price), **changes)


def parts(name: SignalName, seen: SignalView) -> list[str]:
    return list(DETECTORS[name](seen).parts)


def way(name: SignalName, seen: SignalView) -> Direction:
    return DETECTORS[name](seen).direction


def oi(strike: float, call: float = 0, put: float = 0) -> list[Row]:
    rows = [(True, call), (False, put)]
    return [Row(strike, is_call, open_interest=held, root="SPY") for is_call, held in rows if held != 0]


def strikes(*rows: list[Row]) -> OptionChain:
    return a_chain([row for pair in rows for row in pair], underlying="SPY")


def last_bar(volume: int | None = 1000, **prices: Any) -> tuple[Bar, ...]:
    """Nine flat minutes at 590 of 1,000 shares, then one more."""
    return in_a_row([*QUIET.bars[:9], a_minute(prices.pop("close", 590), volume=volume, **prices)])


# -- GAMMA_SQUEEZE: SC-312 ---------------------------------------------------------------------------------------------
SQUEEZE = SignalName.GAMMA_SQUEEZE


@pytest.mark.parametrize(
    ("price", "held", "scale", "scores"),
    [
        ("590.99", 1001, "1", True),
        ("591.00", 1001, "1", False),
        ("589.01", 1001, "1", True),
        ("589.00", 1001, "1", False),
        ("590.00", 1000, "1", False),
        ("590.00", NAN, "1", False),
        ("591.00", 1001, "1.25", True),
    ],
)
def test_a_squeeze_has_a_much_held_strike_within_a_dollar(price: str, held: float, scale: str, scores: bool) -> None:
    for chain in (strikes(oi(590, call=held)), strikes(oi(590, put=held))):
        assert ("strike" in parts(SQUEEZE, view(price, chain=chain, scale=Decimal(scale)))) is scores


@pytest.mark.parametrize(
    ("close", "scores", "direction"),
    [
        ("590.20", False, BULLISH),
        ("590.21", True, BULLISH),
        ("589.80", False, BEARISH),
        ("589.79", True, BEARISH),
        ("590", False, NEUTRAL),
    ],
)
def test_a_squeeze_moves_by_over_twenty_cents(close: str, scores: bool, direction: Direction) -> None:
    seen = view(bars=last_bar(close=close))
    assert ("move" in parts(SQUEEZE, seen)) is scores
    assert way(SQUEEZE, seen) is direction


@pytest.mark.parametrize(("volume", "scores"), [(2000, False), (2001, True), (None, False)])
def test_a_squeeze_has_twice_the_volume(volume: int | None, scores: bool) -> None:
    assert ("volume" in parts(SQUEEZE, view(bars=last_bar(volume)))) is scores


def test_a_whole_squeeze_scores_its_most() -> None:
    seen = view(bars=last_bar(2001, close="590.21"), chain=strikes(oi(590, call=1001)))
    reading = DETECTORS[SQUEEZE](seen)
    assert (reading.score, reading.confidence, reading.missing) == (Decimal("8.5"), Confidence.HIGH, ())


def test_what_a_squeeze_lacks_is_named() -> None:
    """SC-010."""
    assert DETECTORS[SQUEEZE](view(bars=last_bar(None))).missing == ("chain", "volume_ratio")


# -- OPENING_DRIVE: SC-313 ---------------------------------------------------------------------------------------------
DRIVE = SignalName.OPENING_DRIVE
RANGE = OpeningRange(Decimal(590), Decimal(592), Decimal(588), 3000)
LINES = BattleLines(
    Range(Decimal(595), Decimal(585)), Range(Decimal(594), Decimal(586)), Range(Decimal(593), Decimal(587))
)


def driven(price: Figure, **changes: Any) -> SignalView:
    return view(price, **{"opening": RANGE, "lines": LINES, **changes})


@pytest.mark.parametrize(
    ("price", "found", "direction"),
    [
        ("591.18", [], NEUTRAL),
        ("591.19", ["move"], BULLISH),
        ("588.82", [], NEUTRAL),
        ("588.81", ["move"], BEARISH),
        ("593.00", ["move"], BULLISH),
        ("593.01", ["move", "premarket"], BULLISH),
        ("595.00", ["move", "premarket"], BULLISH),
        ("595.01", ["move", "previous_session"], BULLISH),
        ("587.00", ["move"], BEARISH),
        ("586.99", ["move", "premarket"], BEARISH),
        ("585.00", ["move", "premarket"], BEARISH),
        ("584.99", ["move", "previous_session"], BEARISH),
    ],
)
def test_a_drive_leaves_the_open_and_the_lines(price: str, found: list[str], direction: Direction) -> None:
    assert parts(DRIVE, driven(price)) == found
    assert way(DRIVE, driven(price)) is direction


@pytest.mark.parametrize(("ratio", "scores"), [("2", False), ("2.001", True), (None, False)])
def test_a_drive_has_twice_the_opening_volume(ratio: str | None, scores: bool) -> None:
    seen = driven(596, opening_volume_ratio=Fraction(ratio) if ratio else None)
    assert ("volume" in parts(DRIVE, seen)) is scores


def test_a_whole_drive_scores_its_most() -> None:
    assert DETECTORS[DRIVE](driven(596, opening_volume_ratio=Fraction(3))).score == Decimal("7.5")
    assert DETECTORS[DRIVE](driven(594, opening_volume_ratio=Fraction(3))).score == Decimal("7.0")


def test_a_drive_without_its_inputs() -> None:
    """SC-010, SC-305."""
    assert DETECTORS[DRIVE](view(596)).missing == ("bars", "opening_range")
    assert DETECTORS[DRIVE](driven(596, lines=None)).missing == ("battle_lines", "opening_volume_ratio")
    morningless = BattleLines(LINES.previous)
    assert DETECTORS[DRIVE](driven(594, lines=morningless)).missing == ("premarket", "opening_volume_ratio")
    assert parts(DRIVE, driven(594, lines=morningless)) == ["move"]
    openless = evolve(RANGE, open=None)
    assert not DETECTORS[DRIVE](driven(596, opening=openless)).is_present


# -- VWAP_RECLAIM: SC-314 ----------------------------------------------------------------------------------------------
RECLAIM = SignalName.VWAP_RECLAIM
VWAP = Fraction(590)


@pytest.mark.parametrize(
    ("price", "scores"), [("590.19", True), ("590.20", False), ("589.81", True), ("589.80", False)]
)
def test_a_reclaim_is_within_twenty_cents_of_vwap(price: str, scores: bool) -> None:
    assert ("near" in parts(RECLAIM, view(price, vwap=VWAP))) is scores


@pytest.mark.parametrize(("volume", "scores"), [(1500, False), (1501, True), (None, False)])
def test_a_reclaim_has_one_and_a_half_times_the_volume(volume: int | None, scores: bool) -> None:
    assert ("volume" in parts(RECLAIM, view(vwap=VWAP, bars=last_bar(volume)))) is scores


@pytest.mark.parametrize(("close", "scores"), [("590.50", False), ("590.49", True), ("589.51", True)])
def test_a_reclaim_comes_nearer(close: str, scores: bool) -> None:
    seen = view(vwap=VWAP, bars=minutes("590.50", close))
    assert ("nearer" in parts(RECLAIM, seen)) is scores


@pytest.mark.parametrize(
    ("before", "price", "direction"),
    [
        ("589.99", "590", BULLISH),
        ("590.01", "590", BEARISH),
        ("590", "590.50", NEUTRAL),
        ("590", "591.18", NEUTRAL),  # 0.2 %
        ("591", "591.19", BEARISH),
        ("591", "592.94", BEARISH),
        ("591", "592.95", NEUTRAL),  # 0.5 %
        ("589", "588.81", BULLISH),
        ("589", "587.05", NEUTRAL),
    ],
)
def test_a_reclaim_points_the_way_it_crossed_or_towards_vwap(before: str, price: str, direction: Direction) -> None:
    assert way(RECLAIM, view(price, vwap=VWAP, bars=minutes(before, 590))) is direction


def test_a_whole_reclaim_scores_its_most_and_none_without_vwap() -> None:
    bars = in_a_row([*minutes(*[590] * 8), a_minute("589.5"), a_minute("589.9", volume=1501)])
    assert DETECTORS[RECLAIM](view(vwap=VWAP, bars=bars)).score == Decimal("7.0")
    assert DETECTORS[RECLAIM](view()) == without_bars(RECLAIM, "vwap")


# -- LIQUIDITY_VACUUM: SC-315 ------------------------------------------------------------------------------------------
VACUUM = SignalName.LIQUIDITY_VACUUM


@pytest.mark.parametrize(
    ("close", "volume", "scores"),
    [
        ("590.885", 799, False),  # 0.15 %
        ("590.89", 799, True),
        ("589.11", 799, True),
        ("590.89", 800, False),
        ("590.89", None, False),
    ],
)
def test_a_vacuum_moves_on_little_volume(close: str, volume: int | None, scores: bool) -> None:
    assert ("thin_move" in parts(VACUUM, view(bars=last_bar(volume, close=close)))) is scores


@pytest.mark.parametrize(
    ("opened", "scores"), [("590.20", False), ("590.21", True), ("589.80", False), ("589.79", True)]
)
def test_a_vacuum_has_a_gap(opened: str, scores: bool) -> None:
    assert ("gap" in parts(VACUUM, view(bars=last_bar(opened=opened)))) is scores


@pytest.mark.parametrize(("widens", "scores"), [(True, True), (False, False), (None, False)])
def test_a_vacuum_has_a_widening_spread(widens: bool | None, scores: bool) -> None:
    assert ("spread" in parts(VACUUM, view(spread_widens=widens))) is scores


def test_a_whole_vacuum_scores_its_most_and_takes_the_gap_to_trade() -> None:
    seen = view(bars=last_bar(799, close="590.89", opened="590.21"), spread_widens=True)
    reading = DETECTORS[VACUUM](seen)
    assert (reading.score, reading.direction) == (Decimal("6.5"), BULLISH)
    without_gap = DETECTORS[VACUUM](view(bars=last_bar(799, close="589.11", opened=590), spread_widens=True))
    assert (without_gap.judge(Confidence.MEDIUM).reason, without_gap.direction) == ("score_low", BEARISH)


# -- OPTIONS_PIN: SC-316 -----------------------------------------------------------------------------------------------
PIN = SignalName.OPTIONS_PIN
WILD = in_a_row([a_minute(590, high=591, low=589)] * 5)


@pytest.mark.parametrize(
    ("price", "scores"), [("590.49", True), ("590.50", False), ("589.51", True), ("589.50", False)]
)
def test_a_pin_is_within_fifty_cents(price: str, scores: bool) -> None:
    call, put = strikes(oi(590, call=10)), strikes(oi(590, put=10))
    assert (parts(PIN, view(price, chain=call, bars=WILD)) == ["call"]) is scores
    assert (parts(PIN, view(price, chain=put, bars=WILD)) == ["put"]) is scores


def test_a_pin_is_of_the_heaviest_strike_within_five_dollars() -> None:
    assert parts(PIN, view(chain=strikes(oi(590, call=10), oi(595, call=11)), bars=WILD)) == []
    assert parts(PIN, view(chain=strikes(oi(590, call=10), oi(595.5, call=11)), bars=WILD)) == ["call"]
    assert parts(PIN, view(chain=strikes(oi(590, call=NAN)), bars=WILD)) == []
    assert parts(PIN, view(chain=strikes(oi(590, call=10), oi(591, call=10)), bars=WILD)) == ["call"]


def test_ties_of_the_heaviest_strike_go_to_the_nearer_then_the_lower() -> None:
    two = strikes(oi(589.75, call=10), oi(590.25, call=10))
    assert way(PIN, view("590", chain=two)) is BEARISH
    assert way(PIN, view("590.01", chain=two)) is BULLISH


@pytest.mark.parametrize(("high", "scores"), [("590.50", False), ("590.49", True)])
def test_a_pin_has_a_narrow_range_of_five_bars(high: str, scores: bool) -> None:
    bars = in_a_row([a_minute(590, high=600), *minutes(*[590] * 4), a_minute(590, high=high)])
    chain = strikes(oi(590, call=10))
    assert ("range" in parts(PIN, view(chain=chain, bars=bars))) is scores
    assert "range" not in parts(PIN, view(chain=strikes(oi(595, call=10)), bars=minutes(*[590] * 5)))
    few = DETECTORS[PIN](view(chain=chain, bars=minutes(*[590] * 4)))
    assert (few.parts, few.missing) == ({"call": Decimal(3)}, ("bars", "hours_left"))


@pytest.mark.parametrize(("hours", "score"), [(4.0, "3.0"), (3.99, "3.60"), (None, "3.0")])
def test_a_pin_weighs_more_late_in_the_day(hours: float | None, score: str) -> None:
    seen = view(chain=strikes(oi(590, call=10)), bars=WILD, hours_left=hours)
    assert DETECTORS[PIN](seen).score == Decimal(score)


def test_a_pin_is_capped_at_six() -> None:
    """SC-316: 8.4 to 6.0."""
    both = DETECTORS[PIN](view(chain=strikes(oi(590, call=10, put=10)), hours_left=3.0))
    assert (sum(both.parts.values()) * both.factor, both.score) == (Decimal("8.4"), Decimal("6.0"))


@pytest.mark.parametrize(
    ("call", "put", "direction"),
    [(590.25, 589.75, BULLISH), (589.75, 590.25, BEARISH), (590, 589.75, NEUTRAL), (595, 589.75, BEARISH)],
)
def test_a_pin_pulls_to_the_call_strike_where_it_scored(call: float, put: float, direction: Direction) -> None:
    assert way(PIN, view(chain=strikes(oi(call, call=10), oi(put, put=10)))) is direction


def test_without_a_chain_there_is_no_pin() -> None:
    assert DETECTORS[PIN](view()) == without_bars(PIN, "chain")


# -- DARK_POOL_FLOW: SC-317 --------------------------------------------------------------------------------------------
FLOW = SignalName.DARK_POOL_FLOW


def flow(*volumes: int | None, high: Figure = 590) -> tuple[Bar, ...]:
    return in_a_row([a_minute(590, volume=volume, high=high) for volume in volumes])


@pytest.mark.parametrize(
    ("volume", "high", "prints"),
    [(300, "590.19", 0), (301, "590.19", 1), (301, "590.20", 0)],
)
def test_a_print_is_three_times_the_average_in_a_narrow_bar(volume: int, high: str, prints: int) -> None:
    reading = DETECTORS[FLOW](view(bars=flow(*[100] * 9, volume, high=high)))
    assert reading.parts.get("prints", 0) == 2 * prints


def test_two_prints_and_rising_volume_add_up_to_the_cap() -> None:
    """SC-317: to 5.5; a print within the nine raises its own average."""
    one = DETECTORS[FLOW](view(bars=flow(*[100] * 3, 10_000, *[100] * 6)))
    assert one.parts == {"prints": Decimal("2.0")}
    two = DETECTORS[FLOW](view("590.01", bars=flow(*[100] * 7, 3000, 100, 3000)))
    assert two.parts == {"prints": Decimal("4.0"), "several": Decimal("1.5"), "rising_volume": Decimal("1.0")}
    assert (two.score, two.confidence, two.direction) == (Decimal("5.5"), Confidence.MEDIUM, BULLISH)


@pytest.mark.parametrize(("price", "direction"), [("590.01", BULLISH), ("590", NEUTRAL), ("589.99", BEARISH)])
def test_flow_points_to_the_side_of_the_newest_print(price: str, direction: Direction) -> None:
    bars = (*flow(*[100] * 3, 10_000, *[100] * 5), *minutes(600, first="09:39"))
    assert way(FLOW, view(price, bars=bars)) is direction
    assert way(FLOW, view(price, bars=flow(*[100] * 10))) is NEUTRAL


def test_flow_needs_ten_bars_with_volume() -> None:
    assert DETECTORS[FLOW](view(bars=flow(*[100] * 9))) == without_bars(FLOW)
    assert DETECTORS[FLOW](view(bars=flow(*[100] * 9, None))) == without_bars(FLOW, "volume")


# -- DEALER_GAMMA: SC-318..321 -----------------------------------------------------------------------------------------
DEALERS = SignalName.DEALER_GAMMA


def lean(imbalance: int, flip: float | None = None) -> DealerField:
    return DealerField(float(imbalance), 1000.0, flip)


def test_the_vector_of_sc_321_is_none() -> None:
    rows = [(588, 0.05, 1000, 3000), (590, 0.08, 2000, 5000), (592, 0.05, 4000, 1000)]
    chain = a_chain(
        [Row(strike, is_call, held, gamma=gamma) for strike, gamma, *both in rows
         for is_call, held in zip((True, False), both, strict=True)]
    )  # fmt: skip
    field = DealerField.of(measure_exposure(chain, Decimal(590), greeks=GreeksSource.FEED), Decimal(590))
    assert (round(field.net), round(field.gross)) == (-66_139_000, 351_581_000)
    assert field.imbalance == pytest.approx(-0.1881, abs=5e-5)
    assert not detect_dealer_gamma(view(dealers=field)).is_present


def test_only_strikes_within_three_percent_count() -> None:
    """SC-318."""
    rows = [Row(strike, True, gamma=0.05) for strike in (572.3, 572.2, 607.7, 607.8)]
    exposure = measure_exposure(a_chain(rows), Decimal(590), greeks=GreeksSource.FEED)
    assert DealerField.of(exposure, Decimal(590)).gross == pytest.approx(2 * 0.05 * 100 * 100 * 3481)


def test_the_field_is_measured_by_our_own_gamma_and_its_flip_by_the_repriced_chain() -> None:
    """SC-318, SC-319."""
    rows = [Row(590, False, 3000, iv=0.2), Row(596, True, 2000, iv=0.2), Row(480, True, 10**6, iv=0.2)]
    field = DealerField.measured(a_chain(rows), Decimal(590), settles_at=regular_settlement)
    assert field.imbalance is not None
    assert field.imbalance < -0.35
    assert field.flip is not None
    assert 590 < field.flip < 596


@pytest.mark.parametrize(
    ("imbalance", "score"),
    [(199, "0"), (200, "6.0"), (349, "6.0"), (350, "7.5"), (-199, "0"), (-200, "6.0"), (-350, "7.5")],
)
def test_dealers_lean_from_a_fifth_on(imbalance: int, score: str) -> None:
    assert detect_dealer_gamma(view(dealers=lean(imbalance))).score == Decimal(score)


@pytest.mark.parametrize(
    ("flip", "scores"), [(592.95, True), (592.96, False), (587.05, True), (587.04, False), (None, False)]
)
def test_a_flip_within_half_a_percent_counts(flip: float | None, scores: bool) -> None:
    reading = detect_dealer_gamma(view(dealers=lean(-200, flip)))
    assert ("flip_or_volume" in reading.parts) is scores


@pytest.mark.parametrize(("volume", "scores"), [(1500, False), (1501, True), (None, False)])
def test_volume_counts_as_a_flip_does_and_not_twice(volume: int | None, scores: bool) -> None:
    reading = detect_dealer_gamma(view(dealers=lean(-350), bars=last_bar(volume)))
    assert ("flip_or_volume" in reading.parts) is scores
    both = detect_dealer_gamma(view(dealers=lean(-350, 590.0), bars=last_bar(volume)))
    assert both.score == Decimal("9.0")


@pytest.mark.parametrize(
    ("imbalance", "close", "vwap", "direction"),
    [
        (-200, "590.01", None, BULLISH),
        (-200, "589.99", None, BEARISH),
        (-200, "590", 600, NEUTRAL),
        (200, "590.01", 591, BULLISH),
        (200, "590.01", 589, BEARISH),
        (200, "590.01", 590, NEUTRAL),
        (200, "590.01", None, NEUTRAL),
    ],
)
def test_short_gamma_amplifies_and_long_gamma_damps(
    imbalance: int, close: str, vwap: int | None, direction: Direction
) -> None:
    """SC-320."""
    known = None if vwap is None else Fraction(vwap)
    seen = view(dealers=lean(imbalance), bars=last_bar(close=close), vwap=known)
    assert detect_dealer_gamma(seen).direction is direction


def test_without_open_interest_or_a_chain_dealers_say_nothing() -> None:
    assert not detect_dealer_gamma(view(dealers=DealerField(0.0, 0.0))).is_present
    assert detect_dealer_gamma(view()) == without_bars(DEALERS, "chain")
    assert detect_dealer_gamma(view(bars=minutes(590))).missing == ("bars", "chain")


@pytest.mark.parametrize(
    ("held", "score", "direction"),
    [
        ("5", "0", NEUTRAL),
        ("5.01", "9.0", BEARISH),
        ("-5.01", "9.0", BULLISH),
        ("-5", "0", NEUTRAL),
        ("0", "0", NEUTRAL),
    ],
)
def test_the_legacy_proxy_reads_the_portfolio(held: str, score: str, direction: Direction) -> None:
    """SC-320."""
    reading = detect_by_portfolio_delta(view(portfolio_delta=Decimal(held)))
    assert (reading.score, reading.direction) == (Decimal(score), direction)
    chosen = read_signals(view(portfolio_delta=Decimal(held)), DealerGamma.LEGACY_DELTA_PROXY)
    assert chosen[-1] == reading
    assert not detect_by_portfolio_delta(view()).is_present


# -- of all of them ----------------------------------------------------------------------------------------------------

NEEDED = {SQUEEZE: 2, RECLAIM: 2, VACUUM: 3, FLOW: 10, DEALERS: 2}


@pytest.mark.parametrize(("name", "needed"), NEEDED.items())
def test_a_detector_that_lacks_its_bars_is_none(name: SignalName, needed: int) -> None:
    """SC-301."""
    known: dict[str, Any] = {"vwap": VWAP, "dealers": lean(-350)}
    short = DETECTORS[name](view(bars=minutes(*[590] * (needed - 1)), **known))
    assert (short.is_present, short.missing) == (False, ("bars",))
    assert short.judge(Confidence.LOW).reason == "bars_missing"
    assert "bars" not in DETECTORS[name](view(bars=minutes(*[590] * needed), **known)).missing


def scored(name: SignalName, score: str, direction: Direction = BULLISH) -> SignalReading:
    return SignalReading(name, {"part": Decimal(score)}, direction)


@pytest.mark.parametrize(
    ("name", "least", "high", "medium"),
    [
        (SQUEEZE, "6.0", "6.0", "3.0"),
        (DRIVE, "6.0", "6.0", "4.0"),
        (RECLAIM, "5.0", "5.0", "3.0"),
        (VACUUM, "5.0", "5.0", "3.0"),
        (PIN, "4.0", "4.0", "2.0"),
        (FLOW, "4.5", None, "4.0"),
        (DEALERS, "6.0", "7.5", "6.0"),
    ],
)
def test_the_table_of_scores(name: SignalName, least: str, high: str | None, medium: str) -> None:
    """SC-311, at and below each figure."""
    below = Decimal("0.1")
    assert scored(name, least).judge(Confidence.MEDIUM).passed
    assert scored(name, str(Decimal(least) - below)).judge(Confidence.LOW).reason == "score_low"
    assert scored(name, medium).confidence is (Confidence.HIGH if medium == high else Confidence.MEDIUM)
    assert scored(name, str(Decimal(medium) - below)).confidence is Confidence.LOW
    if high is None:
        assert scored(name, "100").confidence is Confidence.MEDIUM
    else:
        assert scored(name, high).confidence is Confidence.HIGH
        assert scored(name, str(Decimal(high) - below)).confidence is not Confidence.HIGH


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        (scored(FLOW, "5.5"), "confidence_low"),
        (scored(DEALERS, "6.0"), "confidence_low"),
        (scored(DEALERS, "7.5"), None),
        (scored(SQUEEZE, "6.0"), None),
    ],
)
def test_high_confidence_refuses_two_signals(reading: SignalReading, reason: str | None) -> None:
    """SC-311."""
    assert reading.judge(Confidence.HIGH).reason == reason


def test_a_signal_without_direction_or_parts_does_not_trade() -> None:
    """SC-311."""
    assert scored(SQUEEZE, "8.5", NEUTRAL).judge(Confidence.LOW).reason == "no_direction"
    assert SignalReading(SQUEEZE).judge(Confidence.LOW).reason == "no_signal"


def test_the_strongest_is_the_largest_score_then_weight_then_the_table() -> None:
    """SC-322."""

    def choose(*readings: SignalReading) -> SignalName | None:
        found = strongest(readings)
        return None if found is None else found.name

    assert choose(scored(PIN, "6.0"), scored(SQUEEZE, "6.5")) is SQUEEZE
    assert choose(scored(PIN, "6.0"), scored(DEALERS, "6.0")) is DEALERS
    assert choose() is None


def test_the_composite_weighs_all_that_is_present() -> None:
    """SC-323."""
    assert composite_score([scored(SQUEEZE, "8.5"), scored(PIN, "5"), SignalReading(FLOW)]) == Decimal("10.225")


def test_every_detector_is_asked_in_the_order_of_the_table() -> None:
    found: Sequence[SignalReading] = read_signals(view())
    assert [reading.name for reading in found] == list(SignalName)
