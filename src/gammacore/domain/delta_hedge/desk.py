"""The delta-hedge desk as a strategy: buy a straddle once, hedge it all day, be flat before the close.

Pure: what it remembers (holdings, orders in flight, the last hedge, the last reason) is all in the book.
Rules: DH-204, DH-220..243, DH-301..308, DH-501..520, DH-1001.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import frozen

from gammacore.domain.book_view import BookView
from gammacore.domain.delta_hedge.flattening import go_flat
from gammacore.domain.delta_hedge.hedge import HedgeCase
from gammacore.domain.delta_hedge.hedged_book import hedged_book
from gammacore.domain.delta_hedge.purchase import judge_purchase
from gammacore.domain.delta_hedge.straddle import StraddleRules
from gammacore.domain.hedging.reasons import Alarm
from gammacore.domain.hedging.session_phases import HedgingDay, Phase
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.universe import Universe
from gammacore.domain.inventory import Inventory
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Decision, Decisions, Situation, Warn
from gammacore.domain.unwanted import close_unwanted

NAME = "delta-hedge"


@frozen(eq=False)
class DeltaHedgeDesk:
    """Buys `straddle`, hedges by `hedging`, within `limits`."""

    hedging: HedgingSettings = HedgingSettings()
    straddle: StraddleRules = StraddleRules()
    limits: RiskLimits = RiskLimits()

    @property
    def name(self) -> str:
        return NAME

    def needs_exposure(self, now: dt.datetime, session: TradingSession, book: BookView) -> bool:
        """Only the purchase asks for buying power; dealer gamma comes with the regime."""
        return self._is_due(now, session, book)

    def deadlines(self, session: TradingSession) -> tuple[dt.datetime, ...]:
        """The purchase, the cut-off, and each retry of the exit until the close. Rules: DH-260, DH-511."""
        cutoff = self._day(session).cutoff or session.close
        retries = int((session.close - cutoff) / self._retry)
        return (self.straddle.slot(session), *(cutoff + self._retry * n for n in range(retries + 1)), session.close)

    def decide(self, situation: Situation) -> Decisions:
        return Decisions(tuple(self._steps(situation)))

    def _steps(self, situation: Situation) -> Iterator[Decision]:
        session, now, book = situation.session, situation.now, situation.book
        yield from close_unwanted(book, self.limits, session, now)
        phase = self._day(session).phase(now)
        for inventory in self._inventories(book):
            if inventory.opened_at < session.open:
                yield from self._leave_behind(inventory, situation, phase)
            elif phase is Phase.EXITING or (phase is Phase.OPEN and book.flatten is not None):
                yield from go_flat(inventory, book, now, self._retry)
            elif phase is Phase.OPEN and inventory.quantities:
                yield from self._hedge(inventory, situation)
        if self._is_due(now, session, book):
            yield from judge_purchase(self.straddle, self.limits, situation, NAME)

    def _is_due(self, now: dt.datetime, session: TradingSession, book: BookView) -> bool:
        slot = self.straddle.slot(session)
        return session.is_trading(now) and now >= slot and not book.judged(slot)

    def _hedge(self, inventory: Inventory, situation: Situation) -> Iterator[Decision]:
        share = situation.underlying.hedge_share
        seen = hedged_book(
            inventory, situation.book, situation.market, situation.session, self._universe(situation), share
        )
        yield from HedgeCase(self.hedging, situation, inventory, seen, is_open=True).steps()

    def _leave_behind(self, inventory: Inventory, situation: Situation, phase: Phase) -> Iterator[Decision]:
        """What an earlier session left is told once and closed from the first moment of OPEN. Rule: DH-520."""
        if phase not in (Phase.OPEN, Phase.EXITING) or inventory.is_flat:
            return
        steps = tuple(go_flat(inventory, situation.book, situation.now, self._retry, leftover=True))
        first = not any(order.intended_at >= situation.session.open for order in situation.book.orders_of(inventory.id))
        if steps and first:
            held = ", ".join(f"{quantity:+d} {symbol}" for symbol, quantity in inventory.quantities.items())
            yield Warn(Alarm.LEFTOVER, f"left by an earlier session: {held}; closed now", inventory.id)
        yield from steps

    def _universe(self, situation: Situation) -> Universe:
        return Universe(self.hedging, {situation.underlying.symbol: situation.underlying})

    def _day(self, session: TradingSession) -> HedgingDay:
        return HedgingDay.of(session.date, session, float(self.hedging.exit_before_close))

    @property
    def _retry(self) -> dt.timedelta:
        return dt.timedelta(seconds=float(self.hedging.exit_retry))

    @staticmethod
    def _inventories(book: BookView) -> tuple[Inventory, ...]:
        return tuple(inventory for inventory in book.live_inventories if inventory.strategy == NAME)
