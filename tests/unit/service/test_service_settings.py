"""Every key of `service.*` changes what the service does, and none of them a decision. Rule: OP-003."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from fakes import FakeCalendar
from fakes_service import Desk, a_desk
from gammacore.application.diagnose import Check, failed
from gammacore.configuration import configure
from gammacore.domain.service.day_plan import ServiceTimes
from gammacore.domain.sessions import new_york
from gammacore.ports.service import ChildSignal
from gammacore.wiring.service.live_arming import trading_settings

DAY = dt.date(2026, 3, 3)


def at(hour: int, minute: int = 0) -> dt.datetime:
    return new_york(DAY, dt.time(hour, minute))


def course(times: ServiceTimes) -> tuple[object, ...]:
    """What a supervisor does on a day with a red morning, a stall at eleven, a deaf loop and a late end."""
    looks: list[dt.datetime] = []

    def checks() -> list[Check]:
        looks.append(desk.clock.now())
        return [failed("broker", "no answer", "wait")] if desk.clock.now() < at(9, 28) else []

    def stop_working() -> None:
        desk.children.born[0].stopped_at = at(11)

    desk: Desk = a_desk(at(7, 30), FakeCalendar(), checks=checks, tick=5, times=times)
    desk.seen.halt = "said at the wake"
    desk.children.deaf = True
    desk.at(at(11), stop_working)
    desk.run_until(at(17, 30))
    ended = desk.clock.now()
    kills = [child for child in desk.children.born if ChildSignal.KILL in child.signals]
    told = [(alert.at, alert.code) for alert in desk.diary.alerts]
    return looks, [child.started_at for child in desk.children.born], told, len(kills), ended


CHANGED: Mapping[str, Any] = {
    "wake": 80, "check": 50, "check_every": 7, "start": 1, "day_end": 20, "stalled_after": 90.0, "stop_seconds": 10.0,
}  # fmt: skip
STANDARD = course(ServiceTimes())


ELSEWHERE = {"cash_tolerance"}
"""Shown to change something in integration/test_day_ends.py."""


def test_every_key_is_shown_to_change_something() -> None:
    assert {attribute.name for attribute in attrs.fields(ServiceTimes)} == set(CHANGED) | ELSEWHERE


@pytest.mark.parametrize("key", CHANGED)
def test_each_key_changes_the_course_of_a_day(key: str) -> None:
    assert course(attrs.evolve(ServiceTimes(), **{key: CHANGED[key]})) != STANDARD


def test_none_is_part_of_a_decision_or_of_an_arming() -> None:
    changed = configure([{f"service.{key}": value for key, value in CHANGED.items()}])
    assert changed.fingerprint() == configure().fingerprint()
    assert trading_settings(changed) == trading_settings(configure())
