"""The history of each signal, a fold. Rule: SC-324."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from builders import DAY, at
from gammacore.domain.scalping.signals.history import SignalClosed, SignalHistory, SignalSeen, SignalTally, SignalTraded
from gammacore.domain.scalping.signals.signal import SignalName

PIN, FLOW = SignalName.OPTIONS_PIN, SignalName.DARK_POOL_FLOW
NEXT = DAY + dt.timedelta(days=1)


def test_a_signal_is_seen_and_passes_once_a_bar() -> None:
    seen = [SignalSeen(PIN, at("10:01"), True)] * 3 + [SignalSeen(PIN, at("10:02"), False)]
    assert SignalHistory.of(seen).day(DAY, PIN) == SignalTally(seen=2, passed=1)


def test_a_signal_that_passes_later_in_its_bar_has_passed() -> None:
    history = SignalHistory.of([SignalSeen(PIN, at("10:01"), False), SignalSeen(PIN, at("10:01"), True)])
    assert history.day(DAY, PIN) == SignalTally(seen=1, passed=1)


def test_wins_and_r_are_those_of_closed_positions() -> None:
    history = SignalHistory.of(
        [
            SignalTraded(PIN, at("10:05")),
            SignalClosed(PIN, at("10:30"), Decimal("12.40"), Fraction(3)),
            SignalTraded(PIN, at("10:40")),
            SignalClosed(PIN, at("10:50"), Decimal("0"), Fraction(-1)),
            SignalTraded(PIN, at("10:55")),
            SignalClosed(PIN, at("10:59"), Decimal("-3"), None),
        ]
    )
    tally = history.day(DAY, PIN)
    assert (tally.traded, tally.closed, tally.won) == (3, 3, 1)
    assert (tally.win_rate, tally.mean_r) == (Fraction(1, 3), Fraction(1))
    assert (SignalTally().win_rate, SignalTally().mean_r) == (None, None)


def test_days_and_signals_are_counted_apart_and_in_total() -> None:
    history = SignalHistory.of(
        [SignalTraded(PIN, at("10:05")), SignalTraded(FLOW, at("10:06")), SignalTraded(PIN, at("10:05", NEXT))]
    )
    assert (history.day(DAY, PIN).traded, history.day(NEXT, PIN).traded, history.total(PIN).traded) == (1, 1, 2)
    assert history.total(SignalName.GAMMA_SQUEEZE) == SignalTally()
