"""Sends what `closing` says must be closed: the exit batch and its retries. Rules: DH-510..512, DH-520."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.domain import hedging_events as told
from gammacore.domain.hedging.book import DeskBook
from gammacore.domain.hedging.closing import CloseOption, CloseShares, Closing, GiveUp, Repeat, exit_batch, retries
from gammacore.domain.hedging.hedge_prices import HedgePrices
from gammacore.domain.hedging.intents import IntentWriter
from gammacore.domain.hedging.reasons import Alarm
from gammacore.domain.hedging.session_phases import HedgingDay
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.step import Cause, Line, Step
from gammacore.domain.hedging_events import IntentRecorded


@frozen(eq=False)
class Exits:
    """Goes flat over a `DeskBook`."""

    settings: HedgingSettings
    book: DeskBook
    prices: HedgePrices
    intents: IntentWriter
    emit: Callable[[Step, IntentRecorded, Decimal | None], None]

    def begin(self, step: Step, cause: Cause, day: HedgingDay, *, leftover: bool) -> None:
        """The exit batch, once. Rules: DH-510, DH-512."""
        book = self.book
        assert book.clock is not None
        on_share = cause.symbol != "" and cause.symbol in book.hedge_books
        batch = exit_batch(book, self.settings, leftover=leftover, on_share=on_share)
        closed = {part.holding.listing.key for part in batch if isinstance(part, CloseOption)}
        dropped = [key for key in book.holdings if key not in closed]
        self._send(step, batch, cause, day)
        cleared: tuple[str, ...] = ()
        if self.settings.exit_on_emission:
            cleared = (*book.holdings, *(share for share, found in book.hedge_books.items() if found.shares.held))
            if dropped:
                step.alarm(Alarm.DROPPED, f"options forgotten without an order: {', '.join(dropped)}")
        step.record(told.ExitBegun(book.clock, leftover, cleared))

    def retry(self, step: Step, cause: Cause, day: HedgingDay) -> None:
        """What is still open, once more. Rule: DH-511."""
        self._send(step, retries(self.book, leftover=self.book.exit_at is None), cause, day)

    def _send(self, step: Step, batch: Sequence[Closing], cause: Cause, day: HedgingDay) -> None:
        now = self.book.clock
        assert now is not None
        for part in batch:
            match part:
                case CloseOption(kind, holding, contracts, attempt):
                    price = holding.price
                    written = self.intents.option_exit(kind, holding, contracts, attempt, cause, day, now)
                    self.emit(step, written, price)
                case CloseShares(kind, hedge_book, attempt):
                    price = self.prices.last_of_share(hedge_book.share)
                    written = self.intents.flatten(kind, hedge_book, attempt, price, cause, day, now)
                    self.emit(step, written, price)
                case Repeat(intent):
                    step.record(told.IntentRepeated(now, intent.intent_id))
                    step.lines.append(Line(intent.intent_id, intent.line))
                case GiveUp(intent):
                    detail = f"no news of {intent.intent_id} after {intent.repeats} repeats"
                    step.alarm(Alarm.EXIT_UNCONFIRMED, detail, intent.intent_id)
