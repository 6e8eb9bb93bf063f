"""The history of each signal, a fold. Rule: SC-324."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from builders import DAY, at
from builders_holdings import holding_closed
from builders_st0ckg import HELD, a_ledger, entry, sale
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.scalping.signals.history import (
    RULE_OF,
    SignalClosed,
    SignalHistory,
    SignalSeen,
    SignalTally,
    SignalTraded,
    bar_verdict,
    seen_in,
    trades_of,
)
from gammacore.domain.scalping.signals.signal import SignalName
from gammacore.domain.verdicts import FilterVerdict, Verdict

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


def test_positions_of_signals_are_counted_from_the_holdings() -> None:
    """Net of fees; an entry that filled nothing was not traded."""
    booked = holding_closed(at("10:11"), HELD, "r_stop", Decimal(-8), Decimal(0), Decimal(0))
    lost = a_ledger(entry(), sale(4, "r_stop", filled=4), [booked])
    tally = SignalHistory.of(trades_of(lost.holdings.values())).day(DAY, SignalName.OPENING_DRIVE)
    assert (tally.traded, tally.closed, tally.won, tally.mean_r) == (1, 1, 0, None)
    assert trades_of(a_ledger(entry(filled=0)).holdings.values()) == ()
    held = SignalHistory.of(trades_of(a_ledger(entry()).holdings.values())).total(SignalName.OPENING_DRIVE)
    assert (held.traded, held.closed) == (1, 0)


def test_days_and_signals_are_counted_apart_and_in_total() -> None:
    history = SignalHistory.of(
        [SignalTraded(PIN, at("10:05")), SignalTraded(FLOW, at("10:06")), SignalTraded(PIN, at("10:05", NEXT))]
    )
    assert (history.day(DAY, PIN).traded, history.day(NEXT, PIN).traded, history.total(PIN).traded) == (1, 1, 2)
    assert history.total(SignalName.GAMMA_SQUEEZE) == SignalTally()


def judged_at(time: str, bar: str | None) -> EntryJudged:
    """A check that saw the pin, in a bar it names or not."""
    seen = FilterVerdict(RULE_OF[PIN], str(PIN), Verdict.ok())
    filters = (seen,) if bar is None else (bar_verdict(at(bar)), seen)
    return EntryJudged(at(time), at("10:00"), "size_zero", "", filters, None, None, None)


def test_a_signal_of_a_longer_bar_is_seen_once_however_often_it_is_judged() -> None:
    """SC-301, SC-324: the record names its bar; of one that names none the minute counts."""
    five_minutes = [judged_at("10:06:05", "10:05"), judged_at("10:08:30", "10:05"), judged_at("10:10:05", "10:10")]
    older = [judged_at("10:06:05", None), judged_at("10:06:40", None), judged_at("10:08:30", None)]

    counted = [SignalHistory.of(one for record in records for one in seen_in(record)).day(DAY, PIN).seen
               for records in (five_minutes, older)]  # fmt: skip
    assert counted == [2, 2]
