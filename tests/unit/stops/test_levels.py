"""The levels that are shown are those at which the rules close, to the cent. CS-511, CS-512."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve

from builders import a_mark, a_position, a_session, at
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.stops.levels import Level, levels_of
from gammacore.domain.stops.rules import (
    ExitVerdict,
    Moment,
    Rule,
    emergency_stop,
    profit_target,
    regular_stop,
    trailing_stop,
)

CENT = Decimal("0.01")
FRESH = SpreadWatch()
ARMED = SpreadWatch(best_profit=Decimal("0.40"), trailing_armed=True)


def a_moment(mark: str, watch: SpreadWatch = FRESH, minutes: int = 60) -> Moment:
    position = a_position(credit="2.35", watch=watch)
    return Moment(
        position.plan.policy, position, watch, a_mark(mark), at("10:00") + dt.timedelta(minutes=minutes), a_session(),
        REGISTRY["SPX"],
    )  # fmt: skip


def shown(moment: Moment) -> dict[str, Level]:
    return {level.rule: level for level in levels_of(moment)}


@pytest.mark.parametrize(
    ("name", "rule", "watch", "toward"),
    [
        ("stop_loss", regular_stop, SpreadWatch(), 1),
        ("emergency_stop", emergency_stop, SpreadWatch(), 1),
        ("profit_target", profit_target, SpreadWatch(), -1),
        ("trailing_stop", trailing_stop, ARMED, 1),
    ],
)
def test_a_rule_acts_at_the_level_shown_and_not_a_cent_before(
    name: str, rule: Rule, watch: SpreadWatch, toward: int
) -> None:
    level = shown(a_moment("2.00", watch))[name]
    reached = rule(a_moment(str(level.price), watch))

    assert isinstance(reached, ExitVerdict)
    assert reached.level == level.price
    assert rule(a_moment(str(level.price - toward * CENT), watch)) is None
    assert level.distance == (level.price - Decimal("2.00")) * toward


def test_a_level_that_sleeps_is_shown_as_such() -> None:
    young, armed = shown(a_moment("2.00", minutes=0)), shown(a_moment("2.00", ARMED))

    assert (young["stop_loss"].acts, young["emergency_stop"].acts) == (False, True)
    assert (armed["stop_loss"].acts, armed["trailing_stop"].acts) == (False, True)
    assert "trailing_stop" not in young


def test_without_a_mark_the_levels_stay_and_the_distance_is_unknown() -> None:
    moment = evolve(a_moment("2.00"), mark=None)

    assert [level.distance for level in levels_of(moment)] == [None, None, None]


def test_a_bad_credit_has_no_levels() -> None:
    moment = a_moment("2.00")

    assert levels_of(evolve(moment, position=evolve(moment.position, credit=Decimal(0)))) == ()
