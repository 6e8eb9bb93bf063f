"""The delta-hedging desk: one input in, one `Step` out, the book carried along. Pure: time comes with the inputs.

The order of things is DH-201's: duplicate, order, timers, clock and session, prices, exit, positions, decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from gammacore.domain import hedge_filter_events as filter_events
from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.closing import Exits, Timer, next_timer, session_start, still_open
from gammacore.domain.hedge_filter.hedger import HedgePrices, Hedger, Regimes
from gammacore.domain.hedge_filter.intents import Cause, IntentWriter
from gammacore.domain.hedge_filter.option_hedges import quoted
from gammacore.domain.hedge_filter.protocol import Level, MarketEvent, OrderUpdate
from gammacore.domain.hedge_filter.step import (
    Step,
    change_of,
    closing_change_of,
    marks_of,
    objection,
    says_something,
    updated,
)
from gammacore.domain.hedge_filter_events import IntentRecorded, TimerKind
from gammacore.domain.hedging.decision import CLOSED, EXITING, Alarm, HedgingDay, Phase, Reason
from gammacore.domain.hedging.exposure import Listing, Universe, UnreadSymbol
from gammacore.domain.hedging.settings import HedgingSettings, Leftovers
from gammacore.domain.risk.opening_limits import is_beyond
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.errors import InvalidInput, MissingData

ZERO = Decimal(0)
FIRST = dt.datetime.min.replace(tzinfo=dt.UTC)
Sessions = Callable[[dt.date], TradingSession | None]


class HedgingDesk:
    """Decides hedges and exits over a `DeskBook`.

    `regimes` and `sessions` answer from outside, `halted` is the kill switch; with `assume_fills` every intent is
    filled at once (DH-113). With `journals` off no ledger event is made of market events, of which there are many.
    """

    def __init__(
        self,
        settings: HedgingSettings,
        universe: Universe,
        book: DeskBook,
        sessions: Sessions,
        regimes: Regimes,
        *,
        halted: Callable[[], bool] | None = None,
        assume_fills: bool = False,
        journals: bool = True,
    ) -> None:
        self.settings = settings
        self.book = book
        self._universe = universe
        self._sessions = sessions
        self._assume_fills = assume_fills
        self._journals = journals
        self._exit_before_close = float(settings.exit_before_close)
        self._sees_chains = settings.hedges_in_options
        self._limits_positions = settings.limits.max_contracts_per_symbol is not None
        prices, intents = HedgePrices(settings, universe, book), IntentWriter(settings)
        self._exits = Exits(settings, book, prices, intents, self._emit)
        self._hedger = Hedger(settings, universe, book, regimes, prices, intents, self._emit, halted)
        self._step = Step(book)
        self._day: HedgingDay | None = None if book.date is None else self._day_of(book.date)
        self._phase, self._phase_ends = CLOSED, FIRST
        self._timer: Timer | None = None
        self._renew_timer()

    # -- inputs --------------------------------------------------------------------------------------------------------

    def take_market(self, event: MarketEvent, content: object) -> Step:
        """One market event; `content` distinguishes a repeat of it from another event under its id. Rule: DH-201.

        The step is the caller's until the next event.

        Raises:
            InvalidInput: the calendar does not know the date; nothing of the event was applied.
            UnreadSymbol: a quantity of what is neither an option nor a share; nothing of it was applied either.
        """
        book, ts, step = self.book, event.ts, self._clean_step()
        known, by_timers = book.seen.get(event.event_id), 0
        if known is not None and not (self._day is not None and ts >= self._day.ends):
            step.code = Reason.DUPLICATE if known == content else Reason.DUPLICATE_CONFLICT
            return step
        listing = self._listing_of(event)
        last = book.watermarks.get(listing.key)
        if (last is not None and ts < last) or (self._day is not None and ts < self._day.starts):
            step.code = Reason.OUT_OF_ORDER
            return step
        if self._timer is not None and self._timer.due < ts:
            self._day_of(new_york_date(ts))  # refused before a timer has changed anything
            self._run_timers(step, lambda due: due < ts, None)
            by_timers = len(step.lines)
        clock = ts if book.clock is None or ts > book.clock else book.clock
        day, phase = self._day, self._phase
        if day is None or clock >= self._phase_ends:
            day, phase = self._enter(step, clock)
        book.clock = clock
        marks, bad_price = self._mark_prices(listing, event)
        if phase is EXITING or book.left_over:
            self._exit_if_due(step, Cause(event.event_id, "event", listing.key), day, phase)
        refusal, holding = self._update(listing, event, phase, day)
        book.take_market(event.event_id, content, listing.key, ts, clock)
        if self._journals:
            step.events.append(
                filter_events.MarketTaken(clock, event.event_id, str(content), listing.key, ts, marks, holding)
            )  # fmt: skip
        if self._sees_chains and (quote := quoted(listing, event)) is not None:
            step.record(quote)
        if self._limits_positions and listing.forms_position:
            self._watch_limit(step, listing.key, clock)
        if listing.book is None:
            code: Reason | None = self._unmapped(step, listing, clock)
        else:
            before = len(step.events)
            code = self._hedger.decide(
                step, listing.book, listing.underlying, bad_price, event.event_id, "event", day, phase
            )
            if len(step.events) != before:
                self._renew_timer()
        if len(step.lines) == by_timers:
            step.code = refusal or code
        return step

    def _clean_step(self) -> Step:
        """The last step again if nothing was written on it, which is so for nearly every event."""
        step = self._step
        if step.events or step.lines or step.notes:
            step = self._step = Step(self.book)
        step.code = None
        return step

    def take_update(self, update: OrderUpdate, content: str) -> Step:
        """News of an intent. Unknown and falling news are ignored, with a note. Rules: DH-112, DH-511.

        Raises:
            InvalidInput: more is filled than was asked for, or the calendar does not know the date.
        """
        step, book = Step(self.book), self.book
        if content in book.seen:
            step.code = Reason.DUPLICATE
            return step
        intent = book.intents.get(update.intent_id)
        doubt = objection(intent, update)
        if intent is None or doubt:
            step.note(Level.WARN if intent is None else Level.ERROR, doubt, at=update.ts)
            return step
        if self._timer is not None and self._timer.due < update.ts:
            self._day_of(new_york_date(update.ts))
            self._run_timers(step, lambda due: due < update.ts, None)
        clock = update.ts if book.clock is None else max(update.ts, book.clock)
        if self._day is None or clock >= self._day.ends:
            self._roll(step, clock)
        book.clock = clock
        step.record(updated(intent, update, content, clock))
        self._renew_timer()
        return step

    def take_tick(self, now: dt.datetime) -> Step:
        """Live: every timer that is due by now runs, at the real now. Rule: DH-260."""
        step = Step(self.book)
        if self.book.clock is not None:
            self._run_timers(step, lambda due: due <= now, now)
        return step

    def is_open(self) -> bool:
        """Whether anything is held, in flight or due: what a replay must say at its end. Rule: DH-260."""
        return self._timer is not None or not self.book.is_flat()

    def phase(self, now: dt.datetime) -> Phase:
        """The phase of an instant, CLOSED before there was any input."""
        if self._day is None or not self._day.starts <= now < self._day.ends:
            return CLOSED
        return self._day.phase(now)

    def _listing_of(self, event: MarketEvent) -> Listing:
        """What the event's symbol is.

        Raises:
            UnreadSymbol: a quantity of what is neither an option nor a share. Rule: DH-205.
        """
        listing = self._universe.listing(event.symbol)
        if listing.unread and event.quantity:
            raise UnreadSymbol(event.symbol, event.quantity)
        return listing

    # -- prices and positions ------------------------------------------------------------------------------------------

    def _mark_prices(self, listing: Listing, event: MarketEvent) -> tuple[tuple[filter_events.PriceMark, ...], bool]:
        """Take the price of an underlying in; an option's own price is never one. Rules: DH-230, DH-231."""
        price = event.price if listing.key == listing.underlying else event.underlying_price
        if price is None:
            return (), False
        if price <= ZERO:
            return (), True
        self.book.prices[listing.underlying] = (price, event.ts)
        return ((filter_events.PriceMark(listing.underlying, price),) if self._journals else ()), False

    def _update(
        self, listing: Listing, event: MarketEvent, phase: Phase, day: HedgingDay
    ) -> tuple[Reason | None, filter_events.HoldingSet | None]:
        """The position update of an event, or why there is none. Section 2, DH-504."""
        if not listing.forms_position:
            return None, None
        known = self.book.holdings.get(listing.key)
        if listing.expiry is not None and listing.expiry < day.date and says_something(event):
            return Reason.EXPIRED, None
        closing = phase is EXITING or phase is CLOSED
        change = closing_change_of(known, event) if closing else change_of(known, event)
        refusal: Reason | None = None
        if isinstance(change, tuple):
            contracts, delta = change
        elif known is None:
            return change, None
        else:
            refusal, contracts, delta = change, known.contracts, known.delta
        price, greeks = marks_of(known, event)
        hold = self.book.hold if self.book.expects_fills else self.book.set_holding
        hold(listing, event.symbol, contracts, delta, price, greeks)
        if known is None or contracts == 0:
            self._renew_timer()
        if not self._journals:
            return refusal, None
        return refusal, filter_events.HoldingSet(event.symbol, contracts, delta, price, *greeks)

    def _watch_limit(self, step: Step, key: str, now: dt.datetime) -> None:
        """Openings are not ours here: a position beyond its limit raises an alarm, once an episode. Rule: DH-1003."""
        limit, held = self.settings.limits.max_contracts_per_symbol, self.book.holdings.get(key)
        contracts = 0 if held is None else held.contracts
        detail = f"{contracts} contracts beyond {limit}"
        step.watch_limit(Alarm.POSITION_LIMIT, key, is_beyond(contracts, limit), detail, now)

    def _unmapped(self, step: Step, listing: Listing, now: dt.datetime) -> Reason:
        """An underlying without a book; an option of it is closed like the others, with an alarm before. DH-204."""
        if listing.forms_position:
            held = self.book.holdings.get(listing.key)
            contracts = 0 if held is None else held.contracts
            fate = f"{contracts:+d} contracts are never hedged, only closed at the cut-off"
            detail = f"{fate}: no hedge share is configured for {listing.underlying}"
            step.watch_limit(Alarm.UNHEDGED, listing.key, contracts != 0, detail, now)
        return Reason.UNMAPPED_UNDERLYING

    # -- deciding and sessions -----------------------------------------------------------------------------------------

    def _exit_if_due(self, step: Step, cause: Cause, day: HedgingDay, phase: Phase) -> None:
        """The exit batch of the cut-off, or of leftovers, before the event's position update. Rules: DH-510, DH-520."""
        if phase is EXITING:
            if self.book.exit_at is not None or self.book.is_flat():
                return
        elif not self._leftovers_wait(day, phase):
            return
        self._exits.begin(step, cause, day, leftover=phase is not EXITING)
        self._renew_timer()

    def _leftovers_wait(self, day: HedgingDay, phase: Phase) -> bool:
        if self.book.leftover_exit_at is not None or self.settings.leftovers is not Leftovers.CLOSE:
            return False
        return day.hedges(phase, self.settings.session_gate) and self.book.has_leftovers()

    def _enter(self, step: Step, clock: dt.datetime) -> tuple[HedgingDay, Phase]:
        """The day and the phase of an instant, remembered until the phase ends: the clock only goes forward."""
        day = self._day
        if day is None or clock >= day.ends:
            day = self._roll(step, clock)
        self._phase, self._phase_ends = day.phase(clock), day.phase_ends(clock)
        return day, self._phase

    def _roll(self, step: Step, clock: dt.datetime) -> HedgingDay:
        """A new New York date begins; what an earlier session left is named. Rule: DH-520."""
        book, policy = self.book, self.settings.leftovers
        day = self._day = self._day_of(new_york_date(clock))
        named, started = session_start(book, day, policy, clock)
        if named:
            step.alarm(Alarm.LEFTOVER, f"held since an earlier session: {', '.join(named)}", at=clock)
        if started.settled:
            step.note(Level.INFO, f"expired, handed to settlement: {', '.join(started.settled)}", at=clock)
        step.record(started)
        self._renew_timer()
        return day

    def _day_of(self, date: dt.date) -> HedgingDay:
        """The day of a date.

        Raises:
            InvalidInput: the calendar does not know it.
        """
        try:
            session = self._sessions(date)
        except MissingData as gap:
            raise InvalidInput("ts", date.isoformat(), f"give a date the calendar knows ({gap})") from gap
        return HedgingDay.of(date, session, self._exit_before_close)

    # -- timers --------------------------------------------------------------------------------------------------------

    def _run_timers(self, step: Step, is_due: Callable[[dt.datetime], bool], now: dt.datetime | None) -> None:
        """Run what is due, in order of due time: in a replay at its due time, live at the real now."""
        while (timer := self._timer) is not None and is_due(timer.due):
            clock = timer.due if now is None else now
            if self.book.clock is not None:
                clock = max(clock, self.book.clock)
            if self._day is not None and clock >= self._day.ends:
                self._roll(step, clock)
            step.record(filter_events.TimerRan(clock, timer.kind, timer.subject, timer.due))
            self._act(step, timer)
            self._renew_timer()

    def _act(self, step: Step, timer: Timer) -> None:
        book, day, cause = self.book, self._day, Cause(timer.tick_id, "timer")
        assert book.clock is not None
        assert day is not None
        match timer.kind:
            case TimerKind.RATE_WINDOW:
                underlying, phase = book.last_underlying(timer.subject), self.phase(book.clock)
                self._hedger.decide(step, timer.subject, underlying, False, timer.tick_id, "timer", day, phase)
            case TimerKind.CUTOFF | TimerKind.OPEN | TimerKind.EXIT_RETRY if day.phase(book.clock) is CLOSED:
                pass  # slept through: an order sent now would wait for tomorrow's open; the timer CLOSE reports it
            case TimerKind.CUTOFF:
                self._exits.begin(step, cause, day, leftover=False)
            case TimerKind.OPEN:
                self._exits.begin(step, cause, day, leftover=True)
            case TimerKind.EXIT_RETRY:
                self._exits.retry(step, cause, day)
            case TimerKind.FILL_TIMEOUT:
                step.alarm(Alarm.FILL_UNKNOWN, f"no news of {timer.subject}: still counted", timer.subject)
            case TimerKind.CLOSE:
                step.alarm(Alarm.NOT_FLAT, f"still open at the close: {', '.join(still_open(book))}")

    def _renew_timer(self) -> None:
        self._timer = None if self._day is None else next_timer(self.book, self._day, self.settings)

    def _emit(self, step: Step, intent: IntentRecorded, price: Decimal | None) -> None:
        """Send an intent; assumed fills are at `price`, at 0 where none was ever seen. Rule: DH-113."""
        step.emit(intent, (ZERO if price is None else price) if self._assume_fills else None)
