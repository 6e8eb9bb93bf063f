"""What may refuse an opening trade, at every edge; nothing of it blocks a hedge or an exit. DH-1003, DH-1009."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import attrs
import pytest

from builders_delta_hedge import ALL_ON
from builders_hedging import CALL, PUT, Desk, instant, market, sides
from gammacore.domain.risk.opening_limits import (
    EquityPoint,
    EquityWatch,
    ExposureSnapshot,
    OpeningGuards,
    OpeningLimits,
)

# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "bounds", "code"),
    [
        ("max_contracts_per_symbol", "contracts", "position_limit"),
        ("max_net_delta", "net_delta", "net_delta_limit"),
        ("gamma_limit", "gamma", "gamma_limit"),
        ("vega_limit", "vega", "vega_limit"),
    ],
)
def test_an_opening_that_raises_a_figure_beyond_its_limit_is_refused(limit: str, bounds: str, code: str) -> None:
    """DH-1003: the limit itself passes, the sign does not matter, and what lowers it passes always."""
    figure: dict[str, Any] = {limit: 10}
    limits = OpeningLimits(**figure)

    def verdict(now: int | None, then: int | None) -> str | None:
        before: dict[str, Any] = {bounds: now}
        after: dict[str, Any] = {bounds: then}
        return limits.judge(ExposureSnapshot(**before), ExposureSnapshot(**after)).reason

    assert verdict(9, 10) is None
    assert verdict(9, 11) == code
    assert verdict(-9, -11) == code
    assert verdict(12, 11) is None
    assert verdict(11, -12) == code
    assert verdict(None, 11) == code
    assert verdict(9, None) == code, "a limit that is on and lacks its input blocks"


@pytest.mark.parametrize(
    ("limit", "bounds", "code"),
    [
        ("max_daily_loss", "day_loss", "daily_loss"),
        ("max_drawdown", "drawdown", "drawdown"),
        ("max_trades_per_day", "trades", "trades_per_day"),
    ],
)
def test_losses_and_trades_refuse_from_their_limit_on(limit: str, bounds: str, code: str) -> None:
    """DH-1003."""
    figure: dict[str, Any] = {limit: 500}
    standings: list[dict[str, Any]] = [{bounds: used} for used in (499, 500, None)]
    found = [
        OpeningLimits(**figure).judge(ExposureSnapshot(**standing), ExposureSnapshot()).reason for standing in standings
    ]
    assert found == [None, code, code]


def test_all_limits_are_off_by_default() -> None:
    assert OpeningLimits().judge(ExposureSnapshot(), ExposureSnapshot()).passed
    assert all(getattr(OpeningLimits(), field.name) is None for field in attrs.fields(OpeningLimits))


def test_the_first_limit_that_refuses_is_named_and_all_are_listed() -> None:
    limits = OpeningLimits(max_contracts_per_symbol=1, max_trades_per_day=0)
    codes = [
        no.reason for no in limits.breaches(ExposureSnapshot(contracts=0, trades=0), ExposureSnapshot(contracts=2))
    ]
    assert codes == ["position_limit", "trades_per_day"]


def test_in_the_filter_limits_are_alarms_once_an_episode_and_hedges_and_exits_go_on() -> None:
    """DH-1003: openings are not ours there."""
    limits = OpeningLimits(max_contracts_per_symbol=5, max_net_delta=Decimal(3))
    desk = Desk(limits=limits, assume_fills=True)
    assert desk(market("15:00:00", CALL, delta=0.5, quantity=5, underlying_price=500)) != []
    assert desk.codes() == []
    [hedge] = desk(market("15:02:00", CALL, delta="0.9", quantity=-6, underlying_price=500))
    assert hedge["side"] == "buy"
    assert desk.codes() == ["position_limit", "net_delta_limit"]
    desk(market("15:02:10", CALL, quantity=-7), market("15:02:20", CALL, quantity=-5))
    assert desk.codes().count("position_limit") == 1
    desk(market("15:02:30", CALL, quantity=-6))
    assert desk.codes().count("position_limit") == 2
    assert sides(desk(market("20:45:00", "SPY", price=500)))[0] == ("buy", 6, CALL)


def test_a_position_that_goes_away_ends_its_episode() -> None:
    desk = Desk(limits=OpeningLimits(max_contracts_per_symbol=1))
    desk(market("15:00:00", PUT, delta=-0.1, quantity=2, underlying_price=500))
    assert desk.book.beyond == {("position_limit", PUT)}
    desk(market("15:00:01", PUT, quantity=0))
    assert desk.book.beyond == set()


# -- guards ------------------------------------------------------------------------------------------------------------

TODAY, TOMORROW = dt.date(2025, 12, 30), dt.date(2025, 12, 31)


def at(seconds: float) -> dt.datetime:
    return instant("15:00:00") + dt.timedelta(seconds=seconds)


def watched(guards: OpeningGuards, *marks: tuple[float, str], date: dt.date = TODAY) -> EquityWatch:
    """A watch after marks of (second, equity)."""
    watch = EquityWatch()
    for second, equity in marks:
        watch = guards.marked(watch, date, EquityPoint(at(second), Decimal(equity)))
    return watch


def test_all_guards_are_off_by_default() -> None:
    guards = OpeningGuards()
    watch = watched(guards, (0, "100000"), (60, "50000"), (120, "10000"))
    assert guards.judge_halt(watch).passed
    assert guards.judge_opening(watch, at(121), None, at(120)).passed
    assert guards.contracts(5, None) == 5


@pytest.mark.parametrize(("equity", "halts"), [("105000.01", False), ("105000", False), ("104500.01", False),
                                               ("104500", True)])  # fmt: skip
def test_5_percent_below_the_high_water_mark_halts(equity: str, halts: bool) -> None:
    """DH-1009: the high-water mark is 110,000, not what the day began with."""
    guards = OpeningGuards(drawdown=Decimal("0.05"))
    found = guards.judge_halt(watched(guards, (0, "100000"), (60, "110000"), (120, equity)))
    assert found.reason == ("drawdown_halt" if halts else None)


@pytest.mark.parametrize(("equity", "halts"), [("98000.01", False), ("98000", True), ("99999", False)])
def test_2_percent_lost_in_a_day_halts(equity: str, halts: bool) -> None:
    guards = OpeningGuards(daily_loss=Decimal("0.02"))
    found = guards.judge_halt(watched(guards, (0, "100000"), (60, "120000"), (120, equity)))
    assert found.reason == ("daily_loss_halt" if halts else None)


def test_a_day_begins_with_the_last_equity_of_the_day_before() -> None:
    guards = OpeningGuards(daily_loss=Decimal("0.02"))
    watch = watched(guards, (0, "120000"), (60, "100000"))
    assert not guards.judge_halt(watch).passed
    watch = guards.marked(watch, TOMORROW, EquityPoint(at(86_400), Decimal("98000.01")))
    assert guards.judge_halt(watch).passed
    assert watch.day_start == 100_000
    assert not guards.judge_halt(guards.marked(watch, TOMORROW, EquityPoint(at(86_401), Decimal(98_000)))).passed


@pytest.mark.parametrize("guard", [{"drawdown": Decimal("0.05")}, {"daily_loss": Decimal("0.02")}])
def test_a_guard_without_its_input_refuses(guard: dict[str, Any]) -> None:
    assert not OpeningGuards(**guard).judge_opening(EquityWatch(), at(0), None, None).passed


@pytest.mark.parametrize(("vix", "contracts"), [("30", 5), ("30.01", 2), ("12", 5), (None, 0)])
def test_above_a_vix_of_30_openings_are_halved(vix: str | None, contracts: int) -> None:
    assert ALL_ON.contracts(5, None if vix is None else Decimal(vix)) == contracts


@pytest.mark.parametrize(
    ("value", "code"),
    [("20000", None), ("20000.01", "symbol_share"), ("-20000.01", "symbol_share"), (None, "symbol_share")],
)
def test_one_symbol_above_20_percent_of_equity_is_no_opening(value: str | None, code: str | None) -> None:
    guards = OpeningGuards(symbol_share=Decimal("0.20"))
    worth = None if value is None else Decimal(value)
    assert guards.judge_opening(watched(guards, (0, "100000")), at(1), worth, None).reason == code


@pytest.mark.parametrize(
    ("losses", "code"),
    [
        ([(0, -500), (100, -500), (200, -500), (300, -500), (600, -500)], "losses_halt"),
        ([(0, -500), (100, -500), (200, -500), (300, -500), (600.001, -500)], None),
        ([(0, -500), (100, -500), (200, -499), (300, -500), (600, -500)], None),
        ([(0, -500), (100, -500), (200, 900), (300, -500), (400, -500)], None),
    ],
)
def test_5_losses_of_half_a_percent_in_ten_minutes_halt(losses: list[tuple[float, int]], code: str | None) -> None:
    guards = OpeningGuards(losses=5)
    watch = watched(guards, (0, "100000"))
    for second, profit in losses:
        watch = guards.closed(watch, at(second), Decimal(profit))
    assert guards.judge_halt(watch).reason == code


def test_a_single_loss_may_be_enough() -> None:
    guards = OpeningGuards(losses=1)
    watch = guards.closed(watched(guards, (0, "100000")), at(1), Decimal(-500))
    assert guards.judge_halt(watch).reason == "losses_halt"


@pytest.mark.parametrize(
    ("marks", "speed"),
    [
        ([(0, "100000"), (300, "99500"), (600, "99000")], "0.1"),
        ([(0, "100000"), (600, "99000")], None),
        ([(0, "100000"), (300, "99800"), (600, "99500.01")], None),
        ([(0, "100000"), (300, "99800"), (600, "99500")], "0.05"),
        ([(0, "200000"), (0.5, "100000"), (300, "99500"), (600.5, "99000")], "0.1"),
        ([(0, "100000"), (300, "101000"), (600, "100000")], "0"),
        ([(0, "100000"), (0, "99000"), (0, "98000")], None),
    ],
)
def test_loss_speed_is_percent_a_minute_over_600_seconds(marks: list[tuple[float, str]], speed: str | None) -> None:
    """DH-1009: three points or more, a drawdown of 0.5 % or more; the window's first instant belongs to it."""
    guards = OpeningGuards()
    found = guards.speed(watched(guards, *marks))
    assert (None if found is None else found.normalize()) == (None if speed is None else Decimal(speed).normalize())


@pytest.mark.parametrize(("seconds", "code"), [(119.999, "loss_speed_spacing"), (120, None)])
def test_at_a_tenth_of_a_percent_a_minute_one_opening_in_120_seconds(seconds: float, code: str | None) -> None:
    guards = OpeningGuards(slow_speed=Decimal("0.10"))
    losing = watched(guards, (0, "100000"), (300, "99500"), (600, "99000"))
    slower = watched(guards, (0, "100000"), (300, "99500"), (600, "99000.01"))
    assert guards.judge_opening(losing, at(600 + seconds), None, at(600)).reason == code
    assert guards.judge_opening(losing, at(600), None, None).passed
    assert guards.judge_opening(slower, at(601), None, at(600)).passed


@pytest.mark.parametrize(("seconds", "code"), [(0, "loss_speed_pause"), (1799.999, "loss_speed_pause"), (1800, None)])
def test_at_a_quarter_percent_a_minute_no_opening_for_1800_seconds(seconds: float, code: str | None) -> None:
    """The pause stays though the account recovers."""
    guards = OpeningGuards(stop_speed=Decimal("0.25"))
    watch = watched(guards, (0, "100000"), (300, "99000"), (600, "97500"), (700, "101000"))
    assert guards.judge_opening(watch, at(600 + seconds), None, None).reason == code
    slower = watched(guards, (0, "100000"), (300, "99000"), (600, "97500.01"))
    assert guards.judge_opening(slower, at(600), None, None).passed
