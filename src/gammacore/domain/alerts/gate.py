"""Which message a channel is sent, and when: level, quiet hours, repeats, limits, alarms that stand. Pure.

Its owner passes every message with the time, and asks again while something waits. OP-401, OP-402.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from attrs import define, evolve, field, frozen

from gammacore.domain.alerts.messages import LOUDNESS, Key, Message
from gammacore.domain.service.endings import Level as Severity
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import InvalidInput

MINUTE = dt.timedelta(minutes=1)
MOST_HELD = 500
"""Messages that wait for the end of quiet hours; beyond them the oldest is only counted (ours)."""
_LOOP_IS_BACK = frozenset({"loop_started", "loop_restarted", "loop_taken_over", "day_summary"})
ENDED_BY: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("loop_stalled", "loop_killed", "loop_failed", "loop_refused", "cannot_start", "not_armed"), _LOOP_IS_BACK
    ),
    "ledger_unreadable": frozenset({"day_summary"}),
    "stopped_with_holdings": frozenset({"service_started"}),
}
"""What ends an alarm that is of no holding; without an entry the day's summary does, or `gammacore alerts ack`."""
HOLDING_IS_OVER = frozenset({"holding_closed", "holding_settled"})


@frozen
class QuietHours:
    """From one wall-clock time to another, over midnight where the second is the earlier.

    >>> quiet = QuietHours.read("22:00-07:00")
    >>> [quiet.cover(dt.time(hour)) for hour in (21, 22, 6, 7)]
    [False, True, True, False]
    """

    begin: dt.time
    end: dt.time

    @classmethod
    def read(cls, text: str) -> QuietHours | None:
        """ "22:00-07:00"; "" is none.

        Raises:
            InvalidInput: it is neither.
        """
        if not text:
            return None
        begin, _, end = text.partition("-")
        try:
            hours = cls(dt.time.fromisoformat(begin.strip()), dt.time.fromisoformat(end.strip()))
        except ValueError:
            raise InvalidInput("quiet", text, 'give two times like "22:00-07:00"') from None
        if hours.begin == hours.end:
            raise InvalidInput("quiet", text, "give two different times, or leave it out")
        return hours

    def cover(self, time: dt.time) -> bool:
        if self.begin < self.end:
            return self.begin <= time < self.end
        return time >= self.begin or time < self.end


@frozen
class GateRules:
    """What one channel asks for. `through_quiet`: critical messages come in quiet hours too, as on a live account."""

    level: Severity = Severity.NOTICE
    events: frozenset[str] = frozenset()
    quiet: QuietHours | None = None
    through_quiet: bool = False
    zone: ZoneInfo = NEW_YORK
    per_minute: int = 20
    per_day: int = 200
    again: dt.timedelta = dt.timedelta(minutes=5)


@define(eq=False)
class Gate:
    """One channel's. Critical messages pass level, events and limits, and come again until they are over."""

    rules: GateRules
    _sent: deque[dt.datetime] = field(factory=deque)
    _day: tuple[dt.date | None, int] = (None, 0)
    _last: dict[Key, dt.datetime] = field(factory=dict)
    _again: dict[Key, tuple[int, Message]] = field(factory=dict)
    _held: deque[Message] = field(factory=deque)
    _gathered: Counter[str] = field(factory=Counter)
    _gathered_at: dt.datetime | None = None
    _standing: dict[Key, tuple[Message, dt.datetime]] = field(factory=dict)

    @property
    def waits(self) -> bool:
        """Whether something may become due without another message."""
        return bool(self._again or self._held or self._gathered or self._standing)

    def take(self, message: Message, now: dt.datetime) -> Iterator[Message]:
        """What is to be sent at once because of this message: it, or nothing yet."""
        self._end_alarms(message)
        if not self._asks_for(message):
            return
        if self._is_quiet(message, now):
            self._hold(message)
            return
        yield from self._pass(message, now)

    def due(self, now: dt.datetime) -> Iterator[Message]:
        """What has become due by now: held messages, repeats with their number, standing alarms, a digest."""
        held = list(self._held)
        self._held.clear()
        soft = [
            one for one in held if LOUDNESS[one.level] < LOUDNESS[Severity.WARNING] and not self._is_quiet(one, now)
        ]
        for message in held:
            if self._is_quiet(message, now):
                self._held.append(message)
            elif message not in soft:
                yield from self._pass(message, now)
        if len(soft) == 1:
            yield from self._pass(soft[0], now)
        elif soft:
            yield self._count(self._digest("In quiet hours", Counter(one.code for one in soft), now, soft), now)
        for key, (count, message) in list(self._again.items()):
            if now - self._last[key] >= self.rules.again:
                del self._again[key]
                if self._is_quiet(message, now):
                    self._hold(_counted(message, count))
                else:
                    yield from self._pass(_counted(message, count), now)
        for key, (message, at) in list(self._standing.items()):
            if now - at >= self.rules.again and not self._is_quiet(message, now):
                self._standing[key] = (message, now)
                self._last[key] = now
                yield evolve(message, title=f"{message.title} (still so, since {self._clock(message.at)})")
        is_time = self._gathered_at is None or now - self._gathered_at >= MINUTE
        if self._gathered and is_time and not self._are_quiet_hours(now):
            yield from self._flush_gathered(now)

    def flush(self, now: dt.datetime) -> Iterator[Message]:
        """The end: what limits held back goes now; within quiet hours it joins what they hold."""
        counted = [_counted(message, count) for count, message in self._again.values()]
        self._again.clear()
        for message in (*counted, *self._flush_gathered(now)):
            if self._is_quiet(message, now):
                self._held.append(message)
            else:
                yield message

    @property
    def held(self) -> tuple[Message, ...]:
        """Messages that wait for the end of quiet hours, oldest first."""
        return tuple(self._held)

    @property
    def repeating(self) -> tuple[Message, ...]:
        """Messages whose repeat is not sent yet."""
        return tuple(message for _, message in self._again.values())

    @property
    def standing(self) -> tuple[Message, ...]:
        """Alarms that come again until they are over."""
        return tuple(message for message, _ in self._standing.values())

    def acknowledge(self, at: dt.datetime) -> None:
        """A person knows of every alarm up to this instant: none comes again."""
        self._standing = {key: kept for key, kept in self._standing.items() if kept[0].at > at}

    def _asks_for(self, message: Message) -> bool:
        rules = self.rules
        if message.is_critical:
            return True
        is_loud = LOUDNESS[message.level] >= LOUDNESS[rules.level]
        return is_loud and (not rules.events or message.code in rules.events)

    def _is_quiet(self, message: Message, now: dt.datetime) -> bool:
        return not (message.is_critical and self.rules.through_quiet) and self._are_quiet_hours(now)

    def _are_quiet_hours(self, now: dt.datetime) -> bool:
        quiet = self.rules.quiet
        return quiet is not None and quiet.cover(now.astimezone(self.rules.zone).time())

    def _hold(self, message: Message) -> None:
        if len(self._held) >= MOST_HELD:
            self._gathered[self._held.popleft().code] += 1
        self._held.append(message)

    def _pass(self, message: Message, now: dt.datetime) -> Iterator[Message]:
        key = message.key
        last = self._last.get(key)
        if last is not None and now - last < self.rules.again:
            self._again[key] = (self._again.get(key, (0, message))[0] + 1, message)
            return
        if message.is_critical:
            self._last[key] = now
            if message.stands:
                self._standing[key] = (message, now)
            yield message
        elif self._has_room(now):
            self._last[key] = now
            yield self._count(message, now)
        else:
            self._gathered[message.code] += 1
            self._gathered_at = self._gathered_at or now

    def _has_room(self, now: dt.datetime) -> bool:
        while self._sent and now - self._sent[0] >= MINUTE:
            self._sent.popleft()
        date, count = self._day
        today = now.astimezone(self.rules.zone).date()
        return len(self._sent) < self.rules.per_minute and (date != today or count < self.rules.per_day)

    def _count(self, message: Message, now: dt.datetime) -> Message:
        today = now.astimezone(self.rules.zone).date()
        date, count = self._day
        self._day = (today, count + 1 if date == today else 1)
        self._sent.append(now)
        self._last = {key: at for key, at in self._last.items() if now - at < self.rules.again or key in self._again}
        return message

    def _flush_gathered(self, now: dt.datetime) -> Iterator[Message]:
        if self._gathered:
            yield self._digest("More messages than this channel may have", self._gathered, now)
            self._gathered, self._gathered_at = Counter(), now

    def _digest(self, why: str, counts: Counter[str], now: dt.datetime, shown: list[Message] | None = None) -> Message:
        counted = ", ".join(f"{code} {count}" for code, count in counts.most_common())
        lines = [f"{self._clock(one.at)} {one.title}" for one in shown or ()]
        return Message(
            "gathered",
            Severity.NOTICE,
            f"{sum(counts.values())} messages",
            "\n".join((f"{why}: {counted}", *lines)),
            now,
        )

    def _clock(self, at: dt.datetime) -> str:
        return f"{at.astimezone(self.rules.zone):%H:%M}"

    def _end_alarms(self, message: Message) -> None:
        """What this message says is over comes no more."""
        for key in list(self._standing):
            code, subject, _ = key
            of_holding = message.code in HOLDING_IS_OVER and subject == message.subject
            if of_holding or message.code in ENDED_BY.get(code, frozenset({"day_summary"})):
                del self._standing[key]


def _counted(message: Message, count: int) -> Message:
    times = "once" if count == 1 else f"{count} times"
    return evolve(message, title=f"{message.title} ({times} more)")
