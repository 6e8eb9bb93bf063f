"""A hedging desk in one line, events in one line, and what came out as dicts."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from fakes import FakeCalendar
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.application.watch_regime import GexFeed
from gammacore.domain.hedge_filter.inbound import read_message, with_exact_numbers
from gammacore.domain.hedge_filter.protocol import LogMessage
from gammacore.domain.hedging.settings import HedgingSettings, hedging_profile
from gammacore.domain.regime.documents import RegimeDocument, UnreadDocument
from gammacore.ports.market_data import RegimeSource
from gammacore.ports.storage import Storage
from gammacore.wiring.hedging import wire_hedging

DAY = "2025-12-30"
"""A Tuesday in winter: the session is 14:30Z to 21:00Z, the cut-off 20:45Z."""

CALL, PUT = "SPY251230C00500000", "SPY251230P00490000"
CALENDAR = FakeCalendar(
    half_days=[dt.date(2025, 12, 24), dt.date(2025, 11, 28)], holidays=[dt.date(2025, 12, 25), dt.date(2026, 1, 1)]
)
_numbers = itertools.count(1)


def instant(time: str, day: str = DAY) -> dt.datetime:
    """A UTC instant of the sample day: "15:00" or "15:00:00.5"."""
    return dt.datetime.fromisoformat(f"{day}T{time}+00:00")


def market(time: str, symbol: str = CALL, *, event_id: str = "", day: str = DAY, **payload: Any) -> dict[str, Any]:
    """A market event as a dict; every call has its own id unless one is given."""
    return {
        "protocol": "v1",
        "type": "market_event",
        "event_id": event_id or f"e{next(_numbers)}",
        "ts": f"{day}T{time}Z",
        "symbol": symbol,
        "source": "test",
        "payload": payload,
    }


def update(time: str, intent: Mapping[str, Any], status: str, *, day: str = DAY, **news: Any) -> dict[str, Any]:
    """News of an intent that came out before."""
    return {
        "protocol": "v1", "type": "order_update", "intent_id": intent["intent_id"], "ts": f"{day}T{time}Z",
        "status": status, **news,
    }  # fmt: skip


class FakeSource:
    """A regime source that returns what it was given, and counts the reads."""

    def __init__(self, answer: RegimeDocument | UnreadDocument, name: str = "firestore") -> None:
        self.answer = answer
        self.reads: list[dt.datetime] = []
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def read(self, now: dt.datetime) -> RegimeDocument | UnreadDocument:
        self.reads.append(now)
        return self.answer


class Desk:
    """A wired desk: give it dicts, ask what came."""

    def __init__(
        self,
        profile: str = "standard",
        *,
        assume_fills: bool = False,
        storage: Storage | None = None,
        feeds: Sequence[GexFeed] = (),
        macro: RegimeSource | None = None,
        environment: Mapping[str, str] | None = None,
        clock: FakeClock | None = None,
        strict: bool = True,
        group: int = 1,
        calendar: FakeCalendar = CALENDAR,
        **settings: Any,
    ) -> None:
        self.settings: HedgingSettings = attrs.evolve(hedging_profile(profile), **settings)
        self.lines: list[str] = []
        self.logs: list[LogMessage] = []
        self.wired = wire_hedging(
            self.settings, write=self.lines.append, log=self.logs.append, calendar=calendar, verbose=True,
            sources=lambda _: feeds, macro_source=macro, ledger=storage, environment=environment, clock=clock,
            assume_fills=assume_fills, strict=strict, group=group,
        )  # fmt: skip
        self.stream = self.wired.stream
        self.desk = self.stream.desk
        self.book = self.desk.book

    def __call__(self, *events: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The intents that a few messages led to."""
        before = len(self.lines)
        for event in events:
            message = read_message(with_exact_numbers(event))
            self.code = self.stream.take(message).code  # type: ignore[arg-type]  # never a shutdown here
        return [json.loads(line) for line in self.lines[before:]]

    def refusal(self, event: Mapping[str, Any]) -> str | None:
        """The reason code of a message that emits nothing."""
        assert self(event) == []
        return self.code

    def codes(self) -> list[str]:
        """The codes of everything worth at least a warning."""
        return [log.code for log in self.logs if log.level.value in ("warn", "error")]


def sides(intents: Iterable[Mapping[str, Any]]) -> list[tuple[str, float, str]]:
    """Side, quantity and symbol of intents."""
    return [(intent["side"], intent["qty"], intent["symbol"]) for intent in intents]
