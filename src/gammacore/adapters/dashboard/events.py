"""Server-sent events: a look at a ledger each half second, however many listen; slow readers get the newest. OP-505."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from attrs import define, field, frozen

from gammacore.ports.desk_source import DeskSource

POLL_SECONDS, SILENCE_SECONDS = 0.5, 15.0
MOST_STREAMS = 64


@frozen
class State:
    """What may have changed of a ledger."""

    now: str = ""
    market_at: str = ""
    version: int = -1
    halted: str | None = None
    running: bool = False


@define(eq=False)
class _Watched:
    state: State = State()
    changed: asyncio.Event = field(factory=asyncio.Event)
    listeners: int = 0
    task: asyncio.Task[None] | None = None


class Hub:
    """Follows each ledger that somebody listens to."""

    def __init__(self, source: DeskSource) -> None:
        self._source = source
        self._watched: dict[str, _Watched] = {}
        self.streams = 0

    @property
    def is_full(self) -> bool:
        return self.streams >= MOST_STREAMS

    async def listen(self, name: str, last_id: str | None) -> AsyncIterator[bytes]:
        """What to send one reader: at once how it stands, then what changed, else a comment every 15 s."""
        watched = self._watched.setdefault(name, _Watched())
        watched.listeners += 1
        self.streams += 1
        if watched.task is None or watched.task.done():
            watched.state = await asyncio.to_thread(self._look, name)
            watched.task = asyncio.create_task(self._follow(name, watched))
        seen = State(version=int(last_id)) if last_id is not None and last_id.isdigit() else State()
        try:
            yield b"retry: 2000\n\n"
            while True:
                changed, state = watched.changed, watched.state
                if message := _message(seen, state):
                    yield message
                    seen = state
                try:
                    await asyncio.wait_for(changed.wait(), SILENCE_SECONDS)
                except TimeoutError:
                    yield b": here\n\n"
        finally:
            self.streams -= 1
            watched.listeners -= 1
            if not watched.listeners and watched.task is not None:
                watched.task.cancel()
                watched.task = None

    async def _follow(self, name: str, watched: _Watched) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            state = await asyncio.to_thread(self._look, name)
            if state != watched.state:
                before, watched.state, watched.changed = watched.changed, state, asyncio.Event()
                before.set()

    def _look(self, name: str) -> State:
        reading, now = self._source.read(name or None), self._source.now(name or None) or {}
        running = reading.card is not None and reading.card.running
        return State(
            str(now.get("at", "")), str(now.get("market_at", "")), reading.version, reading.book.halted, running
        )


def _message(seen: State, state: State) -> bytes:
    parts = []
    if (state.now, state.running) != (seen.now, seen.running):
        parts.append(_event("now", {"at": state.now, "market_at": state.market_at, "running": state.running}))
    if state.version != seen.version:
        parts.append(_event("ledger", {"version": state.version}, state.version))
    if state.halted != seen.halted:
        parts.append(_event("halt", {"halted": state.halted is not None, "reason": state.halted}))
    return b"".join(parts)


def _event(name: str, data: dict[str, Any], number: int | None = None) -> bytes:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()
