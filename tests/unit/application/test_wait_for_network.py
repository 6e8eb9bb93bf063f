"""An unreachable broker is asked again, a refused token is not. Rule: OP-202."""

from __future__ import annotations

import datetime as dt

import pytest

from fakes_service import JumpingClock
from gammacore.application.wait_for_network import WaitForNetwork
from gammacore.errors import BrokerUnavailable, CredentialRefused, GammacoreError, MarketDataError

NOW = dt.datetime(2026, 3, 3, 14, tzinfo=dt.UTC)


def waiting(
    seconds: float, comes_back_after: float, fault: GammacoreError | None = None
) -> tuple[WaitForNetwork, list[float], list[str], list[str]]:
    clock, asked, lines, alerts = JumpingClock(NOW), list[float](), list[str](), list[str]()
    wait = WaitForNetwork(clock, seconds, lines.append, alerts.append)

    def attempt() -> str:
        asked.append((clock.now() - NOW).total_seconds())
        if asked[-1] < comes_back_after:
            raise fault or BrokerUnavailable("no route to host")
        return "there"

    try:
        wait(attempt)
    except GammacoreError:
        lines.append("raised")
    return wait, asked, lines, alerts


def test_it_is_asked_after_5_10_20_40_and_60_seconds_with_a_line_each() -> None:
    _, asked, lines, _ = waiting(600, 200)
    assert asked == [0, 5, 15, 35, 75, 135, 195, 255]
    assert len(lines) == 7


def test_check_6_a_broker_that_comes_after_40_seconds_costs_four_lines() -> None:
    _, asked, lines, alerts = waiting(120, 40)
    assert (len(lines), asked[-1], alerts) == (4, 75, [])


def test_without_the_option_it_is_asked_once() -> None:
    assert waiting(0, 40)[1:3] == ([0], ["raised"])


def test_the_last_try_is_when_the_time_is_over() -> None:
    _, asked, lines, _ = waiting(20, 1000)
    assert (asked, lines[-1]) == ([0, 5, 15, 20], "raised")


def test_one_alert_after_five_minutes() -> None:
    assert len(waiting(1200, 1100)[3]) == 1


def test_a_refused_token_and_a_market_it_keeps_shut_are_not_waited_for() -> None:
    assert waiting(600, 40, CredentialRefused("401"))[1] == [0]
    shut = MarketDataError("no chain")
    shut.__cause__ = CredentialRefused("401")
    assert waiting(600, 40, shut)[1] == [0]


@pytest.mark.parametrize("fault", [MarketDataError("no such underlying"), GammacoreError("else")])
def test_what_is_no_matter_of_the_network_is_raised_at_once(fault: GammacoreError) -> None:
    assert waiting(600, 40, fault)[1] == [0]
