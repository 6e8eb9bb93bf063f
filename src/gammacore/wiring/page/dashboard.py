"""What a page is shown from: the ledgers under a home, folded as they grow, and the views beside them. OP-501, OP-515.

Everything is opened for reading; the one thing that is left anywhere is a request in an inbox, as the command line
leaves it.
"""

from __future__ import annotations

import datetime as dt
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.service.armed_file import armed_path, read_armed
from gammacore.adapters.service.state_file import read_state, state_path
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.view_files.reading import read_day, read_now
from gammacore.adapters.view_files.track import newest_track
from gammacore.configuration import Settings
from gammacore.domain.hedge_filter_events import HedgeRunStarted
from gammacore.domain.ledger import Mode
from gammacore.domain.reports.api_documents import days as day_documents
from gammacore.domain.reports.day_report import DayFold
from gammacore.domain.reports.halt_origin import HaltOrigin
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.study.from_ledger import closed_trades
from gammacore.domain.study.views import EquityBand
from gammacore.errors import GammacoreError
from gammacore.ports.desk_source import FEWEST, ControlAnswer, LedgerCard, LedgerReading
from gammacore.ports.storage import Request, RequestKind
from gammacore.version import __version__
from gammacore.wiring.controls import POLL, book_of, is_answer, leave_request, refuse_while_flattening, still_open
from gammacore.wiring.ledgers.backups import backup_folder
from gammacore.wiring.ledgers.choice import FoundLedger, ledgers_of, look_at, whose_ledger
from gammacore.wiring.ledgers.storage import (
    LedgerPlace,
    account_ledger,
    does_not_fold,
    local_path,
    open_storage,
    opening_of,
    writer_of,
)
from gammacore.wiring.page.day_index import Mark, file_mark, indexed_days, is_settled, keep_days
from gammacore.wiring.page.view_places import view_of

CARDS_SECONDS = 2.0
"""So long a look at the home is good for (ours)."""
MOST_STUDIES = 200
"""So many of the newest studies are listed (ours)."""
BAND_PATHS = 2000
"""Paths of the band on the page: its 5th percentile is right to about half a percent (ours)."""
ZERO = Decimal(0)
CONTROL_SECONDS = 5.0
"""A request is waited for so long. Rule: OP-510."""


@define(eq=False)
class _Kept:
    """A ledger as far as it was read."""

    fold: DayFold = field(factory=DayFold)
    reading: LedgerReading | None = None
    mark: Mark | None = None
    lines: tuple[LedgerReading, list[Mapping[str, Any]]] | None = None
    lock: threading.RLock = field(factory=threading.RLock)
    origin: HaltOrigin = HaltOrigin()


class HomeDesk:
    """Implements ports.desk_source.DeskSource over a home; `chosen` is the one ledger a command named."""

    def __init__(self, settings: Settings, chosen: FoundLedger | None = None) -> None:
        self._settings = settings
        self._chosen = chosen
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.RLock()
        self._seen_at = -CARDS_SECONDS
        self._found: dict[str, FoundLedger] = {}
        self._modes: dict[str, Mode | None] = {}
        self._unread = ""
        self._bands: dict[str, tuple[int, tuple[EquityBand, Sequence[float]] | None]] = {}
        self._bands_lock = threading.Lock()
        self._clock = SystemClock()
        self._calendar = NyseCalendar()

    # -- what there is -------------------------------------------------------------------------------------------------

    def cards(self) -> tuple[LedgerCard, ...]:
        return tuple(self._card(name, found) for name, found in self._ledgers().items())

    def _ledgers(self) -> dict[str, FoundLedger]:
        with self._lock:
            if time.monotonic() - self._seen_at >= CARDS_SECONDS:
                self._found = {self._name(one.place): one for one in self._listed()}
                self._seen_at = time.monotonic()
            return self._found

    def _listed(self) -> list[FoundLedger]:
        """The one meant first, by the rule of every command that reads; then the others. Rule: OP-102."""
        try:
            home = ledgers_of(self._settings)
            listed = [*home.known, *self._studies({str(one.place) for one in home.known})]
            first = self._chosen or next(iter(home.running), None) or home.look(home.own[home.configured])
            first = first or next(iter(home.accounts), None) or next(iter(listed), None)
            self._unread = ""
        except (GammacoreError, OSError) as refusal:
            self._unread, listed, first = str(refusal), [*self._found.values()], self._chosen
        if first is not None and self._chosen is not None:
            with suppress(GammacoreError):
                first = look_at(self._settings, first.place) or first
        return listed if first is None else [first, *(one for one in listed if str(one.place) != str(first.place))]

    def _studies(self, known: set[str]) -> Iterator[FoundLedger]:
        """The newest studies that no loop writes; the mode of each is read once, for it never changes."""
        runs = (self._settings.storage.home / "runs").glob("*.sqlite")
        newest = sorted(runs, key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_STUDIES]
        for path in newest:
            if str(path) in known:
                continue
            if str(path) not in self._modes:
                with suppress(GammacoreError):
                    found = look_at(self._settings, path)
                    self._modes[str(path)] = None if found is None else found.mode
            yield FoundLedger(path, self._modes.get(str(path)))

    def _name(self, place: LedgerPlace) -> str:
        if not isinstance(place, Path):
            return str(place)
        with suppress(ValueError):
            return str(place.resolve().relative_to(self._settings.storage.home.resolve()))
        return place.name

    def _card(self, name: str, found: FoundLedger) -> LedgerCard:
        return LedgerCard(name, "unknown" if found.mode is None else found.mode.value, found.writer or "")

    def _find(self, name: str | None) -> tuple[str, FoundLedger] | None:
        ledgers = self._ledgers()
        if name is None:
            return next(iter(ledgers.items()), None)
        return None if name not in ledgers else (name, ledgers[name])

    # -- what a ledger says --------------------------------------------------------------------------------------------

    def read(self, name: str | None) -> LedgerReading:
        if (meant := self._find(name)) is None:
            return LedgerReading(None, error=self._unread)
        key, found = meant
        with suppress(GammacoreError):
            found = evolve(found, writer=writer_of(self._settings, found.place))
        card = self._card(key, found)
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
        with kept.lock:
            try:
                kept.reading = self._caught_up(kept, card, found.place)
            except (GammacoreError, OSError, AssertionError) as refusal:
                before = kept.reading or LedgerReading(card)
                kept.reading = evolve(before, card=card, error=str(refusal))
                kept.fold = DayFold() if not before.reports else kept.fold
            return kept.reading

    def _caught_up(self, kept: _Kept, card: LedgerCard, place: LedgerPlace) -> LedgerReading:
        """Read what is new. A fold that was left half way is begun anew."""
        before, mark = kept.reading, file_mark(self._settings, place)
        if before is not None and not before.error and mark == kept.mark and is_settled(mark, time.time_ns()):
            return before if before.card == card else evolve(before, card=card)
        kept.mark = mark
        storage = open_storage(self._settings, place, read_only=True)
        try:
            version = storage.version
            if before is not None and before.version == version and not before.error:
                return before if before.card == card else evolve(before, card=card)
            if before is None and self._is_hedge(place):
                return LedgerReading(card, is_hedge=True)
            if before is not None and (before.is_hedge or before.version > version or before.error):
                kept.fold, kept.origin, before = DayFold(), HaltOrigin(), None
            events = list(storage.events(0 if before is None else before.version))
        finally:
            storage.close()
        kept.origin = kept.origin.after(events)
        try:
            reports = kept.fold.over(events)
        except GammacoreError as refusal:
            kept.fold = DayFold()
            raise _unfolded(place, refusal) from refusal
        account = ""
        if before is None:
            owner = whose_ledger(self._settings, place).account
            account = "" if owner is None else owner.ending
        return LedgerReading(
            card, kept.fold.book, reports, account=account if before is None else before.account,
            origin=kept.origin,
        )  # fmt: skip

    def days(self, name: str | None) -> tuple[list[Mapping[str, Any]], str]:
        """From the index where it holds; read and kept there else. Rule: OP-514."""
        meant = self._find(name)
        if meant is None:
            return [], self._unread
        key, found = meant
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
        with kept.lock:
            if kept.reading is None and (lines := indexed_days(self._settings, found.place)) is not None:
                return [{**line, "ledger": key} for line in lines], ""
            reading = self.read(name)
            if kept.lines is None or kept.lines[0] is not reading:
                kept.lines = reading, [*day_documents(reading.reports, key)]
                if reading.card is not None and not (reading.card.running or reading.error):
                    keep_days(self._settings, found.place, kept.lines[1])
            return kept.lines[1], reading.error

    def _is_hedge(self, place: LedgerPlace) -> bool:
        return any(isinstance(event, HedgeRunStarted) for event in opening_of(self._settings, place))

    # -- what a loop published -----------------------------------------------------------------------------------------

    def now(self, name: str | None) -> Mapping[str, Any] | None:
        return None if (folder := self._view(name)) is None else read_now(folder)

    def course(self, name: str | None, date: dt.date) -> list[dict[str, Any]]:
        return [] if (folder := self._view(name)) is None else read_day(folder, date)

    def tracked(self) -> tuple[Mapping[str, Any], list[dict[str, Any]]] | None:
        if (found := newest_track(self._settings.storage.home)) is None:
            return None
        folder, now = found
        return now, read_day(folder, dt.date.fromisoformat(now["date"]))

    def band(self, name: str | None) -> tuple[EquityBand, Sequence[float]] | None:
        """Drawn anew when a trade was closed since."""
        reading, meant = self.read(name), self._find(name)
        opened = reading.book.opened
        if meant is None or opened is None or sum(report.ended for report in reading.reports) < FEWEST:
            return None
        from gammacore.wiring.study.monte_carlo import equity_band

        record = closed_trades(reading.reports)
        with self._bands_lock:
            known = self._bands.get(meant[0])
            if known is None or known[0] != len(record):
                start = opened.starting_balance
                own = [float(start + total) for total in accumulate((one.net for one in record), initial=ZERO)]
                band = equity_band(record, start, BAND_PATHS)
                known = self._bands[meant[0]] = len(record), None if band is None else (band, own)
        return known[1]

    def _view(self, name: str | None) -> Path | None:
        meant = self._find(name)
        return None if meant is None else view_of(self._settings, meant[1].place)

    # -- time and machine ----------------------------------------------------------------------------------------------

    def time(self) -> dt.datetime:
        return self._clock.now()

    def session(self) -> TradingSession | None:
        with suppress(GammacoreError):
            return self._calendar.session(new_york_date(self.time()))
        return None

    def next_session(self) -> dt.date:
        date = new_york_date(self.time())
        for _ in range(14):
            date += dt.timedelta(days=1)
            with suppress(GammacoreError):
                if self._calendar.session(date) is not None:
                    return date
        return date

    def system(self, name: str | None) -> Mapping[str, Any]:
        home = self._settings.storage.home
        there = next((one for one in (home, *home.resolve().parents) if one.exists()), Path())
        meant = self._find(name)
        local = None if meant is None else local_path(self._settings, meant[1].place)
        backups = sorted(backup_folder(self._settings).glob("*"), key=lambda path: path.stat().st_mtime)
        return {
            "version": __version__,
            "ledger_bytes": local.stat().st_size if local is not None and local.is_file() else None,
            "disk_free_bytes": shutil.disk_usage(there).free,
            "service": None if local is None else read_state(state_path(local)),
            "armed": self._armed(None if meant is None else meant[1].mode),
            "backup_age_seconds": None if not backups else max(0.0, time.time() - backups[-1].stat().st_mtime),
        }

    def _armed(self, mode: Mode | None) -> str | None:
        """What is left of a live account's arming, in words; None of another ledger. The page compares no setting."""
        if mode is not Mode.LIVE:
            return None
        with suppress(GammacoreError):
            armed = read_armed(armed_path(local_path(self._settings, account_ledger(self._settings, Mode.LIVE))))
            return "not armed" if armed is None else f"through {armed.last_session}"
        return "its file cannot be read"

    # -- controls ------------------------------------------------------------------------------------------------------

    def ask(self, name: str, kind: RequestKind, reason: str) -> ControlAnswer:
        if (meant := self._find(name)) is None:
            return ControlAnswer(refusal=f"no ledger {name}")
        place, mode = meant[1].place, meant[1].mode
        try:
            if kind is RequestKind.RESUME:
                if mode is Mode.LIVE:
                    return ControlAnswer(refusal="a live ledger is resumed at the command line only")
                refuse_while_flattening(self._settings, place)
            asked = self.read(name).version
            leave_request(self._settings, place, Request(kind, self.time(), reason))
            loop = writer_of(self._settings, place) or ""
        except GammacoreError as refusal:
            return ControlAnswer(refusal=str(refusal))
        if not loop:
            return ControlAnswer()
        return self._answer(place, kind, reason, asked, loop)

    def _answer(self, place: LedgerPlace, kind: RequestKind, reason: str, after: int, loop: str) -> ControlAnswer:
        """Wait for the loop to obey; the request stays where it does not. Nothing is journaled by the page."""
        until = self.time() + dt.timedelta(seconds=CONTROL_SECONDS)
        while True:
            obeyed = None
            with suppress(GammacoreError):
                storage = open_storage(self._settings, place, read_only=True)
                try:
                    obeyed = next((e.at for e in storage.events(after) if is_answer(e, kind, reason)), None)
                finally:
                    storage.close()
            if obeyed is not None:
                return ControlAnswer(obeyed, loop, still_open(book_of(self._settings, place)))
            if (now := self.time()) >= until:
                return ControlAnswer(None, loop)
            self._clock.wait_until(min(until, now + POLL))


def _unfolded(place: LedgerPlace, refusal: GammacoreError) -> GammacoreError:
    from gammacore.errors import DoesNotFold

    return does_not_fold(place, refusal) if isinstance(refusal, DoesNotFold) else refusal
