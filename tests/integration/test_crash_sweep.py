"""Rule R2: killed at every boundary of an entry and an exit and started again, a day ends as if nothing had been.

Every append and every call of the broker from the judgement of the entry to the booking of the close, and every append
of the whole day, is a point before and a point after. Run with `-s` to see the table. Of the first scenario a point of
every kind is tried, of the others those at which an order is about to leave, or has just left; `make sweep` tries all
points of all scenarios.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import frozen

from conftest import ROOT
from crash_child import Boundaries, Ending, Scenario, dies, trade
from extent import WHOLE
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.domain.book.book import Book
from gammacore.wiring import days

LOST = {number: {"times_out": True} for number in (0, 2, 5)}
"""The straddle, the first half of a hedge through zero, an exit."""
NEVER = {number: {"never": True} for number in (0, 1)}
REFUSED = {number: {"rejects": "no"} for number in (2, 5)}
LOST_SCALP = {number: {"times_out": True} for number in (0, 1, 2)}
"""The purchase, the target, the sale at market."""
CROSSED = {1: {"never": True, "on_cancel": "filled_first"}}
FAR, NEAR = Decimal(6), Decimal("0.4")
"""Where a stop at the broker rests: where it is never reached, and where this afternoon reaches it."""
FILLED_FIRST = {1: {"on_cancel": "filled_first"}}
EXAMPLE = f"{ROOT / 'examples' / 'own_strategy.py'}:TenShares"

SHARES: Mapping[str, object] = {"trade.strategy": "st0cka", "market.mood": "calm", "market.seed": 3}
"""A target called back at 10:00, and a sale at market."""
OPTIONS: Mapping[str, object] = {
    "trade.strategy": "st0ckg", "market.mood": "calm", "market.seed": 2, "market.step_seconds": 60,
}  # fmt: skip
"""Half is sold at 1.5 R, the rest at 3 R."""
STRADDLE: Mapping[str, object] = {
    "trade.strategy": "gamma-scalping", "market.mood": "volatile", "market.seed": 1, "market.step_seconds": 120,
    "scalping.gamma.tree_steps": 10, "scalping.gamma.straddle_order": "market",
}  # fmt: skip
BOTH_WAYS: Mapping[str, object] = {
    "trade.strategy": "hybrid", "market.mood": "spike", "market.seed": 0, "scalping.hybrid.min_dwell": 0,
    "scalping.hybrid.hysteresis": 0, "scalping.hybrid.hybrid_threshold": 0.15, "scalping.st0cka.all_day": True,
    "scalping.gamma.tree_steps": 10, "scalping.gamma.straddle_order": "market",
}  # fmt: skip
"""Shares, then a straddle while the afternoon is wild, then shares again."""

SCENARIOS = (
    Scenario("open and close"),
    Scenario("entry filled in part", {0: {"parts": (1,)}}),
    Scenario("entry never filled", {0: {"never": True}}),
    Scenario("entry answer lost", {0: {"times_out": True}}, exits_at=45),
    Scenario("legs out of ratio, repaired", {0: {"leg_contracts": (3, 1)}}, exits_at=50),
    Scenario("exit refused, leg by leg", {1: {"rejects": "no"}}, exits_at=40),
    Scenario("exit out of ratio, repaired", {1: {"leg_contracts": (1, 3)}}, exits_at=40),
    Scenario("flatten", flattens_at=40),
    Scenario("walk, filled at the third price", NEVER, exits_at=70, walks=True),
    Scenario("walk, answers lost", {0: {"never": True}, 1: {"times_out": True}}, exits_at=60, walks=True),
    Scenario(
        "walk, filled as it is called back", {0: {"never": True, "on_cancel": "filled_first"}}, exits_at=50, walks=True
    ),
    Scenario("long without a bid, left to settlement", exits_at=160, long_below=85),
    Scenario("long without a bid, flatten", flattens_at=160, exits_at=205, long_below=85),
    Scenario("stop at the broker, called back for the close", protected=FAR),
    Scenario("stop at the broker, called back for a flatten", flattens_at=40, protected=FAR),
    Scenario("stop at the broker, fills as it is called back", FILLED_FIRST, protected=FAR),
    Scenario("stop at the broker, answer lost", {1: {"times_out": True}}, exits_at=45, protected=FAR),
    Scenario("stop at the broker, refused", {1: {"rejects": "no"}}, exits_at=45, protected=FAR),
    Scenario("stop at the broker, filled, long sold", exits_at=200, protected=NEAR),
    Scenario("stop at the broker, filled in part", {1: {"parts": (1,)}}, exits_at=200, protected=NEAR),
    Scenario("delta hedge through zero", exits_at=40, hedges=True),
    Scenario("delta hedge, answers lost", LOST, exits_at=40, hedges=True),
    Scenario("delta hedge, orders refused", REFUSED, exits_at=40, hedges=True),
    Scenario("delta hedge, flatten", flattens_at=35, exits_at=60, hedges=True),
    Scenario("share scalp, target filled", exits_at=90, target=Decimal("0.50")),
    Scenario("share scalp, target rests to the end", enters_at=165, exits_at=190, target=Decimal(25)),
    Scenario("share scalp, answers lost", LOST_SCALP, enters_at=165, exits_at=190, target=Decimal(25)),
    Scenario(
        "share scalp, target filled as it is called back", CROSSED, enters_at=165, exits_at=190, target=Decimal(25)
    ),
    Scenario("share scalp, flatten", flattens_at=45, exits_at=200, target=Decimal(25)),
    Scenario("own strategy of a file", own=EXAMPLE),
    Scenario("own strategy of a file, flatten", flattens_at=90, own=EXAMPLE),
    Scenario("st0cka, entry, target, exit", scalps=SHARES),
    Scenario("st0cka, answers lost", {number: {"times_out": True} for number in (0, 1, 2)}, scalps=SHARES),
    Scenario("st0ckg, scale-out", scalps=OPTIONS),
    Scenario("st0ckg, answers lost", {number: {"times_out": True} for number in (0, 1, 2)}, scalps=OPTIONS),
    Scenario("gamma scalping, hedge, cross, exit", scalps=STRADDLE),
    Scenario("gamma scalping, answers lost", {number: {"times_out": True} for number in (0, 1, 3)}, scalps=STRADDLE),
    Scenario("hybrid, both ways", scalps=BOTH_WAYS),
)
EITHER = "killed or not, the same"


@frozen
class Point:
    """One boundary of an undisturbed run."""

    number: int
    name: str


def points(passed: list[str]) -> Iterator[Point]:
    """Every append of the day; every call of the broker from the entry's judgement until two looks after the close."""
    begins = ("EntryJudged", "OrderIntended")  # a strategy that judges no entries begins with its first order
    first = next(number for number, name in enumerate(passed) if any(event in name for event in begins)) - 2
    appends = [number for number, name in enumerate(passed) if "append" in name and "DayFinished" not in name]
    last = appends[-1] + 4
    for number, name in enumerate(passed):
        if first <= number <= last or "append" in name:
            yield Point(number, name)


def tried(harness: Harness) -> list[Point]:
    """The points of a scenario at which it is killed: all, or in a smoke the first of each kind that tells."""
    every = list(points(harness.boundaries.passed))
    if WHOLE:
        return every
    kinds = {point.name: point for point in reversed(every)}
    return [point for point in kinds.values() if harness.scenario is SCENARIOS[0] or " submit " in point.name]


class Harness:
    """A folder, the undisturbed run, and what every killed run came to."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self.folder = folder
        self.scenario = scenario
        self.boundaries = Boundaries()
        self.undisturbed = trade(folder / "undisturbed.ledger", scenario, self.boundaries)

    def killed_at(self, point: Point, *, at_the_instant_of_death: bool) -> Ending:
        """Die at a point, start again without faults, return how that ended; it never leaves a short uncovered."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            ledger, last_words = Path(folder, "day.ledger"), Path(folder, "died-at")
            fatal = Boundaries(point.number, last_words)
            assert dies(lambda: trade(ledger, self.scenario, fatal)), f"never came to {point}"
            died_at = dt.datetime.fromisoformat(last_words.read_text())
            return trade(
                ledger, self.scenario, Boundaries(), died_at if at_the_instant_of_death else None, assert_covered
            )


def assert_covered(book: Book) -> None:
    """No short without its cover, or an alarm on record and an order at work that fixes it. Rule: R2."""
    for position in book.live_spreads:
        if position.naked_shorts():
            assert any(order.is_working for order in book.orders_of(position.id)), f"naked: {position.naked_shorts()}"


def bodies(ending: Ending, kind: str) -> list[Mapping[str, object]]:
    events = (json.loads(event) for event in ending.events)
    return [event["body"] for event in events if event["type"] == kind]


def hedges(ending: Ending) -> list[Mapping[str, object]]:
    """The decisions that led to an order; a "no" may be noted once more by a cycle that was looked at twice."""
    return [body for body in bodies(ending, "HedgeDecided") if body["shares"]]


def entries(ending: Ending) -> list[Mapping[str, object]]:
    """The judgements that led to an order."""
    return [body for body in bodies(ending, "EntryJudged") if body["reason"] is None]


def differences(killed: Ending, undisturbed: Ending) -> str:
    """Events only one of the two ledgers has: "-OrderFilled +AlarmRaised"; "" when they are the same, byte for byte."""
    if killed.events == undisturbed.events:
        return ""
    here, there = Counter(killed.events), Counter(undisturbed.events)
    signs = [("-", event) for event in there - here] + [("+", event) for event in here - there]
    return " ".join(sign + json.loads(event)["type"] for sign, event in signs) or "order of events"


RECOVERY = (
    # the answer to an order is asked for at once: nobody lived to note that none came, or waited a cycle to ask
    "-OrderOutcomeUnknown -OrderAccepted +OrderAccepted",
    "-OrderAccepted +OrderAccepted",
    "+FlattenRequested",  # journaled, but not yet out of the inbox: twice is harmless, never would not be
    "+AlarmRaised",  # a new process does not know that an alarm was raised
)


RECOVERED = ("OrderOutcomeUnknown", "OrderAccepted", "AlarmRaised")
"""What may be said otherwise in a cycle that was looked at twice, and then no hedge is needed and that is said too.

Nor may an entry be made then, for its order is in flight; that "no" is said as well.
"""
BREAKER = ("BreakerTripped", "BreakerCleared")
"""Failures in a row are counted by a process: who starts anew begins at none."""


def is_principled(difference: str) -> bool:
    """Nothing differs, or only what recovery adds, or what the rules saw in a cycle that was looked at twice."""
    words = {word.strip("+-") for word in difference.split()}
    judged_again = {"HedgeDecided", "EntryJudged", *RECOVERED, *BREAKER}
    return difference in ("", *RECOVERY) or words == {"WatchChanged"} or words <= judged_again


@pytest.fixture(scope="module")
def calendar() -> NyseCalendar:
    return NyseCalendar(2026, 2027)


@pytest.fixture(params=SCENARIOS, ids=lambda scenario: scenario.name)
def harness(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calendar: NyseCalendar
) -> Harness:
    """One scenario, traded once undisturbed; the calendar is loaded once for all the runs of this process."""
    monkeypatch.setattr(days, "NyseCalendar", lambda: calendar)
    return Harness(tmp_path, request.param)


@pytest.mark.parametrize("harness", [SCENARIOS[0], SCENARIOS[4]], ids=lambda scenario: scenario.name, indirect=True)
def test_a_restart_at_the_last_recorded_instant_loses_nothing_either(harness: Harness) -> None:
    """R2: a simulated clock that only knows the ledger starts before the death; the exchange is ahead of it."""
    for point in tried(harness):
        ending = harness.killed_at(point, at_the_instant_of_death=False)

        assert ending.is_finished, point
        assert (ending.holdings, ending.cash) == ({}, ending.balance), point  # dollar for dollar what the exchange says
        assert len(bodies(ending, "HoldingClosed")) == 1, point
        assert len({order.id for order in ending.orders}) == len(bodies(ending, "OrderIntended")), point


def test_killed_anywhere_and_restarted_the_day_ends_the_same(harness: Harness) -> None:
    """R2: the restart takes up the interrupted cycle at the instant of the death."""
    undisturbed = harness.undisturbed
    assert undisturbed.is_finished
    lines = []
    for point in tried(harness):
        ending = harness.killed_at(point, at_the_instant_of_death=True)
        difference = differences(ending, undisturbed)
        lines.append(f"{point.number:4d}  {point.name:55s}  {difference or EITHER}")

        assert ending.is_finished, lines[-1]
        assert ending.orders == undisturbed.orders, lines[-1]  # none twice, none missing, each filled the same
        assert (ending.holdings, ending.cash, ending.balance) == ({}, undisturbed.cash, undisturbed.balance), lines[-1]
        assert bodies(ending, "HoldingClosed") == bodies(undisturbed, "HoldingClosed"), lines[-1]
        assert (hedges(ending), entries(ending)) == (hedges(undisturbed), entries(undisturbed)), lines[-1]
        assert is_principled(difference), lines[-1]
    print(f"\n{harness.scenario.name}: {len(lines)} points", *lines, sep="\n")  # noqa: T201 - the table of R2
