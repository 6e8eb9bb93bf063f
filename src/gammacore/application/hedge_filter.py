"""The `hedge` filter: messages in, intents out; what an input led to is durable before any line of it leaves.

Rules: DH-142, DH-151, DH-152, DH-710..712, DH-1007.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from attrs import evolve

from gammacore.application.watch_regime import WatchRegime
from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.desk import HedgingDesk
from gammacore.domain.hedge_filter.gauges import HedgeCounts, Histogram, Sample, gauges, hedge_samples
from gammacore.domain.hedge_filter.protocol import (
    BadLine,
    Inbound,
    Level,
    LogMessage,
    MarketEvent,
    OrderUpdate,
    Shutdown,
)
from gammacore.domain.hedge_filter.step import Step, market_content, update_content
from gammacore.domain.hedge_filter_events import HedgeRunStarted, IntentsWritten
from gammacore.domain.hedging.decision import DUPLICATE_CONFLICT, Alarm, Phase, Reason
from gammacore.domain.hedging.exposure import UnreadSymbol
from gammacore.domain.hedging.settings import Freshness, HedgingSettings, seconds
from gammacore.domain.ledger import AlarmRaised, LedgerOpened, Mode
from gammacore.errors import ConfigurationError, InvalidInput
from gammacore.ports.clock import Clock
from gammacore.ports.storage import Storage


class HedgeJournal:
    """Gathers events and appends them.

    Events of inputs that emit nothing may wait until `group` of them are there: an input file can be read again, so a
    crash loses nothing. Whatever emits a line is appended at once, with all that waited before it.
    """

    def __init__(self, storage: Storage | None, book: DeskBook, *, group: int = 1) -> None:
        self._storage = storage
        self._book = book
        self._group = group
        self._waiting: list[Any] = []

    @property
    def keeps(self) -> bool:
        """Whether there is a ledger at all."""
        return self._storage is not None

    def begin(self, settings: HedgingSettings, account: str, at: dt.datetime) -> str:
        """Note who takes the ledger up; returns a warning when its settings were others, else "". Rule: DH-712.

        Raises:
            ConfigurationError: the ledger is of another strategy or account.
        """
        run = self._book.run
        now = HedgeRunStarted(at, settings.strategy_name, account, settings.profile.value, settings.config_hash)
        if run is None:
            opened = LedgerOpened(at, account, Mode.STUDY, settings.config_hash, Decimal(0))
            for event in (opened, now):
                self._book.apply(event)
            self.take([opened, now])
            return ""
        if (run.profile, run.config_hash) == (now.profile, now.config_hash):
            return ""
        self.take([now])
        self._book.apply(now)
        return (
            f"the ledger was kept under profile {run.profile}, settings {run.config_hash}; going on with {now.profile}"
        )

    def check_owner(self, settings: HedgingSettings, account: str) -> None:
        """Refuse a ledger of another strategy or account. Rule: DH-712."""
        book = self._book
        if book.account is None:
            return
        kept_by = "another desk" if book.run is None else book.run.strategy
        if (kept_by, book.account) != (settings.strategy_name, account):
            raise ConfigurationError(
                f"the ledger belongs to {kept_by}, account {book.account}; name another with --ledger"
            )

    def take(self, events: list[Any]) -> None:
        """Add events to what waits; the book holds them already."""
        if self._storage is not None:
            self._waiting += events

    def settle(self) -> None:
        """Append when enough has gathered."""
        if len(self._waiting) >= self._group:
            self.commit()

    def commit(self) -> None:
        """Append all that waits, durably."""
        if self._storage is not None and self._waiting:
            self._storage.append(self._waiting, self._storage.version)
            self._waiting = []

    def written(self, at: dt.datetime, intent_ids: tuple[str, ...]) -> None:
        """Lines were flushed; the mark goes with the next append. Rule: DH-710."""
        mark = IntentsWritten(at, intent_ids)
        self._book.apply(mark)
        self.take([mark])

    def close(self) -> None:
        """Append what waits and let go of the ledger."""
        if self._storage is not None:
            try:
                self.commit()
            finally:
                self._storage.close()


Write = Callable[[str], None]
Log = Callable[[LogMessage], None]
FIRST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""What a note is dated before any input was taken."""


class HedgeStream:
    """Feeds messages to the desk, makes what they led to durable, then writes it.

    `clock` is the wall clock of `freshness = live`; replays have none, their clock is event time. `verbose` logs
    every refusal, as a debug note. `timer` counts seconds, for the histogram of decision times; none: no histogram.
    """

    def __init__(
        self,
        desk: HedgingDesk,
        journal: HedgeJournal,
        regime: WatchRegime,
        write: Write,
        log: Log,
        *,
        clock: Clock | None = None,
        strict: bool = True,
        verbose: bool = False,
        account: str = "paper",
        timer: Callable[[], float] | None = None,
    ) -> None:
        self.desk = desk
        self.counts = HedgeCounts()
        self.decision_time = Histogram()
        self._journal = journal
        self._keeps = journal.keeps
        self._timer = timer
        self._regime = regime
        self._write = write
        self._log = log
        self._clock = clock if desk.settings.freshness is Freshness.LIVE else None
        self._strict = strict
        self._verbose = verbose
        self._account = account
        self._begun = False
        self._received_at: dt.datetime | None = None
        self._silence_reported = False
        self._taken_before = 0
        journal.check_owner(desk.settings, account)

    # -- the filter ----------------------------------------------------------------------------------------------------

    def run(
        self, inputs: Iterable[tuple[int, Inbound | BadLine | None]], stopped: Callable[[], bool] | None = None
    ) -> None:
        """Take inputs until they end, one asks to shut down, or `stopped` says so.

        Raises:
            InvalidInput: strict, and a line breaks the protocol; earlier intents stand.
        """
        self.resume()
        for number, message in inputs:
            if type(message) is MarketEvent or type(message) is OrderUpdate:
                try:
                    self.take(message)
                except InvalidInput as fault:
                    self.refuse(fault, number)
            elif isinstance(message, BadLine):
                self.refuse(message.fault, number)
            elif isinstance(message, Shutdown):
                break
            else:
                self.tick()
            if stopped is not None and stopped():
                break
        self.finish()

    def resume(self) -> None:
        """Write again what was recorded and perhaps never written, in ledger order, same ids. Rule: DH-711."""
        book = self.desk.book
        if not book.unwritten:
            return
        again = list(book.unwritten.values())
        for intent in again:
            self._write(intent.line)
        self._journal.written(book.clock or FIRST, tuple(intent.intent_id for intent in again))

    def take(self, message: MarketEvent | OrderUpdate) -> Step:
        """One message, from validation to the last flushed line. Rule: DH-201.

        Raises:
            InvalidInput: an update that cannot be; nothing of it was applied.
        """
        began = None if self._timer is None else self._timer()
        if not self._begun:
            self._begin(message.ts)
        if self._clock is not None:
            self.tick()
        if type(message) is OrderUpdate:
            step = self.desk.take_update(self._not_ahead(message), update_content(message))
        elif self._clock is not None and not self._is_fresh(message.ts, self._clock.now()):
            step = Step(self.desk.book, code=Reason.STALE)
        else:
            assert type(message) is MarketEvent
            content = market_content(message) if self._keeps else message.content()
            step = self.desk.take_market(message, content)
        regime = self._regime
        if step.events or step.lines or step.notes or regime.events or regime.notes:
            self._settle(step)
        self.counts.inputs += 1
        if (code := step.code) is not None:
            self.counts.refusals[code] += 1
            if self._verbose or code is DUPLICATE_CONFLICT:
                self._log_refusal(code, message)
        if began is not None and self._timer is not None:
            self.decision_time.observe(self._timer() - began)
        return step

    def tick(self) -> Step | None:
        """Live: run what fell due by the wall clock, and notice silence. Rules: DH-260, DH-1006."""
        if self._clock is None:
            return None
        return self.tick_at(self._clock.now())

    def tick_at(self, now: dt.datetime) -> Step:
        """Run what fell due by `now`."""
        step = self.desk.take_tick(now)
        self._watch_silence(step, now)
        self._settle(step)
        return step

    def finish(self) -> None:
        """The input has ended: say what is open, and make the rest durable. Rule: DH-260."""
        now = self.desk.book.clock
        if now is not None and self.counts.taken and self._clock is None and self.desk.is_open():
            detail = "the input ended with positions, hedge shares or timers open"
            self._journal.take([AlarmRaised(now, Alarm.OPEN_AT_END, detail)])
            self._log(LogMessage(now, Level.WARN, detail, Alarm.OPEN_AT_END))
        self._journal.commit()
        counts = {
            "events": {"taken": self.counts.taken, "refused": self.counts.refused},
            "refusals": dict(self.counts.refusals),
            "intents": dict(self.counts.intents),
        }
        self._log(LogMessage(now or FIRST, Level.INFO, "done", fields=counts))

    def metrics(self) -> tuple[Sample, ...]:
        """Counters, gauges and the histogram as they are now. Rule: DH-1007."""
        desk = self.desk
        books = gauges(desk.book, desk.settings, self._regime.last)
        return tuple(hedge_samples(desk.settings, self.counts, self._regime.reads, books, self.decision_time))

    # -- one step ------------------------------------------------------------------------------------------------------

    def _begin(self, at: dt.datetime) -> None:
        self._begun = True
        if warning := self._journal.begin(self.desk.settings, self._account, at):
            self._log(LogMessage(at, Level.WARN, warning))

    def _settle(self, step: Step) -> None:
        """Durable first, then the lines, then their mark. Rule: DH-710."""
        regime = self._regime
        if regime.events or regime.notes:
            changes, notes = regime.drain()
            for change in changes:
                self.desk.book.apply(change)
            step.events[:0] = changes
            step.notes[:0] = notes
        journal = self._journal
        journal.take(step.events)
        if step.lines:
            journal.commit()
            for line in step.lines:
                self._write(line.body)
            self.counts.intents.update(self.desk.book.intents[line.intent_id].kind for line in step.lines)
            journal.written(self.desk.book.clock or FIRST, tuple(line.intent_id for line in step.lines))
        elif self._keeps:
            journal.settle()
        for note in step.notes:
            self._log(note)

    def _log_refusal(self, code: Reason, message: MarketEvent | OrderUpdate) -> None:
        """Why nothing came of a message. Rule: DH-1101."""
        level = Level.ERROR if code is DUPLICATE_CONFLICT else Level.DEBUG
        named = message.event_id if isinstance(message, MarketEvent) else ""
        self._log(LogMessage(message.ts, level, _SENTENCES.get(code, code.value), code, named))

    def refuse(self, fault: InvalidInput, line: int | None = None) -> None:
        """Strict: the end. Lenient: logged, counted, skipped; a position left out is an alarm too. DH-142, DH-150."""
        at = self.desk.book.clock or FIRST
        where = fault.field if line is None else f"line {line}, {fault.field}"
        placed = InvalidInput(where, fault.value, fault.fix)
        named = {"field": fault.field} if line is None else {"line": line, "field": fault.field}
        self._log(LogMessage(at, Level.ERROR, str(placed), Reason.INVALID, fields=named))
        self.counts.inputs += 1
        self.counts.refusals[Reason.INVALID] += 1
        if self._strict:
            self._journal.commit()
            raise placed from fault
        if isinstance(fault, UnreadSymbol):
            self._journal.take([AlarmRaised(at, Alarm.UNREAD_SYMBOL, str(placed))])
            self._log(LogMessage(at, Level.WARN, str(placed), Alarm.UNREAD_SYMBOL, fields=named))

    # -- live ----------------------------------------------------------------------------------------------------------

    def _is_fresh(self, ts: dt.datetime, now: dt.datetime) -> bool:
        """Not older than `max_age`, not ahead by more than `max_skew`; the bounds pass. Rule: DH-151."""
        age = Decimal(str((now - ts).total_seconds()))
        return -self.desk.settings.max_skew <= age <= self.desk.settings.max_age

    def _not_ahead(self, update: OrderUpdate) -> OrderUpdate:
        """Live: news is never dropped, but news dated ahead of us by more than `max_skew` counts as of now.

        Else one wrong time would move the desk's clock, and every event after it would be too old.
        """
        if self._clock is None:
            return update
        now = self._clock.now()
        if update.ts - now <= seconds(self.desk.settings.max_skew):
            return update
        self._log(LogMessage(now, Level.WARN, f"order_update dated {update.ts.isoformat()}: taken as of now"))
        return evolve(update, ts=now)

    def _watch_silence(self, step: Step, now: dt.datetime) -> None:
        """In OPEN with a position and no accepted event for long: once a silence. Rule: DH-1006."""
        taken = self.counts.taken
        book = self.desk.book
        received = book.clock if self._received_at is None else self._received_at
        if taken != self._taken_before:
            self._taken_before = taken
            self._received_at, self._silence_reported = now, False
            return
        limit = seconds(self.desk.settings.heartbeat)
        if received is None or self._silence_reported or not book.holdings or now - received <= limit:
            return
        if self.desk.phase(now) is Phase.OPEN:
            self._silence_reported = True
            detail = f"no event accepted since {received.isoformat()}"
            step.events.append(AlarmRaised(now, Alarm.DATA_SILENT, detail))
            step.notes.append(LogMessage(now, Level.WARN, detail, Alarm.DATA_SILENT))


_SENTENCES = {
    Reason.DUPLICATE: "seen before: skipped",
    Reason.DUPLICATE_CONFLICT: "seen before with other content: ignored",
    Reason.OUT_OF_ORDER: "older than the newest of its symbol: ignored",
}
