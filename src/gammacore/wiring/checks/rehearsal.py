"""`gammacore rehearse`: a simulated day in a home of its own, on which every gesture is made and timed. Rule: OP-603.

The day is traded by `gammacore trade --pace` as a process, its page served by another; both see no credential and no
setting of the user's. What is asked of the loop goes the way every request goes: through its inbox.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import Any

from attrs import define, evolve, field

from gammacore.adapters.service.children import GAMMACORE
from gammacore.adapters.system_clock import SystemClock, steady_seconds
from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.ledger import AlarmRaised, Event, Halted, Mode, OrderIntended
from gammacore.domain.orders import Purpose
from gammacore.domain.sessions import new_york
from gammacore.errors import GammacoreError
from gammacore.ports.storage import Request, RequestKind
from gammacore.wiring.checks.rehearsals import Rehearsed, RehearsedStep, keep_rehearsal
from gammacore.wiring.controls import Patience, ask, events_of
from gammacore.wiring.ledgers.backups import back_up, restore
from gammacore.wiring.ledgers.choice import FoundLedger
from gammacore.wiring.ledgers.storage import make_folder, writer_of
from gammacore.wiring.page.serve_page import without_credentials
from gammacore.wiring.page.view_places import now_of

DATE = dt.date(2026, 3, 3)
BEGIN, AWAY_AT, AWAY_SECONDS = dt.time(9, 58), dt.time(11, 15), 60
SLOT = dt.timedelta(minutes=30)
"""Entries are looked for every half hour, for a few minutes."""
AFTER_A_SLOT = dt.timedelta(minutes=5)
LATCH_SECONDS, FLAT_SECONDS = 1.0, 5.0
"""So long a halt may take until it is latched, and a flatten until the account is flat."""
PATIENCE_SECONDS, PERSON_SECONDS = 60.0, 300.0
"""So long a process, and a person, is waited for."""
DAY = """\
# a day on which a put spread is sold at 10:00 and kept until shortly before the close
[market]
date = 2026-03-03
seed = 14
step_seconds = 10
[stops]
stop = "20"
emergency = "30"
trailing_trigger = "1"
fixed_target = "1"
"""


class StepFailed(GammacoreError):
    """A step did not come out as it must."""


def rehearse(
    settings: Settings,
    pace: float,
    *,
    prompt: Callable[[str], None] | None = None,
    on_step: Callable[[RehearsedStep], None] = lambda _step: None,
) -> Rehearsed:
    """Rehearse a day at a pace and keep what came of it. With `prompt` a person makes the gestures it is given.

    Raises:
        StorageError, ConfigurationError: the home cannot be written.
    """
    folder, at = settings.storage.home / "rehearsals", SystemClock().now()
    make_folder(folder)
    scratch = Path(tempfile.mkdtemp(prefix=".day-", dir=folder))
    try:
        with _Drill.begun(settings, scratch.absolute(), pace, prompt) as drill:
            steps = []
            for name, do in drill.steps():
                steps.append(_timed(name, do))
                on_step(steps[-1])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    made = Rehearsed(at, pace, prompt is not None, tuple(steps))
    return evolve(made, file=keep_rehearsal(settings.storage.home, at, made.document))


def _timed(name: str, do: Callable[[], str | tuple[str, float]]) -> RehearsedStep:
    begun = steady_seconds()
    try:
        answer = do()
    except (GammacoreError, OSError) as fault:
        return RehearsedStep(name, ok=False, seconds=steady_seconds() - begun, detail=str(fault))
    words, seconds = answer if isinstance(answer, tuple) else (answer, steady_seconds() - begun)
    return RehearsedStep(name, ok=True, seconds=seconds, detail=words)


@define(eq=False)
class _Drill:
    """The day while it goes on. Each step returns what was seen, or raises StepFailed."""

    settings: Settings
    home: Path
    pace: float
    prompt: Callable[[str], None] | None
    port: int
    loop: subprocess.Popen[bytes] | None = None
    page: subprocess.Popen[bytes] | None = None
    halted_at: dt.datetime | None = field(init=False, default=None)

    @classmethod
    @contextmanager
    def begun(
        cls, settings: Settings, home: Path, pace: float, prompt: Callable[[str], None] | None
    ) -> Iterator[_Drill]:
        (home / "gammacore.toml").write_text(DAY, encoding="utf-8")
        own = evolve(settings, storage=evolve(settings.storage, home=home))
        drill = cls(own, home, pace, prompt, _free_port())
        try:
            drill.loop = drill._start_loop()
            yield drill
        finally:
            for process in (drill.page, drill.loop):
                _end(process)

    @property
    def ledger(self) -> Path:
        return self.home / "rehearsal.sqlite"

    def steps(self) -> Iterator[tuple[str, Callable[[], str | tuple[str, float]]]]:
        yield "messages_delivered", self.messages
        yield "entry_on_page", self.entry_on_page
        yield "halt_latched", self.halt
        yield "no_entry_while_halted", self.no_entry
        yield "resumed", self.resume
        yield "killed_and_started_again", self.kill
        yield "broker_away", self.broker_away
        yield "flat", self.flatten
        yield "backup_restored", self.backup

    # -- the steps ----------------------------------------------------------------------------------------------------

    def messages(self) -> str:
        """The start of the day and the fill of the entry are reported."""
        wanted = {"day_started", "order_filled"}
        self._wait("messages of the start and of the entry", lambda: wanted <= self._reported())
        return "the start of the day and the entry were reported"

    def entry_on_page(self) -> str:
        """The page where it is installed, else what the loop publishes for it."""
        self._require_holding()
        if find_spec("starlette") is None or find_spec("uvicorn") is None:
            self._wait("the entry in the view", lambda: bool((self._now() or {}).get("holdings")))
            return "published with its mark; the page itself is not installed (extra dashboard)"
        self.page = self._start("dashboard", "--port", str(self.port), "--ledger", str(self.ledger), "--quiet")
        self._wait("the entry on the page", lambda: bool(self._shown_on_page()))
        held = self._shown_on_page()[0]
        return f"{held['words']}, mark {held['mark']}"

    def halt(self) -> tuple[str, float]:
        """Latched within a second."""
        self._require_holding()
        seconds = self._gesture(RequestKind.HALT, lambda book: book.halted is not None)
        halts = [event for event in self._events() if isinstance(event, Halted)]
        self.halted_at = halts[-1].at
        self._require_within("the halt was latched", seconds, LATCH_SECONDS)
        return "latched", seconds

    def no_entry(self) -> str:
        """Past the next time at which one is looked for; what is held is watched all along."""
        if self.halted_at is None:
            raise StepFailed("not done: nothing was halted")
        since = self.halted_at
        at = new_york(DATE, dt.time(10))
        while at <= since:
            at += SLOT
        before = int((self._now() or {}).get("cycle", {}).get("n", 0))
        self._wait_for_market(at + AFTER_A_SLOT)
        entries = [event for event in self._events() if _is_entry(event) and event.at > since]
        if entries:
            raise StepFailed(f"{len(entries)} entries were ordered while trading was halted")
        now = self._now() or {}
        watched = [one for one in now.get("holdings") or () if one.get("levels")]
        if int(now.get("cycle", {}).get("n", 0)) <= before or not watched:
            raise StepFailed("what is held was not watched while trading was halted")
        return "none was ordered, and what is held was watched all along"

    def resume(self) -> tuple[str, float]:
        seconds = self._gesture(RequestKind.RESUME, lambda book: book.halted is None)
        return "the latch is off", seconds

    def kill(self) -> str:
        """SIGKILL, and the same command once more: the same holdings, no order twice."""
        self._require_holding()
        assert self.loop is not None
        self.loop.kill()
        self.loop.wait()
        before, ids = self._book(), self._entry_ids()
        begun = SystemClock().now()
        self.loop = self._start_loop()
        self._wait("the loop that was started again", lambda: self._is_writing() and self._has_looked_since(begun))
        after = self._book()
        held, again = ({one.id: one.quantities for one in book.live_holdings} for book in (before, after))
        if held != again:
            raise StepFailed(f"held before: {held}, after: {again}")
        every = self._entry_ids()
        if every[: len(ids)] != ids or len(every) != len(set(every)) or len(every) != len(ids):
            raise StepFailed(f"entries ordered before: {ids}, after: {every}")
        return f"the same {len(held)} holding, no order twice"

    def broker_away(self) -> str:
        """For sixty market seconds; the loop reports it, assumes nothing and goes on."""
        self._require_holding()
        held = {one.id: one.quantities for one in self._book().live_holdings}
        self._wait_for_market(new_york(DATE, AWAY_AT) + dt.timedelta(seconds=AWAY_SECONDS + 60))
        codes = {event.code for event in self._events() if isinstance(event, AlarmRaised)}
        if "broker_unavailable" not in codes:
            raise StepFailed("the broker was away and no alarm was raised")
        if held != {one.id: one.quantities for one in self._book().live_holdings}:
            raise StepFailed("what is held changed while the broker was away")
        return f"{AWAY_SECONDS} market seconds, reported, and the loop went on"

    def flatten(self) -> tuple[str, float]:
        """Flat and latched within five seconds."""
        self._require_holding()
        seconds = self._gesture(
            RequestKind.FLATTEN,
            lambda book: book.halted is not None and not book.expected_holdings() and not book.working_orders,
        )
        self._require_within("the account was flat", seconds, FLAT_SECONDS)
        return "flat and latched", seconds

    def backup(self) -> str:
        made = back_up(self.settings, FoundLedger(self.ledger, Mode.STUDY), self.home / "backups")
        done = restore(made.file, self.home / "restored.sqlite")
        again = events_of(self.settings, done.ledger)
        if len(again) != made.events or again != self._events()[: made.events]:
            raise StepFailed("the restored ledger is not the one that was backed up")
        return f"{made.events} events, every checksum holds, restored and read again"

    # -- how ----------------------------------------------------------------------------------------------------------

    def _gesture(self, kind: RequestKind, is_done: Callable[[Book], bool]) -> float:
        """Made here, or by the person who is asked; the seconds until the ledger shows it."""
        begun = steady_seconds()
        if self.prompt is not None:
            self.prompt(f"gammacore {kind} --ledger {quote(str(self.ledger))}")
            self._wait(f"what {kind} leads to", lambda: is_done(self._book()), PERSON_SECONDS)
            return steady_seconds() - begun
        wait = dt.timedelta(seconds=PATIENCE_SECONDS)
        request = Request(kind, SystemClock().now(), f"rehearsed {kind}")
        (answer,) = ask(self.settings, [self.ledger], request, Patience(wait, wait))
        seconds = steady_seconds() - begun
        if not answer.done or not is_done(self._book()):
            raise StepFailed(f"{kind} was not obeyed within {PATIENCE_SECONDS:.0f} s")
        return seconds

    def _require_within(self, what: str, seconds: float, most: float) -> None:
        """A person's own time is shown and not judged."""
        if self.prompt is None and seconds > most:
            raise StepFailed(f"{what} after {seconds:.1f} s, at most {most:g} s")

    def _require_holding(self) -> None:
        if not self.ledger.exists() or not self._book().expected_holdings():
            raise StepFailed("not done: nothing is held")

    def _wait_for_market(self, at: dt.datetime) -> None:
        """Until the day has come to an instant, at the pace it goes."""
        left = max(0.0, (at - self._market_at()).total_seconds()) / self.pace
        self._wait(f"{at:%H:%M} of the day", lambda: self._market_at() >= at, PATIENCE_SECONDS + 2 * left)

    def _wait(self, what: str, is_there: Callable[[], bool], patience: float | None = None) -> None:
        seconds = PATIENCE_SECONDS if patience is None else patience
        clock, until = SystemClock(), steady_seconds() + seconds
        while not is_there():
            if self.loop is not None and (code := self.loop.poll()) is not None:
                raise StepFailed(f"the loop ended with exit code {code}: {self._last_words()}")
            if steady_seconds() > until:
                raise StepFailed(f"no sign of {what} within {seconds:.0f} s")
            clock.wait_until(clock.now() + dt.timedelta(seconds=0.05))

    def _start_loop(self) -> subprocess.Popen[bytes]:
        fault = f"broker-down@{AWAY_AT:%H:%M}/{AWAY_SECONDS}"
        return self._start(
            "trade", "--pace", f"{self.pace:g}", "--begin", f"{BEGIN:%H:%M}", "--fault", fault,
            "--ledger", str(self.ledger), "--log-file", str(self.home / "log.ndjson"), "--log-format", "json", "--json",
        )  # fmt: skip

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """In the drill's own home and register, with none of the user's settings or credentials."""
        ours = {name: value for name, value in without_credentials(os.environ).items() if "GAMMACORE" not in name}
        with (self.home / "errors").open("ab") as errors:
            return subprocess.Popen(
                [*GAMMACORE, *arguments], cwd=self.home,
                env={**ours, "GAMMACORE_HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home)},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
            )  # fmt: skip

    def _events(self) -> list[Event]:
        return events_of(self.settings, self.ledger)

    def _book(self) -> Book:
        return Book.of(self._events())

    def _entry_ids(self) -> list[str]:
        return [event.ticket.id for event in self._events() if isinstance(event, OrderIntended) and _is_entry(event)]

    def _reported(self) -> set[str]:
        """The events that were reported, by their names."""
        return {str(one.get("event")) for one in _lines(self.home / "log.ndjson")}

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = (self.home / "errors").read_text(errors="replace").split("\n")
            return next((line for line in reversed(lines) if line.strip()), "")
        return ""

    def _is_writing(self) -> bool:
        return self.loop is not None and writer_of(self.settings, self.ledger) == f"process {self.loop.pid}"

    def _has_looked_since(self, instant: dt.datetime) -> bool:
        now = self._now()
        return now is not None and dt.datetime.fromisoformat(str(now["at"])) > instant

    def _now(self) -> dict[str, Any] | None:
        return now_of(self.settings, self.ledger)

    def _market_at(self) -> dt.datetime:
        at = (self._now() or {}).get("market_at")
        return new_york(DATE, dt.time(9, 30)) if at is None else dt.datetime.fromisoformat(str(at))

    def _shown_on_page(self) -> list[Mapping[str, Any]]:
        url = f"http://127.0.0.1:{self.port}/api/positions"
        with suppress(OSError, ValueError, KeyError), urllib.request.urlopen(url, timeout=5) as answer:
            return [one for one in json.loads(answer.read())["holdings"] if one["mark"] is not None]
        return []


def _is_entry(event: Event) -> bool:
    return isinstance(event, OrderIntended) and event.ticket.purpose is Purpose.ENTRY


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with suppress(OSError):
        for line in path.read_text(errors="replace").splitlines():
            with suppress(ValueError):
                yield json.loads(line)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
