"""The delta-hedging desk: one input in, one `Step` out, the book carried along. Pure: time comes with the inputs.

The order of things is DH-201's: duplicate, order, timers, clock and session, prices, exit, positions, decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from gammacore.domain.hedging import events as told
from gammacore.domain.hedging.book import DeskBook
from gammacore.domain.hedging.closing import (
    CloseOption,
    CloseShares,
    Closing,
    GiveUp,
    Repeat,
    exit_batch,
    retries,
    session_start,
    still_open,
)
from gammacore.domain.hedging.decision import blocked, limited, size_hedge
from gammacore.domain.hedging.events import IntentRecorded, TimerKind
from gammacore.domain.hedging.exposure import HedgeBook
from gammacore.domain.hedging.hedge_prices import HedgePrices
from gammacore.domain.hedging.intents import IntentWriter
from gammacore.domain.hedging.messages import Level, MarketEvent, OrderUpdate
from gammacore.domain.hedging.order_news import objection, updated
from gammacore.domain.hedging.position_updates import change_of, closing_change_of, marks_of, says_something
from gammacore.domain.hedging.reasons import Alarm, Reason
from gammacore.domain.hedging.regime import Regime
from gammacore.domain.hedging.session_phases import HedgingDay, Phase
from gammacore.domain.hedging.settings import HedgeWith, HedgingSettings, Leftovers
from gammacore.domain.hedging.step import Cause, Line, Step
from gammacore.domain.hedging.thresholds import base_threshold, with_band
from gammacore.domain.hedging.timers import Timer, next_timer
from gammacore.domain.hedging.universe import Listing, Universe
from gammacore.domain.ledger import Halted
from gammacore.domain.sessions import TradingSession, new_york_date

ZERO = Decimal(0)
Regimes = Callable[[str, dt.datetime], Regime]
"""The regime that rules a book at an instant."""
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
        self._regimes = regimes
        self._halted = halted
        self._assume_fills = assume_fills
        self._journals = journals
        self._intents = IntentWriter(settings)
        self._interval = _seconds(settings.min_interval)
        self._exit_before_close = float(settings.exit_before_close)
        self._prices = HedgePrices(settings, universe, book)
        self._unusual_for = _seconds(settings.unusual_delta_seconds)
        self._banded = settings.band_per_contract > 0
        self._regime: Regime | None = None
        self._threshold = settings.threshold
        self._step = Step(book)
        self._day: HedgingDay | None = None if book.date is None else self._day_of(book.date)
        self._timer: Timer | None = None
        self._renew_timer()

    # -- inputs --------------------------------------------------------------------------------------------------------

    def take_market(self, event: MarketEvent, content: object) -> Step:
        """One market event; `content` tells a repeat of it from another event under its id. Rule: DH-201.

        The step is the caller's until the next event.
        """
        book, ts, step = self.book, event.ts, self._clean_step()
        known = book.seen.get(event.event_id)
        if known is not None and not (self._day is not None and ts >= self._day.ends):
            step.code = Reason.DUPLICATE if known == content else Reason.DUPLICATE_CONFLICT
            return step
        listing = self._universe.listing(event.symbol)
        last = book.watermarks.get(listing.key)
        if (last is not None and ts < last) or (self._day is not None and ts < self._day.starts):
            step.code = Reason.OUT_OF_ORDER
            return step
        if self._timer is not None and self._timer.due < ts:
            self._run_timers(step, lambda due: due < ts, None)
        clock = ts if book.clock is None or ts > book.clock else book.clock
        day = self._day
        if day is None or clock >= day.ends:
            day = self._roll(step, clock)
        book.clock = clock
        by_timers = len(step.lines)
        marks, bad_price = self._mark_prices(listing, event)
        phase = day.phase(clock)
        if phase is Phase.EXITING:
            if book.exit_at is None and not book.is_flat():
                self._exit(step, Cause(event.event_id, "event", listing.key), leftover=False)
        elif book.left_over and self._leftovers_wait(day, phase):
            self._exit(step, Cause(event.event_id, "event", listing.key), leftover=True)
        refusal, holding = self._update(listing, event, phase, day)
        book.take_market(event.event_id, content, listing.key, ts, clock)
        if self._journals:
            step.events.append(
                told.MarketTaken(clock, event.event_id, str(content), listing.key, ts, marks, holding)
            )  # fmt: skip
        if listing.book is None:
            code: Reason | None = Reason.UNMAPPED_UNDERLYING
        else:
            code = self._decide(step, listing.book, listing.underlying, bad_price, event.event_id, "event", phase)
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
            InvalidInput: more is filled than was asked for.
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
            return Phase.CLOSED
        return self._day.phase(now)

    # -- prices and positions ------------------------------------------------------------------------------------------

    def _mark_prices(self, listing: Listing, event: MarketEvent) -> tuple[tuple[told.PriceMark, ...], bool]:
        """Take the price of an underlying in; an option's own price is never one. Rules: DH-230, DH-231."""
        price = event.price if listing.key == listing.underlying else event.underlying_price
        if price is None:
            return (), False
        if price <= 0:
            return (), True
        self.book.prices[listing.underlying] = (price, event.ts)
        return ((told.PriceMark(listing.underlying, price),) if self._journals else ()), False

    def _update(
        self, listing: Listing, event: MarketEvent, phase: Phase, day: HedgingDay
    ) -> tuple[Reason | None, told.HoldingSet | None]:
        """The position update of an event, or why there is none. Section 2, DH-504."""
        if not listing.forms_position:
            return None, None
        known = self.book.holdings.get(listing.key)
        if listing.expiry is not None and listing.expiry < day.date and says_something(event):
            return Reason.EXPIRED, None
        closing = phase is Phase.EXITING or phase is Phase.CLOSED
        change = closing_change_of(known, event) if closing else change_of(known, event)
        if isinstance(change, tuple):
            contracts, delta = change
        elif known is None:
            return change, None
        else:
            contracts, delta = known.contracts, known.delta
        price, greeks = marks_of(known, event)
        self.book.set_holding(listing, event.symbol, contracts, delta, price, greeks)
        if known is None or contracts == 0:
            self._renew_timer()
        refusal = change if isinstance(change, Reason) else None
        if not self._journals:
            return refusal, None
        return refusal, told.HoldingSet(event.symbol, contracts, delta, price, *greeks)

    # -- deciding ------------------------------------------------------------------------------------------------------

    def _decide(
        self, step: Step, share: str, underlying: str, bad_price: bool, event_id: str, trigger: str, phase: Phase
    ) -> Reason | None:
        """Hedge one book, or say why not. Rules: DH-207, DH-307."""
        settings, day = self.settings, self._day
        book = self.book.hedge_books.get(share) or self.book.hedge_book(share)
        now = self.book.clock
        assert now is not None
        assert day is not None
        regime = self._regimes(share, now)
        halted = self.book.halted or (self._halted is not None and self._is_halted(step, now))
        is_open = phase is Phase.OPEN or day.hedges(phase, settings.session_gate)
        if (no := blocked(settings, book, regime, halted, is_open)) is not None:
            return no
        net = book.options_shares(self._prices.live_ratio)
        if settings.count_hedges:
            net += book.shares.held
        if regime is not self._regime:
            self._regime, self._threshold = regime, base_threshold(settings, regime)
        threshold = with_band(settings, self._threshold, book.contracts) if self._banded else self._threshold
        unit = settings.delta_unit or book.unit
        limit = threshold * unit
        size = abs(net)
        if size <= limit:
            if book.unusual_since is not None:
                step.record(told.DeltaUnusual(now, share, None))
            return Reason.BELOW_THRESHOLD
        if book.unusual_since is not None or size > limit * settings.unusual_delta_factor:
            self._watch_unusual(step, book, net, limit, now)
        if (no := limited(settings, book, now, self._interval)) is not None:
            if no is Reason.RATE_LIMITED:
                self._await_window(step, book, now)
            return no
        prices = None if bad_price else self._prices.of_decision(share, underlying, now)
        hedge = size_hedge(settings, regime, net, unit, threshold, prices)
        if isinstance(hedge, Reason):
            return hedge
        cause = Cause(event_id, trigger)
        self._emit(step, self._intents.hedge(hedge, book, regime, cause, day, now), hedge.hedge_price)
        if settings.hedge_with is not HedgeWith.SHARES:
            step.alarm(Alarm.NO_OPTION, f"{share}: no chain to choose an option from, hedged in shares", share)
        if hedge.cut:
            step.alarm(Alarm.SIZE_CAPPED, f"{share}: hedge cut to {abs(hedge.shares)} shares", share)
            self._await_window(step, book, now)
        self._renew_timer()
        return None

    def _await_window(self, step: Step, book: HedgeBook, now: dt.datetime) -> None:
        """Decide anew when the rate window of the last hedge ends. Rules: DH-306, DH-308."""
        until = (book.last_hedge_at or now) + self._interval
        if self.settings.timers and book.awaited_until != until:
            step.record(told.HedgeAwaited(now, book.share, until))
            self._renew_timer()

    def _watch_unusual(self, step: Step, book: HedgeBook, net: Decimal, limit: Decimal, now: dt.datetime) -> None:
        """Far beyond the threshold for long: once an episode, somebody must know. Rule: DH-1005."""
        if abs(net) <= limit * self.settings.unusual_delta_factor:
            if book.unusual_since is not None:
                step.record(told.DeltaUnusual(now, book.share, None))
        elif book.unusual_since is None:
            step.record(told.DeltaUnusual(now, book.share, now))
        elif not book.unusual_told and now - book.unusual_since >= self._unusual_for:
            step.alarm(Alarm.UNUSUAL_DELTA, f"{book.share}: net {net} shares since {book.unusual_since}", book.share)

    def _is_halted(self, step: Step, now: dt.datetime) -> bool:
        """The kill switch: once seen it stays, until a person resumes. Rule: DH-1001."""
        if self._halted is not None and self._halted():
            step.record(Halted(now, "kill switch of the hedging desk"))
            step.note(Level.WARN, "the kill switch is on: no hedge, exits go on", code=Reason.HALTED)
        return self.book.halted

    # -- exits and sessions --------------------------------------------------------------------------------------------

    def _exit(self, step: Step, cause: Cause, *, leftover: bool) -> None:
        """The exit batch, once. Rules: DH-510, DH-512."""
        book, settings = self.book, self.settings
        assert book.clock is not None
        on_share = cause.symbol != "" and cause.symbol in book.hedge_books
        batch = exit_batch(book, settings, leftover=leftover, on_share=on_share)
        dropped = [key for key in book.holdings if not any(
            isinstance(part, CloseOption) and part.holding.listing.key == key for part in batch
        )]  # fmt: skip
        self._close(step, batch, cause)
        cleared: tuple[str, ...] = ()
        if settings.exit_on_emission:
            cleared = (*book.holdings, *(share for share, found in book.hedge_books.items() if found.shares.held))
            if dropped:
                step.alarm(Alarm.DROPPED, f"options forgotten without an order: {', '.join(dropped)}")
        step.record(told.ExitBegun(book.clock, leftover, cleared))
        self._renew_timer()

    def _close(self, step: Step, batch: list[Closing], cause: Cause) -> None:
        now, day = self.book.clock, self._day
        assert now is not None
        assert day is not None
        for part in batch:
            match part:
                case CloseOption(kind, holding, contracts, attempt):
                    price = holding.price
                    written = self._intents.option_exit(kind, holding, contracts, attempt, cause, day, now)
                    self._emit(step, written, price)
                case CloseShares(kind, hedge_book, attempt):
                    price = self._prices.last_of_share(hedge_book.share)
                    written = self._intents.flatten(kind, hedge_book, attempt, price, cause, day, now)
                    self._emit(step, written, price)
                case Repeat(intent):
                    step.record(told.IntentRepeated(now, intent.intent_id))
                    step.lines.append(Line(intent.intent_id, intent.line))
                case GiveUp(intent):
                    step.alarm(Alarm.EXIT_UNCONFIRMED, f"no news of {intent.intent_id} after {intent.repeats} repeats",
                        intent.intent_id,
                    )  # fmt: skip

    def _leftovers_wait(self, day: HedgingDay, phase: Phase) -> bool:
        if self.book.leftover_exit_at is not None or self.settings.leftovers is not Leftovers.CLOSE:
            return False
        return day.hedges(phase, self.settings.session_gate) and self.book.has_leftovers()

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
        return HedgingDay.of(date, self._sessions(date), self._exit_before_close)

    # -- timers --------------------------------------------------------------------------------------------------------

    def _run_timers(self, step: Step, is_due: Callable[[dt.datetime], bool], now: dt.datetime | None) -> None:
        """Run what is due, in order of due time: in a replay at its due time, live at the real now."""
        while (timer := self._timer) is not None and is_due(timer.due):
            clock = timer.due if now is None else now
            if self.book.clock is not None:
                clock = max(clock, self.book.clock)
            if self._day is not None and clock >= self._day.ends:
                self._roll(step, clock)
            step.record(told.TimerRan(clock, timer.kind, timer.subject, timer.due))
            self._act(step, timer)
            self._renew_timer()

    def _act(self, step: Step, timer: Timer) -> None:
        cause = Cause(timer.tick_id, "timer")
        book = self.book
        match timer.kind:
            case TimerKind.RATE_WINDOW:
                underlying = book.last_underlying(timer.subject)
                assert book.clock is not None
                phase = self.phase(book.clock)
                self._decide(step, timer.subject, underlying, False, timer.tick_id, "timer", phase)
            case TimerKind.CUTOFF:
                self._exit(step, cause, leftover=False)
            case TimerKind.OPEN:
                self._exit(step, cause, leftover=True)
            case TimerKind.EXIT_RETRY:
                self._close(step, retries(book, leftover=book.exit_at is None), cause)
            case TimerKind.FILL_TIMEOUT:
                step.alarm(Alarm.FILL_UNKNOWN, f"no news of {timer.subject}: still counted", timer.subject)
            case TimerKind.CLOSE:
                names = ", ".join(still_open(book))
                step.alarm(Alarm.NOT_FLAT, f"still open at the close: {names}")

    def _renew_timer(self) -> None:
        self._timer = None if self._day is None else next_timer(self.book, self._day, self.settings)

    def _emit(self, step: Step, intent: IntentRecorded, price: Decimal | None) -> None:
        """Send an intent; assumed fills are at `price`, at 0 where none was ever seen. Rule: DH-113."""
        step.emit(intent, (ZERO if price is None else price) if self._assume_fills else None)


def _seconds(number: Decimal) -> dt.timedelta:
    return dt.timedelta(seconds=float(number))
