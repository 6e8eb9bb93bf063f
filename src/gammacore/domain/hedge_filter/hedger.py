"""Hedges one book: prices, whether, how much, in shares or options. Rules: DH-207, DH-220, DH-230..232, DH-307."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from attrs import evolve

from gammacore.domain import hedge_filter_events as filter_events
from gammacore.domain.hedge_filter.book import DeskBook
from gammacore.domain.hedge_filter.intents import Cause, IntentWriter
from gammacore.domain.hedge_filter.option_hedges import OptionDesk
from gammacore.domain.hedge_filter.protocol import Level
from gammacore.domain.hedge_filter.step import Step
from gammacore.domain.hedge_filter_events import IntentRecorded
from gammacore.domain.hedging.decision import (
    BELOW_THRESHOLD,
    OPEN,
    RATE_LIMITED,
    Alarm,
    Hedge,
    HedgeLimit,
    HedgingDay,
    Phase,
    Prices,
    Reason,
    base_threshold,
    blocked,
    has_lasted,
    limited,
    net_delta,
    size_hedge,
    with_band,
)
from gammacore.domain.hedging.exposure import HedgeBook, Universe
from gammacore.domain.hedging.rule import window_ends
from gammacore.domain.hedging.settings import HedgeRatio, HedgingSettings, seconds
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import Halted
from gammacore.domain.regime.regime import Regime
from gammacore.domain.risk.opening_limits import is_beyond


class HedgePrices:
    """Reads the book's price marks under the age limit of the settings."""

    def __init__(self, settings: HedgingSettings, universe: Universe, book: DeskBook) -> None:
        self._universe = universe
        self._book = book
        self._max_age = seconds(settings.underlying_max_age)
        self.live_ratio = self._ratio_now if settings.hedge_ratio is HedgeRatio.LIVE else None
        """What replaces the registry's ratio in the exposure, if anything does."""

    def of_decision(self, share: str, underlying: str, now: dt.datetime) -> Prices | None:
        """P_u and P_h; None when the underlying's is not known or too old. Rules: DH-231, DH-232."""
        price = self._fresh(underlying, now)
        if price is None:
            return None
        ratio = self._universe.listing(underlying).ratio
        if self.live_ratio is not None:
            ratio = self.live_ratio(underlying, ratio)
        return Prices.of(price, ratio, price if underlying == share else self._fresh(share, now))

    def last_of_share(self, share: str) -> Decimal | None:
        """P_h, or the newest there is however old: an exit never waits for a price. Rule: DH-232."""
        if self._book.clock is not None and (fresh := self._fresh(share, self._book.clock)) is not None:
            return fresh
        newest = self._book.last_underlying(share)
        mark = self._book.prices.get(newest)
        return None if mark is None else mark[0] / self._universe.listing(newest).ratio

    def _fresh(self, symbol: str, now: dt.datetime) -> Decimal | None:
        mark = self._book.prices.get(symbol)
        return mark[0] if mark is not None and now - mark[1] <= self._max_age else None

    def _ratio_now(self, underlying: str, registered: Decimal) -> Decimal:
        """Index price / share price while both are fresh, else the registry's ratio. Rule: DH-220."""
        share, now = self._universe.listing(underlying).book, self._book.clock
        if share is None or share == underlying or now is None:
            return registered
        index_price, share_price = self._fresh(underlying, now), self._fresh(share, now)
        return registered if index_price is None or share_price is None else index_price / share_price


Regimes = Callable[[str, dt.datetime], Regime]
"""The regime that rules a book at an instant."""
Emit = Callable[[Step, IntentRecorded, Decimal | None], None]
"""Sends an intent; the price is that of an assumed fill."""


ZERO = Decimal(0)


class Hedger:
    """Decides over a `DeskBook`; `halted` is the kill switch, None where there is none."""

    def __init__(
        self,
        settings: HedgingSettings,
        universe: Universe,
        book: DeskBook,
        regimes: Regimes,
        prices: HedgePrices,
        intents: IntentWriter,
        emit: Emit,
        halted: Callable[[], bool] | None,
    ) -> None:
        self._settings = settings
        self._desk = book
        self._regimes = regimes
        self._prices = prices
        self._intents = intents
        self._emit = emit
        self._halted = halted
        self._options = OptionDesk(settings, universe, book.option_hedges) if settings.hedges_in_options else None
        self._interval = seconds(settings.min_interval)
        self._unusual_for = seconds(settings.unusual_delta_seconds)
        self._banded = settings.band_per_contract > 0
        self._pauses = settings.pause_blocks_hedges
        self._live_ratio = prices.live_ratio
        self._counts_hedges = settings.count_hedges
        self._limited = settings.limits.max_net_delta is not None
        self._regime: Regime | None = None
        self._threshold = settings.threshold
        self._limit = HedgeLimit(ZERO, ZERO, ZERO, ZERO)

    def decide(
        self, step: Step, share: str, underlying: str, bad_price: bool, event_id: str, trigger: str, day: HedgingDay,
        phase: Phase,
    ) -> Reason | None:  # fmt: skip
        """Hedge one book, or say why not; None: it was hedged. Rules: DH-207, DH-307."""
        settings, desk = self._settings, self._desk
        book, now = desk.hedge_book(share), desk.clock
        assert now is not None
        regime = self._regimes(share, now)
        halted = desk.halted or (self._halted is not None and self._is_halted(step, now))
        is_open = phase is OPEN or day.hedges(phase, settings.session_gate)
        if halted or not is_open or book.unknown_deltas or book.leftovers or self._pauses:
            no = blocked(settings, book, regime, halted, is_open)
            if no is not None:
                return no
        net = desk.net_shares(book, self._counts_hedges, self._live_ratio)
        if regime is not self._regime:
            self._regime, self._threshold = regime, base_threshold(settings, regime)
        threshold = with_band(settings, self._threshold, book.contracts) if self._banded else self._threshold
        unit = settings.delta_unit or book.unit
        if threshold is not self._limit.threshold or unit is not self._limit.unit:
            self._limit = HedgeLimit.of(threshold, unit, settings.unusual_delta_factor)
        limit = self._limit.shares
        size = abs(net)
        if self._limited:
            self._watch_limit(step, share, net_delta(net, unit), now)
        if size <= limit:
            if book.unusual_since is not None:
                step.record(filter_events.DeltaUnusual(now, share, None))
            return BELOW_THRESHOLD
        since = self._limit.unusual_since(book.unusual_since, size, now)
        if since is not book.unusual_since or (since is not None and not book.unusual_reported):
            self._watch_unusual(step, book, net, since, now)
        if (no := limited(settings, book, now, self._interval)) is not None:
            if no is RATE_LIMITED and book.awaited_until is None:
                self._await_window(step, book, now)
            return no
        prices = None if bad_price else self._prices.of_decision(share, underlying, now)
        hedge = size_hedge(settings, regime, net, unit, threshold, prices)
        if isinstance(hedge, Reason):
            return hedge
        self._hedge(step, hedge, book, regime, Cause(event_id, trigger), day, now)
        return None

    def _hedge(
        self, step: Step, hedge: Hedge, book: HedgeBook, regime: Regime, cause: Cause, day: HedgingDay, now: dt.datetime
    ) -> None:
        self._send(step, hedge, book, regime, cause, day, now)
        size = abs(self._desk.net_shares(book, self._counts_hedges, self._live_ratio))
        if book.unusual_since is not None and self._limit.unusual_since(book.unusual_since, size, now) is None:
            step.record(filter_events.DeltaUnusual(now, book.share, None))
        if hedge.cut:
            step.alarm(Alarm.SIZE_CAPPED, f"{book.share}: hedge cut to {abs(hedge.shares)} shares", book.share)
            self._await_window(step, book, now)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send(
        self, step: Step, hedge: Hedge, book: HedgeBook, regime: Regime, cause: Cause, day: HedgingDay, now: dt.datetime
    ) -> None:
        """The option of a hedge where there is one, then its shares. Rules: DH-801..804."""
        shares = hedge.shares
        choice = None if self._options is None else self._options.choose(book.share, hedge, day, now)
        if choice is not None:
            rest = choice.hedge.residual
            shares = rest if hedge.shares > 0 else -rest
            if choice.refusal is not None:
                detail = f"{book.share}: {choice.refusal}, hedged in {abs(shares)} shares"
                step.alarm(choice.refusal, detail, book.share)
            elif choice.quote is not None:
                contracts = choice.hedge.contracts * choice.hedge.side.sign
                written = self._intents.option_hedge(contracts, choice.quote, hedge, book, regime, cause, day, now)
                if choice.hedge.side is Side.SELL:
                    step.note(Level.WARN, f"{book.share}: {-contracts} {choice.quote.contract} sold, short gamma")
                self._emit(step, written, choice.quote.price)
        if shares:
            in_shares = hedge if shares == hedge.shares else evolve(hedge, shares=shares)
            written = self._intents.hedge(in_shares, book, regime, cause, day, now)
            self._emit(step, written, hedge.hedge_price)

    def _await_window(self, step: Step, book: HedgeBook, now: dt.datetime) -> None:
        """Decide anew when the rate window of the last hedge ends. Rules: DH-306, DH-308."""
        until = window_ends(book.last_hedge_at or now, self._interval)
        if self._settings.timers and book.awaited_until != until:
            step.record(filter_events.HedgeAwaited(now, book.share, until))

    # -- telling -------------------------------------------------------------------------------------------------------

    def _watch_unusual(
        self, step: Step, book: HedgeBook, net: Decimal, since: dt.datetime | None, now: dt.datetime
    ) -> None:
        """Far beyond the threshold for long: an alarm, once an episode. Rule: DH-1005."""
        if since is not book.unusual_since:
            step.record(filter_events.DeltaUnusual(now, book.share, since))
        elif not book.unusual_reported and has_lasted(since, now, self._unusual_for):
            step.alarm(Alarm.UNUSUAL_DELTA, f"{book.share}: net {net} shares since {book.unusual_since}", book.share)

    def _watch_limit(self, step: Step, share: str, net: Decimal, now: dt.datetime) -> None:
        """Openings are not ours here: a net delta beyond its limit raises an alarm, once an episode. Rule: DH-1003."""
        limit = self._settings.limits.max_net_delta
        step.watch_limit(Alarm.NET_DELTA_LIMIT, share, is_beyond(net, limit), f"net delta {net} beyond {limit}", now)

    def _is_halted(self, step: Step, now: dt.datetime) -> bool:
        """The kill switch: once seen it stays, until a person resumes. Rule: DH-1001."""
        if self._halted is not None and self._halted():
            step.record(Halted(now, "kill switch of the hedging desk"))
            step.note(Level.WARN, "the kill switch is on: no hedge, exits go on", code=Reason.HALTED)
        return self._desk.halted
