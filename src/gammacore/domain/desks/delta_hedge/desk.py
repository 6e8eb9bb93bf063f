"""The delta-hedge desk as a strategy: buy a straddle once, hedge it all day, be flat before the close.

Pure: what it remembers (holdings, orders in flight, the last hedge, the last reason) is all in the book.
Rules: DH-204, DH-220..243, DH-301..308, DH-501..520, DH-1001..1005, DH-1009.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.delta_hedge.flattening import go_flat
from gammacore.domain.desks.delta_hedge.hedge import HedgeCase
from gammacore.domain.desks.delta_hedge.hedged_book import hedged_book
from gammacore.domain.desks.delta_hedge.purchase import PurchaseCase
from gammacore.domain.desks.delta_hedge.straddle import StraddleRules
from gammacore.domain.desks.unwanted import close_unwanted
from gammacore.domain.hedging.opening_guards import OpeningGuards
from gammacore.domain.hedging.reasons import Alarm
from gammacore.domain.hedging.session_phases import HedgingDay, Phase
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.universe import Universe
from gammacore.domain.inventory.inventories import DELIVERED
from gammacore.domain.inventory.inventory import Inventory
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.strategy import Decision, Decisions, Halt, Situation, Trade, Warn
from gammacore.domain.verdicts import Outcome

NAME = "delta-hedge"


@frozen(eq=False)
class DeltaHedgeDesk:
    """Buys `straddle`, hedges by `hedging`, within `limits`; `guards` say when the account has lost too much."""

    hedging: HedgingSettings = HedgingSettings()
    straddle: StraddleRules = StraddleRules()
    limits: RiskLimits = RiskLimits()
    guards: OpeningGuards = OpeningGuards()

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
        if (halt := self._halt(situation)) is not None:
            yield halt
        yield from close_unwanted(book, self.limits, session, now)
        phase = self._day(session).phase(now)
        for inventory in self._inventories(book):
            if inventory.opened_at < session.open:
                yield from self._leave_behind(inventory, situation, phase)
            elif phase is Phase.EXITING or (phase is Phase.OPEN and book.flatten is not None):
                yield from go_flat(inventory, book, now, self._retry)
            elif phase is Phase.OPEN and inventory.quantities and halt is None:
                yield from self._case(inventory, situation).steps()
            elif phase is Phase.CLOSED:
                yield from self._not_flat(inventory, situation)
        if self._is_due(now, session, book):
            yield from PurchaseCase(self.straddle, self.hedging, self.limits, self.guards, situation, NAME,
                                    self._leftovers(situation)).steps()  # fmt: skip

    def _is_due(self, now: dt.datetime, session: TradingSession, book: BookView) -> bool:
        slot = self.straddle.slot(session)
        return session.is_trading(now) and now >= slot and not book.judged(slot)

    def _halt(self, situation: Situation) -> Halt | None:
        """The account has lost too much, or too fast: a person must say that it goes on. Rule: DH-1009."""
        if situation.equity is None or situation.book.halted is not None:
            return None
        verdict = self.guards.judge_halt(situation.equity)
        return Halt(str(verdict)) if verdict.outcome is Outcome.SKIP else None

    def _case(self, inventory: Inventory, situation: Situation) -> HedgeCase:
        seen = hedged_book(
            inventory, situation.book, situation.market, situation.session,
            Universe(self.hedging, {situation.underlying.symbol: situation.underlying}),
            situation.underlying.hedge_share, self._leftovers(situation),
        )  # fmt: skip
        return HedgeCase(self.hedging, situation, inventory, seen)

    def _leftovers(self, situation: Situation) -> frozenset[str]:
        """What an earlier session left and is not gone yet; shares that settlement delivered too, unless kept."""
        opened, kept = situation.session.open, self.limits.keep_assigned_shares
        return frozenset(
            inventory.id
            for inventory in situation.book.live_inventories
            if inventory.opened_at < opened and not inventory.is_flat
            if inventory.strategy == NAME or (inventory.strategy == DELIVERED and not kept)
        )

    def _leave_behind(self, inventory: Inventory, situation: Situation, phase: Phase) -> Iterator[Decision]:
        """What an earlier session left is told once and closed from the first moment of OPEN. Rule: DH-520."""
        if phase not in (Phase.OPEN, Phase.EXITING) or inventory.is_flat:
            return
        steps = tuple(go_flat(inventory, situation.book, situation.now, self._retry, leftover=True))
        orders, opened = situation.book.orders_of(inventory.id), situation.session.open
        is_told = any(order.intended_at >= opened for order in orders)
        if not is_told and any(isinstance(step, Trade) for step in steps):
            yield Warn(Alarm.LEFTOVER, f"left by an earlier session: {_held(inventory)}; closed now", inventory.id)
        yield from steps

    def _not_flat(self, inventory: Inventory, situation: Situation) -> Iterator[Decision]:
        """At the close retries end, and what is open then is told, once. Rule: DH-511."""
        last = situation.book.hedge_decision(inventory.id)
        if inventory.is_flat or (last is not None and last.reason == Alarm.NOT_FLAT):
            return
        yield self._case(inventory, situation).note(Alarm.NOT_FLAT.value)
        yield Warn(Alarm.NOT_FLAT, f"held at the close: {_held(inventory)}", inventory.id)

    def _day(self, session: TradingSession) -> HedgingDay:
        return HedgingDay.of(session.date, session, float(self.hedging.exit_before_close))

    @property
    def _retry(self) -> dt.timedelta:
        return dt.timedelta(seconds=float(self.hedging.exit_retry))

    @staticmethod
    def _inventories(book: BookView) -> tuple[Inventory, ...]:
        return tuple(inventory for inventory in book.live_inventories if inventory.strategy == NAME)


def _held(inventory: Inventory) -> str:
    return ", ".join(f"{quantity:+d} {symbol}" for symbol, quantity in inventory.quantities.items())
