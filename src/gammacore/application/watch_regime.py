"""Keep the regime current: read sources when they are due, note every change. Rules: DH-402..407, DH-450, DH-454."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from gammacore.domain.hedge_filter.protocol import Level, LogMessage
from gammacore.domain.hedge_filter_events import RegimeNoted
from gammacore.domain.hedging.gex_sources import ReadSchedule, SourceMemory, choose_gex
from gammacore.domain.hedging.settings import HedgingSettings, seconds
from gammacore.domain.regime.documents import GexCause, GexFigure, GexShape, UnreadDocument, read_gex
from gammacore.domain.regime.macro_releases import NO_RELEASES, MacroReleases
from gammacore.domain.regime.regime import NO_EVENT, GexReading, GexStatus, MacroState, Regime, read_macro
from gammacore.domain.sessions import new_york_date
from gammacore.ports.market_data import MarketData, RegimeSource

MACRO = "macro"


@frozen
class GexFeed:
    """A source of dealer gamma and the shape of its document."""

    source: RegimeSource
    shape: GexShape


@frozen
class _Held:
    """A regime and the span in which it need not be asked for again."""

    regime: Regime
    since: dt.datetime
    until: dt.datetime


class WatchRegime:
    """The regime of a book at an instant; one reading serves threshold and metadata alike. Rule: DH-401.

    `feeds` gives the sources of one gamma symbol in the order they are believed. `noted` is what an earlier run
    journaled, so that a restart neither repeats a change nor forgets when an event was first seen. Where `releases` are
    on, the macro event comes from them and `macro_source` is not read (DH-454).
    """

    def __init__(
        self,
        settings: HedgingSettings,
        feeds: Callable[[str], Sequence[GexFeed]] = lambda _: (),
        macro_source: RegimeSource | None = None,
        noted: Mapping[str, RegimeNoted] | None = None,
        releases: MacroReleases = NO_RELEASES,
    ) -> None:
        self._settings = settings
        self._feeds_of = feeds
        self._macro_source = None if releases.on else macro_source
        self._releases = releases
        self._noted = {subject: event.after for subject, event in (noted or {}).items()}
        self._feeds: dict[str, list[tuple[GexFeed, SourceMemory]]] = {}
        self._held: dict[str, _Held] = {}
        self._reported: dict[str, _Held] = {}
        """By hedge share: which of them it was given last."""
        since = None if noted is None or MACRO not in noted else noted[MACRO].macro_since
        self._macro: MacroState = NO_EVENT if since is None else MacroState(detected=True, started_at=since)
        self._macro_schedule = ReadSchedule()
        self._warned: tuple[str, ...] = ()
        self._ttl = seconds(settings.gex_ttl)
        self._max_age = seconds(settings.gex_max_age)
        self._macro_ttl = seconds(settings.macro_event_ttl)
        self.reads: Counter[tuple[str, str]] = Counter()
        """Reads of dealer gamma, by source and by what they brought: known, or the cause of the failure. DH-1007."""
        self.events: list[RegimeNoted] = []
        self.notes: list[LogMessage] = []

    def __call__(self, share: str, now: dt.datetime) -> Regime:
        reported = self._reported.get(share)
        if reported is not None and reported.since <= now <= reported.until:
            return reported.regime
        symbol = self._settings.gex_symbols.get(share, self._settings.gex_symbol)
        held = self._held.get(symbol)
        if held is None or not held.since <= now <= held.until:
            held = self._renewed(symbol, now)
        self._reported[share] = held
        return held.regime

    def rebuild(self, share: str, market: MarketData, start: dt.datetime, now: dt.datetime) -> None:
        """Take the readings again that may still hold at `now`, as a run without a break has them. Decision 0022.

        A failed reading falls back on one up to `gex_max_age` old. What changed meanwhile is in the ledger already.
        """
        at = start
        while at < now:
            if at >= now - self._max_age:
                self(share, at)
            at = market.next_at(at)
        self.drain()

    def last(self, share: str) -> Regime | None:
        """The regime a book was last given; nothing is read. Rule: DH-1007."""
        reported = self._reported.get(share)
        return None if reported is None else reported.regime

    def drain(self) -> tuple[list[RegimeNoted], list[LogMessage]]:
        """What changed since the last time this was asked."""
        changes = self.events, self.notes
        self.events, self.notes = [], []
        return changes

    def _renewed(self, symbol: str, now: dt.datetime) -> _Held:
        self._read_macro(now)
        reading, until = self._reading(symbol, now)
        active = self._macro.is_active(now, self._macro_ttl)
        if self._releases.on:
            until = min(until, self._releases.unchanged_until(now))
        if self._macro_source is not None:
            until = min(until, self._macro_schedule.due_at or now)
        if active:
            until = min(until, self._macro.ends_at(self._macro_ttl) or now)
        regime = Regime(reading, self._macro, active)
        before = self._held.get(symbol)
        if before is not None and before.regime == regime:
            regime = before.regime
        held = self._held[symbol] = _Held(regime, now, until)
        self._note_gex(symbol, reading, now)
        self._note_macro(active, now)
        return held

    def _reading(self, symbol: str, now: dt.datetime) -> tuple[GexReading, dt.datetime]:
        """The reading and until when it holds; sources behind the first that knows are not asked."""
        until = dt.datetime.max.replace(tzinfo=dt.UTC)
        if self._settings.gex_override is not None:
            return choose_gex(self._settings, (), now), until
        feeds = self._feeds.get(symbol)
        if feeds is None:
            feeds = self._feeds[symbol] = [(feed, SourceMemory(feed.source.name)) for feed in self._feeds_of(symbol)]
        for number, (feed, known) in enumerate(feeds):
            memory = self._read(feed, known, symbol, now) if known.schedule.is_due(now) else known
            feeds[number] = (feed, memory)
            until = min(until, memory.holds_until(now, self._max_age) or now)
            if memory.reading(now, self._max_age).status is GexStatus.KNOWN:
                break
        return choose_gex(self._settings, (memory for _, memory in feeds), now), until

    def _read(self, feed: GexFeed, memory: SourceMemory, symbol: str, now: dt.datetime) -> SourceMemory:
        document = feed.source.read(now)
        if isinstance(document, UnreadDocument):
            answer: GexFigure | GexCause = document.cause
        else:
            answer = read_gex(document, feed.shape, symbol, now)
        status = answer.value if isinstance(answer, GexCause) else GexStatus.KNOWN.value
        self.reads[feed.source.name, status] += 1
        return memory.taking(answer, now, self._ttl)

    def _read_macro(self, now: dt.datetime) -> None:
        if self._releases.on:
            self._macro = self._releases.state(now)
            reported = (table.warning(new_york_date(now)) for table in self._releases.horizons)
            self._warn(tuple(warning for warning in reported if warning is not None), now)
            return
        if self._macro_source is None or not self._macro_schedule.is_due(now):
            return
        document = self._macro_source.read(now)
        good = not isinstance(document, UnreadDocument)
        self._macro_schedule = self._macro_schedule.after(now, good=good, ttl=self._ttl)
        if isinstance(document, UnreadDocument):
            self._warn((f"market regime not read: {document.cause} {document.detail}",), now)
            return
        self._macro, warnings = read_macro(document, self._macro, now)
        self._warn(warnings, now)

    def _warn(self, warnings: tuple[str, ...], now: dt.datetime) -> None:
        """Warnings of a read, once until they change: the same document is read every minute."""
        if warnings != self._warned:
            self.notes.extend(LogMessage(now, Level.WARN, warning) for warning in warnings)
        self._warned = warnings

    def _note_gex(self, symbol: str, reading: GexReading, now: dt.datetime) -> None:
        sign = {None: "unknown", -1: "negative", 0: "zero", 1: "positive"}[reading.sign]
        parts = (sign, reading.status, reading.source, reading.cause)
        self._note(symbol, " ".join(str(part) for part in parts if part is not None), now, None)

    def _note_macro(self, active: bool, now: dt.datetime) -> None:
        after = f"active {self._macro.status} stop {self._macro.stop} size {self._macro.size}" if active else "none"
        if active or MACRO in self._noted:
            self._note(MACRO, after, now, self._macro.started_at if active else None)

    def _note(self, subject: str, after: str, now: dt.datetime, macro_since: dt.datetime | None) -> None:
        before = self._noted.get(subject, "")
        if after == before:
            return
        self._noted[subject] = after
        self.events.append(RegimeNoted(now, subject, before, after, macro_since))
        self.notes.append(LogMessage(now, Level.INFO, f"regime {subject}: {before or 'not read'} -> {after}"))
