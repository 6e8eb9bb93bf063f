"""An account's loop as it is seen from outside, by lock, view and ledger. Implements `LoopSeen`. OP-206."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from gammacore.configuration import Settings
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import AnyHolding, is_spread
from gammacore.domain.reports.words import symbol_in_words
from gammacore.ports.service import Pulse
from gammacore.wiring.controls import book_of
from gammacore.wiring.ledgers.storage import LedgerPlace, ledger_exists, writer_of
from gammacore.wiring.page.day_index import file_mark
from gammacore.wiring.page.view_places import now_of


class AccountLoop:
    """The ledger is folded again only when its file has changed."""

    def __init__(self, settings: Settings, place: LedgerPlace) -> None:
        self._settings = settings
        self._place = place
        self._folded: tuple[object, Book] | None = None

    def writer(self) -> int | None:
        """See `LoopSeen.writer`."""
        holder = writer_of(self._settings, self._place)
        if holder is None:
            return None
        number = holder.removeprefix("process ")
        return int(number) if number.isdecimal() else 0

    def pulse(self) -> Pulse | None:
        """See `LoopSeen.pulse`."""
        now = now_of(self._settings, self._place)
        at = None if now is None else _instant(now.get("at"))
        if now is None or at is None:
            return None
        cycle = now.get("cycle")
        return Pulse(at, _instant(cycle.get("next_at")) if isinstance(cycle, dict) else None)

    def held(self) -> tuple[str, ...]:
        """See `LoopSeen.held`."""
        book = self._book()
        if book is None:
            return ()
        stops = self._stops()
        return tuple(
            f"{_words(one)} ({stops.get(one.id, 'its stop is not known')})"
            for one in book.live_holdings
            if one.has_filled
        )

    def held_since(self, since: dt.datetime) -> bool:
        """Whether something is held that was opened at an instant or later. Rule: OP-208."""
        book = self._book()
        return book is not None and any(one.has_filled and one.opened_at >= since for one in book.live_holdings)

    def halted(self) -> str | None:
        """See `LoopSeen.halted`."""
        book = self._book()
        return None if book is None else book.halted

    def _book(self) -> Book | None:
        """The fold of the ledger; None where there is none yet."""
        mark = file_mark(self._settings, self._place)
        if self._folded is None or mark is None or self._folded[0] != mark:
            if not ledger_exists(self._settings, self._place):
                return None
            self._folded = mark, book_of(self._settings, self._place)
        return self._folded[1]

    def _stops(self) -> Mapping[str, str]:
        """The acting stop of each holding in words, as the loop published it last."""
        now = now_of(self._settings, self._place) or {}
        stops: dict[str, str] = {}
        for one in now.get("holdings") or ():
            if isinstance(one, dict) and (acting := _acting(one)):
                stops[str(one.get("id"))] = acting
        return stops


def _acting(holding: Mapping[str, Any]) -> str:
    levels = [one for one in holding.get("levels") or () if isinstance(one, dict) and "stop" in str(one.get("rule"))]
    return ", ".join(f"{level['rule']} {level.get('price')}" for level in levels)


def _words(holding: AnyHolding) -> str:
    if is_spread(holding):
        return f"{holding.id}: {holding.open_contracts} × {holding.plan.strategy} {holding.plan.spread.strikes}"
    holds = ", ".join(f"{quantity:+,d} {symbol_in_words(symbol)}" for symbol, quantity in holding.quantities.items())
    return f"{holding.id}: {holds or 'flat, not booked yet'}"


def _instant(text: object) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(dt.UTC)
