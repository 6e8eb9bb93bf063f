"""The desk's book: positions, hedge shares, intents, ids seen, prices, clock; the fold of its ledger events.

Like every book it is read by many and changed by `apply` alone, except for the accepted market event, of which there
are a hundred thousand a second: `take_market` applies it without the detour of an event object. Rules: DH-206, DH-710.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from gammacore.domain import hedge_filter_events as filter_events
from gammacore.domain.hedge_filter.intents import Intent
from gammacore.domain.hedge_filter.option_hedges import OptionHedges
from gammacore.domain.hedge_filter_events import IntentKind
from gammacore.domain.hedging.exposure import Greeks, HedgeBook, Holding, Listing, Universe, net_shares
from gammacore.domain.hedging.settings import HedgeLedgerPolicy
from gammacore.domain.ledger import AlarmRaised, Halted, LedgerOpened, Resumed

Mark = tuple[Decimal, dt.datetime]
"""A price in points and the event time it is of."""


class DeskBook:
    """Where the hedging desk stands.

    >>> DeskBook.of([], Universe.__new__(Universe)).clock is None
    True
    """

    def __init__(self, universe: Universe, seen_ids: int = 250_000) -> None:
        self._universe = universe
        self._seen_ids = seen_ids
        self.account: str | None = None
        self.run: filter_events.HedgeRunStarted | None = None
        self.clock: dt.datetime | None = None
        self.date: dt.date | None = None
        self.seen: dict[str, object] = {}
        self.watermarks: dict[str, dt.datetime] = {}
        self.prices: dict[str, Mark] = {}
        self.holdings: dict[str, Holding] = {}
        self.hedge_books: dict[str, HedgeBook] = {}
        self.option_hedges = OptionHedges(universe)
        self.beyond: set[tuple[str, str]] = set()
        """Limits that are passed, and by what: their alarm has been raised."""
        self.intents: dict[str, Intent] = {}
        self.silent: dict[str, Intent] = {}
        """Intents without news, oldest first, until their alarm."""
        self.unwritten: dict[str, Intent] = {}
        self.latest_close: dict[str, Intent] = {}
        """By subject: the newest intent of this session that closes it."""
        self.left_over = False
        """Whether this session began with something of an earlier one."""
        self.orphans: set[str] = set()
        """Leftover options whose underlying has no book: closed, never hedged."""
        self.exit_at: dt.datetime | None = None
        self.leftover_exit_at: dt.datetime | None = None
        self.retry_from: dt.datetime | None = None
        self.not_flat_reported = False
        self.halted = False
        self.regime: dict[str, filter_events.RegimeNoted] = {}

    @classmethod
    def of(cls, events: Iterable[Any], universe: Universe, seen_ids: int = 250_000) -> DeskBook:
        """The fold of a whole ledger; events of other desks are none of its business."""
        book = cls(universe, seen_ids)
        for event in events:
            book.apply(event)
        return book

    def hedge_book(self, share: str) -> HedgeBook:
        """The book of a hedge share; a new one when there is none yet."""
        found = self.hedge_books.get(share)
        if found is None:
            found = self.hedge_books[share] = HedgeBook(share)
        return found

    def is_flat(self) -> bool:
        """No option held, no hedge share held or in flight."""
        options = self.holdings or self.option_hedges.working
        return not options and all(book.shares.is_flat for book in self.hedge_books.values())

    def has_leftovers(self) -> bool:
        """Whether an earlier session left something that is still there. Rule: DH-520."""
        return bool(self.orphans) or any(book.leftovers for book in self.hedge_books.values())

    def net_shares(
        self, book: HedgeBook, counts_hedges: bool, ratio_of: Callable[[str, Decimal], Decimal] | None = None
    ) -> Decimal:
        """N of a book: options, hedge shares and option hedges, filled and in flight. Rules: DH-221, DH-804."""
        hedges: Decimal | int = book.shares.filled + book.shares.in_flight
        if self.option_hedges.working:
            hedges += self.option_hedges.in_flight_shares(book.share)
        return net_shares(book.total if ratio_of is None else book.options_shares(ratio_of), hedges, counts_hedges)

    @property
    def expects_fills(self) -> bool:
        """Whether a quantity that the host reports may include fills of ours before their order update comes."""
        return bool(self.option_hedges.working or self.latest_close)

    def apply(self, event: Any) -> None:
        """Take one more event in."""
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, event)

    def take_market(self, event_id: str, content: object, key: str, ts: dt.datetime, clock: dt.datetime) -> None:
        """An event was accepted: seen mark, watermark and clock. Rules: DH-701..703."""
        seen = self.seen
        seen[event_id] = content
        if len(seen) > self._seen_ids:
            del seen[next(iter(seen))]
        self.watermarks[key] = ts
        self.clock = clock

    def last_underlying(self, share: str) -> str:
        """The underlying of a book (or the share itself) whose price was set last. Rule: DH-231."""
        known = [symbol for symbol in (*self.hedge_book(share).parts, share) if symbol in self.prices]
        return max(known, key=lambda symbol: self.prices[symbol][1], default=share)

    def hold(
        self, listing: Listing, text: str, contracts: int, delta: Decimal | None, price: Decimal | None, greeks: Greeks
    ) -> None:
        """A position as the host reports it: absolute, and may include fills before their order update. DH-203."""
        known = self.holdings.get(listing.key)
        change = contracts - (0 if known is None else known.contracts)
        self.option_hedges.show(listing.key, change)
        if (closing := self.latest_close.get(listing.key)) is not None:
            closing.show(change)
        self.set_holding(listing, text, contracts, delta, price, greeks)

    def set_holding(
        self, listing: Listing, text: str, contracts: int, delta: Decimal | None, price: Decimal | None, greeks: Greeks
    ) -> None:
        """A position as it stands now; 0 contracts removes it. Rules: DH-203, DH-206."""
        holding = self.holdings.get(listing.key)
        if contracts == 0:
            if holding is not None:
                self._remove(holding)
            return
        if holding is None:
            assert self.date is not None
            hedges = listing.key in self.option_hedges.ordered
            holding = self.holdings[listing.key] = Holding(listing, text, contracts, delta, self.date, hedges=hedges)
            if listing.book is not None:
                self.hedge_book(listing.book).put(holding)
        elif listing.book is None:
            holding.contracts, holding.delta = contracts, delta
        elif contracts != holding.contracts or delta is not holding.delta:
            self.hedge_books[listing.book].revise(holding, contracts, delta)
        holding.text, holding.price = text, price
        holding.gamma, holding.theta, holding.vega = greeks

    def _remove(self, holding: Holding) -> None:
        del self.holdings[holding.listing.key]
        self.orphans.discard(holding.listing.key)
        if holding.listing.book is not None:
            book = self.hedge_book(holding.listing.book)
            book.take_out(holding)
            book.leftovers.discard(holding.listing.key)

    def _opened(self, event: LedgerOpened) -> None:
        self.account = event.account

    def _run_started(self, event: filter_events.HedgeRunStarted) -> None:
        self.run = event

    def _session_started(self, event: filter_events.HedgeSessionStarted) -> None:
        self.date, self.clock = event.date, event.at
        self.seen.clear()
        self.exit_at = self.leftover_exit_at = self.retry_from = None
        self.not_flat_reported = False
        self.left_over = bool(event.leftovers)
        self.latest_close.clear()  # day orders: none of them can be filled any more
        for key in event.settled:
            self._remove(self.holdings[key])
        for share in event.forgotten:
            self.hedge_book(share).shares.forget()
        self.option_hedges.forget()
        for book in self.hedge_books.values():
            book.hedges, book.hedged_on = 0, ""
            book.shares.working.clear()
            book.awaited_until = None
        for key in event.leftovers:
            held = self.holdings.get(key)
            if held is not None:
                held.leftover = True
            home = key if held is None else held.listing.book
            if home is None:
                self.orphans.add(key)
            else:
                self.hedge_book(home).leftovers.add(key)

    def _market_taken(self, event: filter_events.MarketTaken) -> None:
        self.take_market(event.event_id, event.content, event.symbol, event.ts, event.at)
        listing = self._universe.listing(event.symbol)
        for mark in event.marks:
            self.prices[mark.symbol] = (mark.price, event.ts)
        if (held := event.holding) is not None:
            greeks = (held.gamma, held.theta, held.vega)
            self.hold(listing, held.text, held.contracts, held.delta, held.price, greeks)

    def _option_quoted(self, event: filter_events.OptionQuoted) -> None:
        self.option_hedges.take_quote(event)

    def _limit_passed(self, event: filter_events.LimitPassed) -> None:
        (self.beyond.add if event.beyond else self.beyond.discard)((event.code, event.subject))

    def _timer_ran(self, event: filter_events.TimerRan) -> None:
        self.clock = event.at
        if event.kind is filter_events.TimerKind.RATE_WINDOW:
            self.hedge_book(event.subject).awaited_until = None
        elif event.kind is filter_events.TimerKind.FILL_TIMEOUT:
            self.silent.pop(event.subject, None)
        elif event.kind is filter_events.TimerKind.EXIT_RETRY:
            self.retry_from = event.at
        elif event.kind is filter_events.TimerKind.CLOSE:
            self.not_flat_reported = True

    def _hedge_awaited(self, event: filter_events.HedgeAwaited) -> None:
        self.hedge_book(event.book).awaited_until = event.until

    def _delta_unusual(self, event: filter_events.DeltaUnusual) -> None:
        book = self.hedge_book(event.book)
        book.unusual_since, book.unusual_reported = event.since, False

    def _intent_recorded(self, event: filter_events.IntentRecorded) -> None:
        intent = Intent(
            event.intent_id, event.event_id, event.kind, event.book, event.subject, event.side, event.quantity,
            event.attempt, event.price, event.counts, event.line, event.at,
        )  # fmt: skip
        self.intents[intent.intent_id] = self.unwritten[intent.intent_id] = intent
        self.silent[intent.intent_id] = intent
        if intent.kind is not IntentKind.HEDGE:
            self.latest_close[intent.subject] = intent
        if not intent.kind.closes_option:
            self._count_hedge(intent, event.at)

    def _count_hedge(self, intent: Intent, at: dt.datetime) -> None:
        book = self.hedge_book(intent.book)
        signed = intent.side.sign * intent.quantity
        if intent.kind is IntentKind.HEDGE:
            book.hedges += intent.event_id != book.hedged_on
            book.last_hedge_at, book.hedged_on = at, intent.event_id
            book.awaited_until = None
            if intent.trades_option:
                self.option_hedges.ordered.add(intent.subject)
        if intent.counts == HedgeLedgerPolicy.FILLS:
            if intent.trades_option:
                self.option_hedges.working[intent.intent_id] = intent
            else:
                book.shares.in_flight += signed
                book.shares.working.add(intent.intent_id)
        elif intent.counts == HedgeLedgerPolicy.EMITTED:
            if intent.trades_option:
                self._add_contracts(intent, signed)
            else:
                book.shares.filled += signed

    def _intent_repeated(self, event: filter_events.IntentRepeated) -> None:
        intent = self.intents[event.intent_id]
        intent.repeats += 1
        self.unwritten[intent.intent_id] = intent

    def _intents_written(self, event: filter_events.IntentsWritten) -> None:
        for intent_id in event.intent_ids:
            self.unwritten.pop(intent_id, None)

    def _intent_updated(self, event: filter_events.IntentUpdated) -> None:
        if event.content:
            self.seen[event.content] = event.content
            self.clock = event.at if self.clock is None else max(self.clock, event.at)
        intent = self.intents[event.intent_id]
        new = event.filled - intent.filled
        flying = intent.in_flight
        cost = intent.cost_of(event.filled, event.average_price) if new and event.average_price is not None else None
        fees = event.fees - intent.fees
        intent.status, intent.fees = event.status, event.fees
        if new:
            intent.filled, intent.average_price = event.filled, event.average_price
        self.silent.pop(intent.intent_id, None)
        if intent.kind.closes_option:
            self._close_option(intent, new)
        elif intent.counts != HedgeLedgerPolicy.FILLS:
            return
        elif intent.trades_option:
            self._fill_option_hedge(intent, new, cost, fees)
        else:
            self._fill_hedge(intent, new, cost, fees, intent.in_flight - flying)

    def _fill_hedge(self, intent: Intent, new: int, cost: Decimal | None, fees: Decimal, flying: int) -> None:
        book = self.hedge_book(intent.book)
        shares = book.shares
        shares.in_flight += flying
        shares.fees += fees
        if intent.status.is_over:
            shares.working.discard(intent.intent_id)
        if new and cost is not None:
            shares.fill(intent.side.sign * new, cost / new)
            if intent.price is not None:
                slippage = (cost - intent.price * new) * intent.side.sign
                intent.slippage += slippage
                shares.slippage += slippage
        if not shares.filled and not shares.in_flight:
            book.leftovers.discard(book.share)

    def _fill_option_hedge(self, intent: Intent, new: int, cost: Decimal | None, fees: Decimal) -> None:
        """A fill becomes a position, unless the host's quantity has shown it already. Rule: DH-804."""
        unshown = intent.unshown(new)
        if intent.status.is_over:
            self.option_hedges.working.pop(intent.intent_id, None)
        shares = self.hedge_book(intent.book).shares
        shares.fees += fees
        if new and cost is not None and intent.price is not None:
            multiplier = self._universe.listing(intent.subject).multiplier
            slippage = (cost - intent.price * new) * intent.side.sign * multiplier
            intent.slippage += slippage
            shares.slippage += slippage
        if unshown:
            self._add_contracts(intent, intent.side.sign * unshown)

    def _add_contracts(self, intent: Intent, signed: int) -> None:
        listing = self._universe.listing(intent.subject)
        held, quote = self.holdings.get(intent.subject), self.option_hedges.quote(intent.book, intent.subject)
        if held is not None:
            self.set_holding(listing, held.text, held.contracts + signed, held.delta, held.price, held.greeks)
        elif quote is None:  # filled after its session: the delta of then is none of now
            self.set_holding(listing, intent.subject, signed, None, intent.price, (None, None, None))
        else:
            self.set_holding(listing, quote.text, signed, quote.delta, quote.price, (None, None, None))

    def _close_option(self, intent: Intent, filled: int) -> None:
        """A fill takes an option towards zero, never through it, and not again by what the host has shown. DH-511."""
        filled = intent.unshown(filled)
        holding = self.holdings.get(intent.subject)
        if holding is None or not filled or (holding.contracts > 0) == (intent.side.sign > 0):
            return
        left = max(abs(holding.contracts) - filled, 0)
        contracts = left if holding.contracts > 0 else -left
        self.set_holding(holding.listing, holding.text, contracts, holding.delta, holding.price, holding.greeks)

    def _exit_begun(self, event: filter_events.ExitBegun) -> None:
        if event.leftover:
            self.leftover_exit_at = event.at
        else:
            self.exit_at = event.at
        self.retry_from = event.at
        for key in event.cleared:
            if key in self.holdings:
                self._remove(self.holdings[key])
            elif key in self.hedge_books:
                self.hedge_books[key].shares.forget()

    def _alarm(self, event: AlarmRaised) -> None:
        intent = self.intents.get(event.holding)
        if event.code == "exit_unconfirmed" and intent is not None:
            intent.given_up = True
        elif event.code == "unusual_delta":
            self.hedge_book(event.holding).unusual_reported = True

    def _halt(self, _: Halted) -> None:
        self.halted = True

    def _resume(self, _: Resumed) -> None:
        self.halted = False

    def _regime_noted(self, event: filter_events.RegimeNoted) -> None:
        self.regime[event.subject] = event


_FOLDS: dict[type, Callable[[DeskBook, Any], None]] = {
    filter_events.HedgeRunStarted: DeskBook._run_started,
    filter_events.HedgeSessionStarted: DeskBook._session_started,
    filter_events.MarketTaken: DeskBook._market_taken,
    filter_events.OptionQuoted: DeskBook._option_quoted,
    filter_events.LimitPassed: DeskBook._limit_passed,
    filter_events.TimerRan: DeskBook._timer_ran,
    filter_events.HedgeAwaited: DeskBook._hedge_awaited,
    filter_events.DeltaUnusual: DeskBook._delta_unusual,
    filter_events.IntentRecorded: DeskBook._intent_recorded,
    filter_events.IntentRepeated: DeskBook._intent_repeated,
    filter_events.IntentsWritten: DeskBook._intents_written,
    filter_events.IntentUpdated: DeskBook._intent_updated,
    filter_events.ExitBegun: DeskBook._exit_begun,
    filter_events.RegimeNoted: DeskBook._regime_noted,
    LedgerOpened: DeskBook._opened,
    AlarmRaised: DeskBook._alarm,
    Halted: DeskBook._halt,
    Resumed: DeskBook._resume,
}
