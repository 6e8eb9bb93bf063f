"""What became of each signal: seen, passed, traded, won, per day and in total; a fold of records. Rule: SC-324."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from attrs import evolve, field, frozen

from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.plans import RWatch
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.scalping.signals.signal import SignalName
from gammacore.domain.sessions import new_york_date
from gammacore.domain.verdicts import FilterVerdict, Verdict

RULE_OF = {name: f"SC-{312 + number}" for number, name in enumerate(SignalName)}
"""The rule of each detector, under which an entry's record keeps what it said."""
SIGNAL_BAR = "signal_bar"
NOT_SEEN = frozenset({"no_signal", "bars_missing"})


def is_signal(filter_verdict: FilterVerdict) -> bool:
    """Whether this verdict of an entry's record is a detector's."""
    return filter_verdict.name in RULE_OF


def was_seen(filter_verdict: FilterVerdict) -> bool:
    """Whether this verdict of an entry's record is that of a signal that was there, passed or not."""
    return is_signal(filter_verdict) and filter_verdict.verdict.reason not in NOT_SEEN


@frozen
class SignalSeen:
    """A detector found its signal in the bar that ended at `bar`; `passed` says whether it passed its own gates."""

    name: SignalName
    bar: dt.datetime
    passed: bool


@frozen
class SignalTraded:
    """An entry that this signal asked for was filled, in part or whole."""

    name: SignalName
    at: dt.datetime


@frozen
class SignalClosed:
    """The position of a signal is flat: net P/L, dollars, and R of the underlying at the last exit (None: unknown)."""

    name: SignalName
    at: dt.datetime
    net: Decimal
    r: Fraction | None = None


SignalEvent = SignalSeen | SignalTraded | SignalClosed


def bar_verdict(ended: dt.datetime) -> FilterVerdict:
    """The newest signal bar an entry was judged by, for its record."""
    return FilterVerdict("SC-301", SIGNAL_BAR, Verdict.ok(ended.astimezone(dt.UTC).isoformat(timespec="minutes")))


def seen_in(record: EntryJudged) -> tuple[SignalSeen, ...]:
    """The signals an entry's record tells of, in the bar it names; of an older record its minute counts."""
    named = next((one.verdict.value for one in record.filters if one.name == SIGNAL_BAR), None)
    ended = record.at.replace(second=0, microsecond=0) if named is None else dt.datetime.fromisoformat(named)
    return tuple(SignalSeen(SignalName(one.name), ended, one.verdict.passed) for one in record.filters if was_seen(one))


def trades_of(holdings: Iterable[AnyHolding]) -> tuple[SignalEvent, ...]:
    """What became of the positions that signals asked for: opened with any fill, closed with their net P/L and R."""
    events: list[SignalEvent] = []
    for holding in holdings:
        if holding.terms is None or holding.terms.signal not in RULE_OF or not holding.has_filled:
            continue
        name = SignalName(holding.terms.signal)
        events.append(SignalTraded(name, holding.opened_at))
        if holding.closed_at is not None:
            last = holding.memory.last if isinstance(holding.memory, RWatch) else None
            r = None if last is None else Fraction(last)
            events.append(SignalClosed(name, holding.closed_at, holding.gross - holding.fees, r))
    return tuple(events)


@frozen
class SignalTally:
    """Counts of one signal. `r_known` positions have an R, `r_sum` is theirs in all."""

    seen: int = 0
    passed: int = 0
    traded: int = 0
    closed: int = 0
    won: int = 0
    r_sum: Fraction = Fraction(0)
    r_known: int = 0

    @property
    def win_rate(self) -> Fraction | None:
        """Won of closed, a fraction; None before the first is closed."""
        return Fraction(self.won, self.closed) if self.closed else None

    @property
    def mean_r(self) -> Fraction | None:
        """R of a position in the mean; None before one is known."""
        return self.r_sum / self.r_known if self.r_known else None

    def plus(self, other: SignalTally) -> SignalTally:
        return SignalTally(
            self.seen + other.seen, self.passed + other.passed, self.traded + other.traded,
            self.closed + other.closed, self.won + other.won, self.r_sum + other.r_sum, self.r_known + other.r_known,
        )  # fmt: skip


@frozen
class SignalHistory:
    """The tallies of every New York date and signal, and the newest bar each signal was seen and passed in.

    >>> bar = dt.datetime(2026, 3, 3, 15, 1, tzinfo=dt.UTC)
    >>> twice = SignalHistory().after(SignalSeen(SignalName.OPTIONS_PIN, bar, False)).after(
    ...     SignalSeen(SignalName.OPTIONS_PIN, bar, True))
    >>> twice.total(SignalName.OPTIONS_PIN).seen, twice.total(SignalName.OPTIONS_PIN).passed
    (1, 1)
    """

    tallies: Mapping[tuple[dt.date, SignalName], SignalTally] = field(factory=dict)
    last_seen: Mapping[SignalName, dt.datetime] = field(factory=dict)
    last_passed: Mapping[SignalName, dt.datetime] = field(factory=dict)

    @classmethod
    def of(cls, events: Iterable[SignalEvent]) -> SignalHistory:
        """The fold of events in their order."""
        history = cls()
        for event in events:
            history = history.after(event)
        return history

    def after(self, event: SignalEvent) -> SignalHistory:
        """The history after one more event; a signal is seen, and passes, once a signal bar."""
        match event:
            case SignalSeen():
                return self._seen(event)
            case SignalTraded(name=name, at=at):
                return self._counting(new_york_date(at), name, SignalTally(traded=1))
            case SignalClosed(name=name, at=at, net=net, r=r):
                known = SignalTally(closed=1, won=int(net > 0), r_sum=r or Fraction(0), r_known=int(r is not None))
                return self._counting(new_york_date(at), name, known)
            case _:
                assert_never(event)

    def day(self, date: dt.date, name: SignalName) -> SignalTally:
        """The tally of one signal on a New York date."""
        return self.tallies.get((date, name), SignalTally())

    def total(self, name: SignalName) -> SignalTally:
        """The tally of one signal over all days."""
        whole = SignalTally()
        for (_, known), tally in self.tallies.items():
            if known is name:
                whole = whole.plus(tally)
        return whole

    def _seen(self, event: SignalSeen) -> SignalHistory:
        is_new = self.last_seen.get(event.name) != event.bar
        passes = event.passed and self.last_passed.get(event.name) != event.bar
        if not (is_new or passes):
            return self
        counted = self._counting(
            new_york_date(event.bar), event.name, SignalTally(seen=int(is_new), passed=int(passes))
        )
        last_passed = {**self.last_passed, event.name: event.bar} if passes else self.last_passed
        return evolve(counted, last_seen={**self.last_seen, event.name: event.bar}, last_passed=last_passed)

    def _counting(self, date: dt.date, name: SignalName, more: SignalTally) -> SignalHistory:
        return evolve(self, tallies={**self.tallies, (date, name): self.day(date, name).plus(more)})
