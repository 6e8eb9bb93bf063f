"""Gamma scalping: buys the straddle whose gamma costs least, hedges it with shares, sells it before the close. Pure.

Nothing is kept: what comes next follows from the holding, its terms, its watch and its orders, so a restart needs
nothing. Rules: SC-401..461, SC-602.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.desks.gamma_entry import StraddleEntry
from gammacore.domain.desks.gamma_look import StraddleLook
from gammacore.domain.desks.gamma_resume import EarlierSession, must_resume
from gammacore.domain.desks.gamma_watch import StraddleWatch
from gammacore.domain.desks.scalp_duties import duties, must_go_flat
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.plans import DeltaWatch
from gammacore.domain.instruments import contract_of
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.gamma import FIRST_MINUTE, GammaRules, InitMode
from gammacore.domain.scalping.straddle_exit import EXIT_MINUTES, contracts_of, straddle_levels, straddle_profit
from gammacore.domain.sessions import TradingSession
from gammacore.domain.stops.levels import Level
from gammacore.domain.strategy import NOTHING_MORE, Decision, Decisions, Needs, Situation

NAME = "gamma-scalping"
OVERNIGHT = "hard_flat"
"""The one reason to go flat that a straddle kept overnight does not follow. Rule: SC-614."""


@frozen(eq=False)
class GammaScalpingDesk:
    """The straddle desk. `name` owns its holdings; the hybrid runs it under its own. `fed_days` are Rule SC-459's."""

    rules: GammaRules = GammaRules()
    limits: RiskLimits = RiskLimits()
    fed_days: frozenset[dt.date] = frozenset()
    name: str = NAME

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """The account and the expiries it may buy in its window; rates and its own expiries while it holds."""
        if held := self.held(book, session):
            expiries = [contract.expiry for holding in held for contract in contracts_of(holding)]
            return Needs(rates=True, expiries=(min(expiries), max(expiries)) if expiries else None)
        start, end = session.after_open(FIRST_MINUTE), session.before_close(EXIT_MINUTES)
        resumes = session.is_trading(now) and must_resume(self.rules, book, session, self.name)
        if not (resumes or start <= now < end):
            return NOTHING_MORE
        bought = [session.date + dt.timedelta(days=days) for days in (self.rules.min_dte, self.rules.max_dte)]
        found = [contract.expiry for symbol in book.quarantined if (contract := contract_of(symbol)) is not None]
        expiries = found if resumes and found else bought
        span = (min(expiries), max(expiries))
        return Needs(account=True, equity=True, rates=True, holdings=resumes, expiries=span)

    def deadlines(self, session: TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        """The window's start, the exit by time, each heartbeat of what is held. Rule: SC-436."""
        beat = dt.timedelta(seconds=self.rules.triggers(Decimal(1)).heartbeat)
        beats = (one.memory.at + beat for one in self.held(book, session) if isinstance(one.memory, DeltaWatch))
        return (session.after_open(FIRST_MINUTE), session.before_close(EXIT_MINUTES), *beats)

    def decide(self, situation: Situation) -> Decisions:
        kept = frozenset(one.id for one in self.held(situation.book, situation.session))
        return Decisions(
            (*duties(situation, self.limits, kept), *self.resume(situation), *self.watch(situation),
             *self.enter(situation))
        )  # fmt: skip

    def resume(self, situation: Situation) -> Iterator[Decision]:
        """Takes over the straddle the broker shows, before anything else of a session. Rules: SC-451, SC-452."""
        if situation.session.is_trading(situation.now) and situation.book.flatten is None:
            yield from self.earlier(situation).steps()

    def earlier(self, situation: Situation) -> EarlierSession:
        """What an earlier session left, at this look. Rule: SC-451."""
        return EarlierSession(self.rules, self.limits, situation, self.name)

    def watch(self, situation: Situation, out: str | None = None, regime: str | None = None) -> Iterator[Decision]:
        """Hedges and exits of what it holds; `out` closes all of it, `regime` leaves as an exit of its own. SC-453."""
        if not situation.session.is_trading(situation.now):
            return
        flat = out or self._must_go_flat(situation)
        for holding in self.held(situation.book, situation.session):
            yield from StraddleWatch(StraddleLook(self.rules, situation, holding), flat, regime).steps()

    def enter(self, situation: Situation) -> Iterator[Decision]:
        """One purchase, or the first gate that forbids it, journaled where it is new, a halt too. SC-011, SC-403."""
        start, end = self.rules.window(situation.session, situation.underlying.symbol)
        if not start <= situation.now < end or situation.book.flatten is not None:
            return
        if any(not holding.is_flat for holding in self.held(situation.book, situation.session)):
            return
        yield from self.entry(situation).steps()

    def entry(self, situation: Situation) -> StraddleEntry:
        """The purchase as it would be judged in this situation, whether it is due or not. Rule: SC-505."""
        fed_day = situation.session.date in self.fed_days
        return StraddleEntry(self.rules, self.limits, situation, self.name, fed_day)

    def levels(self, situation: Situation, holding: AnyHolding) -> tuple[Level, ...]:
        """Stop and target of a straddle it holds, dollars of profit, by the rules that sell it. CS-512, SC-453."""
        if holding.owner != self.name:
            return ()
        profit = straddle_profit(holding, situation.market, situation.underlying)
        return straddle_levels(self.rules, holding, profit)

    def held(self, book: BookView, session: TradingSession) -> tuple[AnyHolding, ...]:
        """What it holds or is buying: of an earlier session only where that is taken over. Rules: SC-451, SC-452."""
        resumes = self.rules.init_mode is InitMode.RESUME
        return tuple(
            one
            for one in book.live_holdings
            if one.owner == self.name and one.is_chosen and (resumes or one.opened_at >= session.open)
        )

    def overnight(self, session: TradingSession, book: BookView) -> frozenset[str]:
        """A straddle with its hedge, where it is not sold before the close; none that expires. Rules: SC-451, 614."""
        kept = () if self.rules.flatten_before_close else self.held(book, session)
        return frozenset(one.id for one in kept if all(leg.expiry > session.date for leg in contracts_of(one)))

    def _must_go_flat(self, situation: Situation) -> str | None:
        reason = must_go_flat(situation, self.limits)
        return None if reason == OVERNIGHT and not self.rules.flatten_before_close else reason
