"""A ledger of `gammacore hedge`, read back and as JSON: what its desk holds, ordered and was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.gauges import BookGauges, gauges
from gammacore.domain.hedge_filter.intents import Intent
from gammacore.domain.hedge_filter_events import HedgeRunStarted, RegimeNoted
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.settings import HedgeLedgerPolicy, HedgingSettings, hedging_profile
from gammacore.domain.ledger import AlarmRaised, Event, FlattenRequested, Halted, Resumed
from gammacore.domain.reports.day_report import halt_line
from gammacore.domain.sessions import new_york_date
from gammacore.errors import MissingData
from gammacore_cli.json_values import Document, clock, fill_price, known_number, money, number

if TYPE_CHECKING:
    from gammacore.configuration import Settings
    from gammacore.wiring import LedgerPlace

Told = Halted | Resumed | FlattenRequested


def is_hedge_ledger(events: Iterable[Event]) -> bool:
    """Whether the hedging desk keeps this ledger: it signs it with its first two events. Rule: DH-712."""
    return any(isinstance(event, HedgeRunStarted) for event in events)


class HedgeLedger:
    """The desk's own book of a ledger, and the events it is the fold of. Rule: DH-710.

    The figures are those of the profile that the ledger was last kept under, whatever is configured now.
    """

    def __init__(self, events: Sequence[Event], settings: Settings) -> None:
        self.events = events
        run = next(event for event in reversed(events) if isinstance(event, HedgeRunStarted))
        configured = settings.hedging
        self.settings: HedgingSettings = (
            configured if configured.profile.value == run.profile else hedging_profile(run.profile)
        )
        self.run = run
        self.book = DeskBook.of(events, Universe(self.settings, settings.underlyings), self.settings.seen_ids)

    @property
    def as_of(self) -> dt.datetime:
        return max(event.at for event in self.events)

    @property
    def halt(self) -> Halted | None:
        """The halt that stands."""
        if not self.book.halted:
            return None
        return next(event for event in reversed(self.events) if isinstance(event, Halted))

    @property
    def books(self) -> tuple[BookGauges, ...]:
        """Every book that anything was ever hedged in."""
        return gauges(self.book, self.settings)

    @property
    def awaited(self) -> list[Intent]:
        """Intents of the book's session that may still be filled; orders are day orders. Rules: DH-240, DH-520."""
        return [
            intent
            for intent in self.book.intents.values()
            if not intent.status.is_over
            and intent.counts != HedgeLedgerPolicy.EMITTED
            and new_york_date(intent.recorded_at) == self.book.date
        ]

    def intents(self, day: dt.date | None = None) -> list[Intent]:
        """Every order the desk wanted, oldest first; of one New York date, or of all."""
        found = self.book.intents.values()
        return [one for one in found if day is None or new_york_date(one.recorded_at) == day]

    def told(self, day: dt.date | None = None) -> list[Told | AlarmRaised | RegimeNoted]:
        """Halts, alarms and changes of the regime, oldest first."""
        kinds = (Halted, Resumed, FlattenRequested, AlarmRaised, RegimeNoted)
        found = [event for event in self.events if isinstance(event, kinds)]
        return [event for event in found if day is None or new_york_date(event.at) == day]

    def days(self, day: dt.date | None = None) -> list[dt.date]:
        """New York dates on which it was kept.

        Raises:
            MissingData: the one that is asked for is none of them.
        """
        found = sorted({new_york_date(event.at) for event in self.events})
        if day is None:
            return found
        if day not in found:
            raise MissingData(f"nothing of {day}; days of the ledger: {', '.join(map(str, found))}")
        return [day]


def status_document(ledger: HedgeLedger, path: LedgerPlace) -> Document:
    """Where the hedging desk stands. No balance and no P/L of the day: the host keeps the money, so they are null."""
    book, halt = ledger.book, ledger.halt
    return {
        "mode": "study",
        "strategy": ledger.run.strategy,
        "profile": ledger.run.profile,
        "positions": [
            {
                "symbol": key,
                "underlying": held.listing.underlying,
                "book": held.listing.book,
                "contracts": held.contracts,
                "delta": known_number(held.delta),
                "price": known_number(held.price),
                "hedges": held.hedges,
                "leftover": held.leftover,
            }
            for key, held in book.holdings.items()
        ],
        "books": [_book_line(one) for one in ledger.books],
        "orders": [intent_line(intent) for intent in ledger.awaited],
        "regime": [_regime_line(noted) for noted in book.regime.values()],
        "balance": None,
        "day_pnl": None,
        "halted": book.halted,
        "halt_reason": None if halt is None else halt.reason,
        "as_of": clock(ledger.as_of),
        "ledger": str(path),
    }


def _book_line(book: BookGauges) -> Document:
    """One hedged book: net delta in contract-deltas, everything else in shares and dollars."""
    return {
        "share": book.share,
        "net_delta": number(book.net_delta),
        "net_shares": number(book.net_shares),
        "hedge_shares": book.hedge_shares,
        "in_flight_shares": book.in_flight_shares,
        "positions": book.positions,
        "price": known_number(book.price),
        "hedge_pnl_realised": money(book.hedge_pnl_realised),
        "hedge_pnl_open": None if book.hedge_pnl_open is None else money(book.hedge_pnl_open),
        "fees": money(book.hedge_fees),
        "slippage": money(book.hedge_slippage),
    }


def intent_line(intent: Intent) -> Document:
    """One order that the desk wanted, and the newest that was heard of it; state `recorded`: nothing was."""
    return {
        "id": intent.intent_id,
        "event_id": intent.event_id,
        "purpose": intent.kind.value,
        "book": intent.book or None,
        "symbol": intent.subject,
        "side": intent.side.value,
        "quantity": intent.quantity,
        "filled": intent.filled,
        "state": intent.status.value,
        "price": fill_price(intent.average_price),
        "hedge_price": known_number(intent.price),
        "fees": money(intent.fees),
        "attempt": intent.attempt,
        "given_up": intent.given_up,
        "at": clock(intent.recorded_at),
    }


def _regime_line(noted: RegimeNoted) -> Document:
    return {
        "subject": noted.subject,
        "before": noted.before or None,
        "after": noted.after,
        "macro_since": None if noted.macro_since is None else clock(noted.macro_since),
        "at": clock(noted.at),
    }


def journal_document(ledger: HedgeLedger, day: dt.date | None, path: LedgerPlace) -> Document:
    """Every intent with what became of it, every halt, alarm and change of the regime; it has no trades of ours."""
    told = ledger.told(day)
    return {
        "days": [date.isoformat() for date in ledger.days(day)],
        "trades": [],
        "decisions": [],
        "intents": [intent_line(intent) for intent in ledger.intents(day)],
        "alarms": [
            {"at": clock(one.at), "code": one.code, "position": one.holding or None, "detail": one.detail}
            for one in told
            if isinstance(one, AlarmRaised)
        ],
        "halts": [
            {"at": clock(one.at), "what": halt_line(one)[0], "reason": halt_line(one)[1]}
            for one in told
            if isinstance(one, Told)
        ],
        "regime": [_regime_line(one) for one in told if isinstance(one, RegimeNoted)],
        "ledger": str(path),
    }
