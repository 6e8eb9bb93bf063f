"""The hybrid: which desk it chooses, each step of a change, and what holds one up. Rules: SC-501..510, SC-1307."""

import pytest

from builders import a_session, at
from builders_desk import a_book
from builders_gamma import STRADDLE, shares_traded, straddle_held, straddle_ordered
from builders_hybrid import SHARES, TO_GAMMA, TO_ST0CKA, A, G, a_look, changes, shares_held, steps, switched
from gammacore.domain.desks.hybrid import HybridDesk
from gammacore.domain.orders import Purpose
from gammacore.domain.scalping.hybrid import HybridRules, OnGammaRefused
from gammacore.domain.strategy import Cancel, NoTrade, Trade, Warn
from gammacore.domain.volatility import VolatilityReading, VolatilitySource
from gammacore.domain.words import DeskState, SwitchStep


@pytest.mark.parametrize(
    ("value", "source", "wants"),
    [
        (0.20, VolatilitySource.INTRADAY, False),
        (0.2000001, VolatilitySource.INTRADAY, True),
        (0.30, VolatilitySource.DAILY, True),
        (0.30, VolatilitySource.ASSUMED, False),
    ],
)
def test_gamma_is_wanted_strictly_above_the_threshold(value: float, source: VolatilitySource, wants: bool) -> None:
    """SC-501, SC-510."""
    assert HybridRules().wants_gamma(VolatilityReading(value, source, 20, at("10:00"))) is wants


@pytest.mark.parametrize(("value", "leaves"), [(0.1800001, False), (0.18, True), (0.05, True)])
def test_gamma_is_left_at_the_threshold_less_hysteresis(value: float, leaves: bool) -> None:
    """SC-502."""
    assert HybridRules().leaves_gamma(VolatilityReading(value, VolatilitySource.INTRADAY, 20, at("10:00"))) is leaves


def test_an_assumed_reading_changes_nothing_in_gamma() -> None:
    """SC-503."""
    assert not HybridRules().leaves_gamma(VolatilityReading(0.15, VolatilitySource.ASSUMED, 0, at("10:00")))


@pytest.mark.parametrize(("volatility", "state"), [(0.25, G), (0.15, A), (None, A)])
def test_the_first_reading_of_a_day_sets_the_desk_without_a_change(volatility: float | None, state: DeskState) -> None:
    """SC-503."""
    assert changes(a_look(volatility, time="10:00")) == [(state, SwitchStep.FIRST_READING)]


def test_a_change_to_gamma_begins_where_its_gates_pass_with_the_target_still_resting() -> None:
    """SC-504, SC-505 (1)."""
    events = (switched(None, A, SwitchStep.FIRST_READING, "09:30"), *shares_held(target=True))
    assert changes(a_look(0.25, *events)) == [(TO_GAMMA, SwitchStep.BEGUN)]


def test_no_change_begins_with_an_order_in_flight() -> None:
    """SC-504: any order but a resting target."""
    events = (switched(None, A, SwitchStep.FIRST_READING, "09:30"), *straddle_ordered("10:29:59", holding="other-1"))
    assert changes(a_look(0.25, *events)) == []


def test_where_no_straddle_may_be_bought_it_stands_and_buys_no_share() -> None:
    """SC-505: the refusal is journaled; `on_gamma_refused` = st0cka goes on with shares."""
    look = a_look(0.25, switched(None, A, SwitchStep.FIRST_READING, "09:30"), time="09:55", pairs=())
    (refusal,) = [step for step in steps(look) if isinstance(step, NoTrade)]
    assert refusal.judgement.reason == "no_straddle"
    assert not [step for step in steps(look) if isinstance(step, Trade)]
    goes_on = steps(look, HybridDesk(rules=HybridRules(on_gamma_refused=OnGammaRefused.ST0CKA)))
    assert [step.strategy for step in goes_on if isinstance(step, Trade)] == ["st0cka"]


def test_on_the_way_shares_go_first_their_target_called_back() -> None:
    """SC-505 (3), (4)."""
    way = switched(A, TO_GAMMA, SwitchStep.BEGUN, "10:29:50")
    called = steps(a_look(0.25, *shares_held(target=True), way))
    assert [(one.order, one.reason) for one in called if isinstance(one, Cancel)] == [("gc-target", "regime_exit")]
    sold = [one for one in steps(a_look(0.25, *shares_held(), way)) if isinstance(one, Trade)]
    assert [(one.holding, one.reason, one.quantity, one.limit) for one in sold] == [(SHARES, "regime_exit", 3, None)]


def test_with_the_shares_gone_the_straddle_is_bought_and_once_it_is_held_the_change_is_done() -> None:
    """SC-505 (5)..(8)."""
    way = switched(A, TO_GAMMA, SwitchStep.BEGUN, "10:29:50")
    (bought,) = [one for one in steps(a_look(0.25, way)) if isinstance(one, Trade)]
    assert (bought.strategy, bought.reason, len(bought.legs)) == ("gamma-scalping", "straddle", 2)
    assert changes(a_look(0.25, way, *straddle_held())) == [(G, SwitchStep.DONE)]


def test_a_preview_that_refuses_on_the_way_goes_back_to_shares() -> None:
    """SC-505 (6)."""
    way = switched(A, TO_GAMMA, SwitchStep.BEGUN, "10:29:50")
    assert changes(a_look(0.25, way, pairs=())) == [(A, SwitchStep.REFUSED)]


def test_a_step_that_takes_a_minute_is_alarmed() -> None:
    """SC-507: 59 s no, 60 s yes."""
    way = [*shares_held(), switched(A, TO_GAMMA, SwitchStep.BEGUN, "10:29:01")]
    late = [*shares_held(), switched(A, TO_GAMMA, SwitchStep.BEGUN, "10:29:00")]
    codes = [
        [one.code for one in steps(a_look(0.25, *events)) if isinstance(one, Warn) and one.code != "mark_stale"]
        for events in (way, late)
    ]
    assert codes == [[], ["transition_overdue"]]


@pytest.mark.parametrize(("begun", "leaves"), [("10:00:01", False), ("10:00:00", True)])
def test_gamma_is_left_after_the_least_stay(begun: str, leaves: bool) -> None:
    """SC-502: after 1,799 s no, 1,800 s yes."""
    events = [*straddle_held(), switched(TO_GAMMA, G, SwitchStep.DONE, begun)]
    found = changes(a_look(0.15, *events))
    assert found == ([(TO_ST0CKA, SwitchStep.BEGUN)] if leaves else [])


def test_between_the_thresholds_gamma_stays() -> None:
    """SC-502: 0.19 is below the threshold and above what leaves."""
    events = [*straddle_held(), switched(None, G, SwitchStep.FIRST_READING, "09:30")]
    assert changes(a_look(0.19, *events)) == []


def test_on_the_way_back_the_straddle_is_sold_and_hedged_until_it_is_gone() -> None:
    """SC-506."""
    way = switched(G, TO_ST0CKA, SwitchStep.BEGUN, "10:29:50")
    sold = [one for one in steps(a_look(0.15, *straddle_held(), way)) if isinstance(one, Trade)]
    assert [(one.holding, one.purpose, one.reason) for one in sold if one.purpose is Purpose.EXIT] == [
        (STRADDLE, Purpose.EXIT, "regime_exit")
    ]
    assert changes(a_look(0.15, way)) == [(A, SwitchStep.DONE)]


def test_lots_never_mix() -> None:
    """SC-508: hedge shares are the straddle's and the scalp's are its own, whatever the account's sum is."""
    book = a_book(*shares_held(), *straddle_held(), *shares_traded(-7, "10:01"), balance="100000")
    assert dict(book.held_by(SHARES)) == {"SPY": 3}
    assert book.held_by(STRADDLE)["SPY"] == -7
    assert book.expected_holdings()["SPY"] == -4


def test_a_restart_goes_on_in_the_state_of_the_ledger() -> None:
    """SC-504: the state is a fold, so a fresh desk says the same."""
    way = switched(A, TO_GAMMA, SwitchStep.BEGUN, "10:29:50")
    look = a_look(0.25, *shares_held(), way)
    assert HybridDesk().decide(look) == HybridDesk().decide(look)
    assert HybridDesk().state(look.book, a_session()) is TO_GAMMA
