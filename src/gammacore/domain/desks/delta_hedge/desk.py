"""The delta-hedge desk as a strategy: buy a straddle once, hedge it all day, be flat before the close.

Pure: what it remembers (holdings, orders in flight, the last hedge, the last reason) is all in the book.
Rules: DH-204, DH-220..243, DH-301..308, DH-501..520, DH-1001..1005, DH-1009.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.delta_hedge.hedge import HedgeCase
from gammacore.domain.desks.delta_hedge.purchase import PurchaseCase, is_late
from gammacore.domain.desks.flattening import (
    close_leftovers,
    close_spreads,
    close_unwanted,
    go_flat,
    leftovers,
    tried_again_at,
)
from gammacore.domain.hedging.decision import Alarm, HedgingDay, Phase
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.option_greeks import model_of_today
from gammacore.domain.hedging.rule import window_ends
from gammacore.domain.hedging.settings import HedgingSettings, seconds
from gammacore.domain.hedging.share_hedge import hedged_book, last_hedge_at
from gammacore.domain.holdings.holding import AnyHolding, Origin, without_plan
from gammacore.domain.regime.macro_releases import MacroReleases
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.risk.opening_limits import OpeningGuards
from gammacore.domain.sessions import TradingSession
from gammacore.domain.straddles.straddle import StraddleRules
from gammacore.domain.strategy import NOTHING_MORE, Decision, Decisions, Halt, Needs, Situation, Warn
from gammacore.domain.verdicts import Outcome

NAME = "delta-hedge"


@frozen(eq=False)
class DeltaHedgeDesk:
    """Buys `straddle`, hedges by `hedging`, within `limits`; `guards` say when the account has lost too much.

    Nothing is bought on a date that the table of `releases` does not cover. Rule: DH-454.
    """

    hedging: HedgingSettings = HedgingSettings()
    straddle: StraddleRules = StraddleRules()
    limits: RiskLimits = RiskLimits()
    guards: OpeningGuards = OpeningGuards()
    releases: MacroReleases = MacroReleases()

    @property
    def name(self) -> str:
        return NAME

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """The purchase asks for buying power; dealer gamma comes with the regime."""
        return Needs(account=True) if self._is_due(now, session, book) else NOTHING_MORE

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        """The purchase, the cut-off, each retry of an exit until the close, the ends of rate windows. Rule: DH-260."""
        cutoff, retry = self._day(session).cutoff or session.close, self._retry
        exits = (cutoff + retry * number for number in range(int((session.close - cutoff) / retry) + 1))
        return (self.straddle.slot(session), *exits, session.close, *self._own_deadlines(book))

    def _own_deadlines(self, book: BookView) -> Iterator[dt.datetime]:
        """Of what is held: the end of its rate window, whatever waits for it; exits tried again. Rules: DH-306, 511.

        That a breach was refused may go down with the process that refused it; that a hedge was sent never does.
        """
        for holding in without_plan(book.live_holdings):
            orders = book.orders_of(holding.id)
            yield from tried_again_at(orders, self._retry)
            if (hedged_at := last_hedge_at(orders)) is not None:
                yield window_ends(hedged_at, seconds(self.hedging.min_interval))

    def decide(self, situation: Situation) -> Decisions:
        return Decisions(tuple(self._steps(situation)))

    def _steps(self, situation: Situation) -> Iterator[Decision]:
        session, now, book = situation.session, situation.now, situation.book
        if (halt := self._halt(situation)) is not None:
            yield halt
        yield from close_unwanted(book, self.limits, session, now)
        yield from close_spreads(book, session, now)
        yield from close_leftovers(book, session, now, self._retry)
        phase = self._day(session).phase(now)
        for holding in self._inventories(book, session):
            if phase is Phase.EXITING or (phase is Phase.OPEN and book.flatten is not None):
                yield from go_flat(holding, book, now, self._retry)
            elif phase is Phase.OPEN and holding.quantities and halt is None:
                yield from self._case(holding, situation).steps()
            elif phase is Phase.CLOSED:
                yield from self._not_flat(holding, situation)
        if self._is_due(now, session, book):
            yield from self.purchase(situation).steps()

    def purchase(self, situation: Situation) -> PurchaseCase:
        """The day's purchase as it would be judged in this situation, whether it is due or not."""
        left = self._leftovers(situation)
        return PurchaseCase(self.straddle, self.hedging, self.limits, self.guards, situation, NAME, left, self.releases)

    def _is_due(self, now: dt.datetime, session: TradingSession, book: BookView) -> bool:
        """From its time on, while nothing was ordered: what could not be bought is judged anew at every look."""
        slot = self.straddle.slot(session)
        if not session.is_trading(now) or now < slot:
            return False
        judged = book.judgement(slot)
        if judged is None:
            return True
        return judged.reason is not None and not is_late(self.straddle, self.hedging, session, now)

    def _halt(self, situation: Situation) -> Halt | None:
        """The account has lost too much, or too fast: a person must say that it goes on. Rule: DH-1009."""
        if situation.equity is None or situation.book.halted is not None:
            return None
        verdict = self.guards.judge_halt(situation.equity)
        return Halt(str(verdict)) if verdict.outcome is Outcome.SKIP else None

    def _case(self, holding: AnyHolding, situation: Situation) -> HedgeCase:
        seen = hedged_book(
            holding, situation.book, situation.market,
            Universe(self.hedging, {situation.underlying.symbol: situation.underlying}),
            situation.underlying.hedge_share,
            model_of_today((situation.session.close - situation.market.at).total_seconds()),
            self._leftovers(situation),
        )  # fmt: skip
        return HedgeCase(self.hedging, situation, holding, evolve(seen, counts_hedges=self.hedging.count_hedges))

    def _leftovers(self, situation: Situation) -> frozenset[str]:
        """What an earlier session left and is not gone yet; shares that settlement delivered too, unless kept."""
        book, session = situation.book, situation.session
        left = {holding.id for holding in leftovers(book, session)}
        if not self.limits.keep_assigned_shares:
            left |= {one.id for one in book.live_holdings if one.origin is Origin.DELIVERED
                     and one.opened_at < session.open and not one.is_flat}  # fmt: skip
        return frozenset(left)

    def _not_flat(self, holding: AnyHolding, situation: Situation) -> Iterator[Decision]:
        """At the close retries end, and what is open then raises an alarm, once. Rule: DH-511."""
        last = situation.book.hedge_decision(holding.id)
        if holding.is_flat or (last is not None and last.reason == Alarm.NOT_FLAT):
            return
        yield self._case(holding, situation).note(Alarm.NOT_FLAT.value)
        yield Warn(Alarm.NOT_FLAT, f"held at the close: {holding.in_words}", holding.id)

    def _day(self, session: TradingSession) -> HedgingDay:
        return HedgingDay.of(session.date, session, float(self.hedging.exit_before_close))

    @property
    def _retry(self) -> dt.timedelta:
        return seconds(self.hedging.exit_retry)

    @staticmethod
    def _inventories(book: BookView, session: TradingSession) -> tuple[AnyHolding, ...]:
        """What this desk opened in this session and is not booked yet."""
        return tuple(
            one
            for one in book.live_holdings
            if one.owner == NAME and one.plan is None and one.opened_at >= session.open
        )
