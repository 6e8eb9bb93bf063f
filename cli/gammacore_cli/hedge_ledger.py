"""A ledger of `gammacore hedge`, read back as figures and as JSON: what its desk holds, ordered and received."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.gauges import BookGauges, gauges
from gammacore.domain.hedge_filter.intents import Intent
from gammacore.domain.hedge_filter_events import HedgeRunStarted, RegimeNoted
from gammacore.domain.hedging.exposure import Holding, Universe
from gammacore.domain.hedging.settings import HedgeLedgerPolicy, HedgingSettings, hedging_profile
from gammacore.domain.ledger import AlarmRaised, Event, FlattenRequested, Halted, Resumed
from gammacore.domain.reports.day_range import EVERY_DAY, DayRange
from gammacore.domain.reports.day_report import Halt, halt_line
from gammacore.domain.reports.figures import Figure, Figures, Section, Unit
from gammacore.domain.reports.views import alarm_figures
from gammacore.domain.sessions import new_york_date
from gammacore.errors import MissingData
from gammacore_cli.documents import document, rows
from gammacore_cli.json_values import Document, clock

if TYPE_CHECKING:
    from gammacore.configuration import Settings
    from gammacore.wiring import LedgerPlace


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

    def intents(self, days: DayRange = EVERY_DAY) -> list[Intent]:
        """Every order the desk wanted on these days, oldest first."""
        dates = self.days(days)
        return [one for one in self.book.intents.values() if new_york_date(one.recorded_at) in dates]

    def reported(self, days: DayRange = EVERY_DAY) -> list[Halt | AlarmRaised | RegimeNoted]:
        """Halts, alarms and changes of the regime, oldest first."""
        kinds = (Halted, Resumed, FlattenRequested, AlarmRaised, RegimeNoted)
        found, dates = [event for event in self.events if isinstance(event, kinds)], self.days(days)
        return [event for event in found if new_york_date(event.at) in dates]

    def days(self, days: DayRange = EVERY_DAY) -> tuple[dt.date, ...]:
        """New York dates on which it was kept, of those meant.

        Raises:
            MissingData: none of those meant.
        """
        found = sorted({new_york_date(event.at) for event in self.events})
        if not (dates := days.dates(found)):
            raise MissingData(f"nothing of {days}; days of the ledger: {', '.join(map(str, found))}")
        return dates


def sections(ledger: HedgeLedger) -> tuple[Section, ...]:
    """What the desk holds, hedged and awaits."""
    return (
        Section(
            "open position", tuple(_position(key, held) for key, held in ledger.book.holdings.items()), "positions"
        ),
        Section("hedge share", tuple(_book(one) for one in ledger.books), "books"),
        intents_section("awaited intent", ledger.awaited, "orders"),
    )


def intents_section(title: str, intents: Iterable[Intent], key: str) -> Section:
    return Section(title, tuple(_intent(intent, title) for intent in intents), key)


def _position(key: str, held: Holding) -> Figures:
    notes = ["hedge"] if held.hedges else []
    notes += ["left over"] if held.leftover else []
    book = held.listing.book
    return (
        Figure("position", key, key="symbol"),
        Figure("contracts", held.contracts, Unit.CHANGE, key="contracts"),
        Figure("delta", "unknown" if held.delta is None else f"{held.delta:+}"),
        Figure("price", held.price, Unit.PRICE, key="price"),
        Figure("book", book or "none: not hedged"),
        Figure("notes", ", ".join(notes)),
        Figure.fact("underlying", held.listing.underlying),
        Figure.fact("book", book),
        Figure.fact("delta", held.delta, Unit.PRICE),
        Figure.fact("hedges", held.hedges),
        Figure.fact("leftover", held.leftover),
    )


def _book(book: BookGauges) -> Figures:
    """One hedged book: net delta in contract-deltas, everything else in shares and dollars."""
    return (
        Figure("book", book.share, key="share"),
        Figure("hedge shares", book.hedge_shares, Unit.CHANGE, key="hedge_shares"),
        Figure("in flight", book.in_flight_shares, Unit.CHANGE, key="in_flight_shares"),
        Figure("net delta", book.net_delta, Unit.DELTA, key="net_delta"),
        Figure("net shares", f"{book.net_shares:+,.0f}"),
        Figure.gain("realised", book.hedge_pnl_realised, "hedge_pnl_realised"),
        Figure.gain("open", book.hedge_pnl_open, "hedge_pnl_open"),
        Figure("fees", book.hedge_fees, Unit.DOLLARS, key="fees"),
        Figure.fact("net_shares", book.net_shares, Unit.PRICE),
        Figure.fact("positions", book.positions),
        Figure.fact("price", book.price, Unit.PRICE),
        Figure.fact("slippage", book.hedge_slippage, Unit.DOLLARS),
    )


def _intent(intent: Intent, title: str) -> Figures:
    """One order that the desk wanted, and the newest report of it; state `recorded`: there was none."""
    state = intent.status.value if intent.has_news else "no news"
    what = f"{intent.side.value} {intent.quantity} {intent.subject}, {intent.kind.value}"
    return (
        Figure(title, f"{what}\n{intent.intent_id}"),
        Figure("filled", f"{intent.filled} of {intent.quantity}"),
        Figure("price", intent.average_price, Unit.FILL, key="price"),
        Figure("since", intent.recorded_at, Unit.INSTANT, key="at"),
        Figure("state", f"{state}, given up" if intent.given_up else state),
        Figure.fact("id", intent.intent_id),
        Figure.fact("event_id", intent.event_id),
        Figure.fact("purpose", intent.kind.value),
        Figure.fact("book", intent.book or None),
        Figure.fact("symbol", intent.subject),
        Figure.fact("side", intent.side.value),
        Figure.fact("quantity", intent.quantity),
        Figure.fact("filled", intent.filled),
        Figure.fact("state", intent.status.value),
        Figure.fact("hedge_price", intent.price, Unit.PRICE),
        Figure.fact("fees", intent.fees, Unit.DOLLARS),
        Figure.fact("attempt", intent.attempt),
        Figure.fact("given_up", intent.given_up),
    )


def status_document(ledger: HedgeLedger, path: LedgerPlace) -> Document:
    """What the hedging desk holds. No balance and no P/L of the day: the host keeps the money, so they are null."""
    halt = ledger.halt
    return {
        "mode": "study",
        "strategy": ledger.run.strategy,
        "profile": ledger.run.profile,
        **{section.key: rows(section) for section in sections(ledger)},
        "regime": [_regime_line(noted) for noted in ledger.book.regime.values()],
        "balance": None,
        "day_pnl": None,
        "halted": ledger.book.halted,
        "halt_reason": None if halt is None else halt.reason,
        "as_of": clock(ledger.as_of),
        "ledger": str(path),
    }


def _regime_line(noted: RegimeNoted) -> Document:
    return {
        "subject": noted.subject,
        "before": noted.before or None,
        "after": noted.after,
        "macro_since": None if noted.macro_since is None else clock(noted.macro_since),
        "at": clock(noted.at),
    }


def journal_document(ledger: HedgeLedger, days: DayRange, path: LedgerPlace) -> Document:
    """Every intent with what became of it, every halt, alarm and change of the regime; it has no trades of ours."""
    reported = ledger.reported(days)
    return {
        "days": [date.isoformat() for date in ledger.days(days)],
        "trades": [],
        "decisions": [],
        "intents": rows(intents_section("intent", ledger.intents(days), "intents")),
        "alarms": [document(alarm_figures(one)) for one in reported if isinstance(one, AlarmRaised)],
        "halts": [
            {"at": clock(one.at), "what": halt_line(one)[0], "reason": halt_line(one)[1]}
            for one in reported
            if isinstance(one, Halt)
        ],
        "regime": [_regime_line(one) for one in reported if isinstance(one, RegimeNoted)],
        "ledger": str(path),
    }
