"""The hybrid: scalps shares in a calm market and gamma in a wild one; its state is a fold of the ledger. Pure.

Both desks keep their own holdings, so lots never mix; exits of both go on in every state. Rules: SC-501..510.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.gamma_scalping import GammaScalpingDesk
from gammacore.domain.desks.scalp_duties import duties, three_looks, todays_holdings
from gammacore.domain.desks.st0cka import St0ckaDesk
from gammacore.domain.desks.st0cka_figures import TARGET
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.hybrid import HybridRules, OnGammaRefused
from gammacore.domain.sessions import TradingSession
from gammacore.domain.stops.levels import Level
from gammacore.domain.strategy import Decision, Decisions, Needs, Situation, SwitchDesk, Warn
from gammacore.domain.volatility import VolatilityReading, VolatilityRules
from gammacore.domain.words import DeskState, SwitchStep

REGIME_EXIT = "regime_exit"


@frozen(eq=False)
class HybridDesk:
    """Hands entries to one desk and exits to both."""

    st0cka: St0ckaDesk = St0ckaDesk()
    gamma: GammaScalpingDesk = GammaScalpingDesk()
    rules: HybridRules = HybridRules()
    volatility: VolatilityRules = VolatilityRules()
    limits: RiskLimits = RiskLimits()
    name: str = "hybrid"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """Minutes at every look of the session, and what either desk needs."""
        shares, straddle = self.st0cka.needs(now, session, book), self.gamma.needs(now, session, book)
        return Needs(
            minutes=session.is_trading(now),
            account=shares.account or straddle.account,
            equity=shares.equity or straddle.equity,
            rates=straddle.rates,
            holdings=straddle.holdings,
            expiries=straddle.expiries,
        )

    def overnight(self, session: TradingSession, book: BookView) -> frozenset[str]:
        return self.gamma.overnight(session, book)

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return (*self.st0cka.deadlines(session, book), *self.gamma.deadlines(session, book))

    def levels(self, situation: Situation, holding: AnyHolding) -> tuple[Level, ...]:
        """Those of the desk that holds it. Rule: CS-512."""
        is_shares = holding.owner == self.st0cka.name
        return self.st0cka.levels(situation, holding) if is_shares else self.gamma.levels(situation, holding)

    def decide(self, situation: Situation) -> Decisions:
        book, session = situation.book, situation.session
        kept = frozenset(one.id for one in self.gamma.held(book, session))
        steps = (*duties(situation, self.limits, kept), *self._exits(situation), *self._entries(situation))
        return Decisions(steps)

    def state(self, book: BookView, session: TradingSession) -> DeskState | None:
        """Which desk trades; None before the first reading of a day. A straddle kept overnight is gamma's. SC-504."""
        last = book.switched
        if last is not None and last.at >= session.open:
            return last.after
        return DeskState.GAMMA if self.gamma.held(book, session) else None

    # -- exits of both, in every state ---------------------------------------------------------------------------------

    def _exits(self, situation: Situation) -> Iterator[Decision]:
        state = self.state(situation.book, situation.session)
        yield from self.st0cka.watch(situation, REGIME_EXIT if state is DeskState.TO_GAMMA else None)
        leaving = REGIME_EXIT if state is DeskState.TO_ST0CKA else None
        yield from self.gamma.watch(situation, regime=leaving)

    # -- entries of one, or the next step of a change ------------------------------------------------------------------

    def _entries(self, situation: Situation) -> Iterator[Decision]:
        if not situation.session.is_trading(situation.now):
            return
        reading = self.volatility.reading(situation.history, situation.now)
        state = self.state(situation.book, situation.session)
        match state:
            case None:
                yield from self._begin(situation, reading)
            case DeskState.ST0CKA:
                yield from self._in_st0cka(situation, reading)
            case DeskState.TO_GAMMA:
                yield from self._to_gamma(situation, reading)
            case DeskState.GAMMA:
                yield from self._in_gamma(situation, reading)
            case DeskState.TO_ST0CKA:
                yield from self._to_st0cka(situation, reading)
            case _:
                assert_never(state)

    def _begin(self, situation: Situation, reading: VolatilityReading) -> Iterator[Decision]:
        """The first reading of a day sets the desk without a change, once no straddle is to be resumed. SC-503."""
        if (earlier := self.gamma.earlier(situation)).awaits_straddle:
            yield from tuple(earlier.steps()) or self.gamma.entry(situation).steps()  # a wait is journaled
            return
        yield _switch(None, self.rules.chosen(reading), SwitchStep.FIRST_READING, reading)

    def _in_st0cka(self, situation: Situation, reading: VolatilityReading) -> Iterator[Decision]:
        """Shares, until volatility asks for gamma and its gates would let a straddle be bought. Rule: SC-505 (1)."""
        stays = self.rules.must_stay(situation.book.switched, situation.now)
        if stays or not self.rules.wants_gamma(reading):
            yield from self.st0cka.enter(situation)
            return
        if _in_flight(situation.book):
            return
        if self.gamma.entry(situation).preview().passed:
            yield _switch(DeskState.ST0CKA, DeskState.TO_GAMMA, SwitchStep.BEGUN, reading)
            return
        yield from self.gamma.entry(situation).steps()  # its refusal is journaled
        if self.rules.on_gamma_refused is OnGammaRefused.ST0CKA:
            yield from self.st0cka.enter(situation)

    def _to_gamma(self, situation: Situation, reading: VolatilityReading) -> Iterator[Decision]:
        """Shares sold and seen gone, then the straddle; done once both its legs are held. Rule: SC-505 (2)..(8)."""
        book, session = situation.book, situation.session
        yield from self._overdue(situation)
        if todays_holdings(book, session, self.st0cka.name) or book.differences:
            return
        if self._holds_straddle(book, session):
            yield _switch(DeskState.TO_GAMMA, DeskState.GAMMA, SwitchStep.DONE, reading)
        elif not _in_flight(book) and not self.gamma.held(book, session):
            entry = self.gamma.entry(situation)
            if not entry.preview().passed:
                yield _switch(DeskState.TO_GAMMA, DeskState.ST0CKA, SwitchStep.REFUSED, reading)
            yield from entry.steps()

    def _in_gamma(self, situation: Situation, reading: VolatilityReading) -> Iterator[Decision]:
        """The straddle, until volatility has fallen far enough, for long enough. Rules: SC-502, SC-506."""
        book = situation.book
        if self.rules.leaves_gamma(reading) and not self.rules.must_stay(book.switched, situation.now):
            if not _in_flight(book):
                held = bool(self.gamma.held(book, situation.session))
                after, step = (DeskState.TO_ST0CKA, SwitchStep.BEGUN) if held else (DeskState.ST0CKA, SwitchStep.DONE)
                yield _switch(DeskState.GAMMA, after, step, reading)
            return
        yield from self.gamma.enter(situation)

    def _to_st0cka(self, situation: Situation, reading: VolatilityReading) -> Iterator[Decision]:
        """Done once nothing of the straddle is held, by fills and at the broker. Rule: SC-506."""
        book, session = situation.book, situation.session
        yield from self._overdue(situation)
        if not self.gamma.held(book, session) and not _in_flight(book) and not book.differences:
            yield _switch(DeskState.TO_ST0CKA, DeskState.ST0CKA, SwitchStep.DONE, reading)

    def _holds_straddle(self, book: BookView, session: TradingSession) -> bool:
        """Whether both legs of a straddle are held in equal number, and nothing of its purchase works. SC-408."""
        return any(
            len(one.options) == 2 and len(set(one.options.values())) == 1 for one in self.gamma.held(book, session)
        ) and not _in_flight(book)

    def _overdue(self, situation: Situation) -> Iterator[Warn]:
        """A step that takes too long, every minute. Rules: SC-016, SC-507."""
        last = situation.book.switched
        seconds = 0.0 if last is None else (situation.now - last.at).total_seconds()
        if last is not None and seconds >= three_looks(self.rules.transition_timeout, situation.market):
            detail = f"{last.after} for {int(seconds // 60)} min: exits go on, nothing is entered"
            yield Warn("transition_overdue", detail)


def _in_flight(book: BookView) -> bool:
    """An order works that is no resting target. Rule: SC-504."""
    return any(order.ticket.reason != TARGET for order in book.working_orders)


def _switch(before: DeskState | None, after: DeskState, step: SwitchStep, reading: VolatilityReading) -> SwitchDesk:
    return SwitchDesk(before, after, step, Decimal(repr(reading.value)), str(reading.source))
