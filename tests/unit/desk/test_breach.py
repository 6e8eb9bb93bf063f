"""A short breached by more than 5k points is alerted once and closes nothing. Rule: CS-530."""

from __future__ import annotations

from attrs import evolve

from builders import a_plan, a_put_spread
from builders_day import opened
from builders_desk import a_book, a_situation, steps
from gammacore.domain.holding_events import WatchChanged
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.strategy import Close, Decision, Situation, Warn


def situation_at(price: str, watch: SpreadWatch | None = None) -> Situation:
    plan = a_plan(a_put_spread())
    events = [*opened(plan)]
    if watch is not None:
        events.append(WatchChanged(events[-1].at, plan.holding, watch))
    return a_situation("14:00", price=price, legs={}, book=a_book(events))


def warnings(decisions: list[Decision]) -> list[str]:
    return [step.code for step in decisions if isinstance(step, Warn)]


def test_the_edge_is_five_points_beyond_the_short() -> None:
    assert "short_breached" not in warnings(steps(situation_at("6875")))
    reported = steps(situation_at("6874.99"))
    assert "short_breached" in warnings(reported)
    assert not any(isinstance(step, Close) for step in reported)


def test_people_are_notified_once() -> None:
    assert "short_breached" not in warnings(steps(situation_at("6870", evolve(SpreadWatch(), breach_told=True))))
