"""ST0CKA: buys shares at the ask in its window, rests a target above them, and is out by the sell window. Pure.

Nothing is kept: what comes next follows from the holding, its terms and its orders, so a restart needs nothing.
Rules: SC-201..217, SC-224, SC-229..233, SC-602.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.scalp_duties import HARD_FLAT_MINUTES, duties, must_go_flat, todays_holdings
from gammacore.domain.desks.st0cka_entry import ShareEntry
from gammacore.domain.desks.st0cka_figures import ShareFigures
from gammacore.domain.desks.st0cka_watch import ShareWatch
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.st0cka import St0ckaRules
from gammacore.domain.sessions import TradingSession
from gammacore.domain.stops.levels import Level
from gammacore.domain.strategy import NOTHING_MORE, Decision, Decisions, Needs, Situation
from gammacore.domain.volatility import VolatilityRules


@frozen(eq=False)
class St0ckaDesk:
    """The share scalp. `name` owns its holdings; the hybrid runs it under its own."""

    rules: St0ckaRules = St0ckaRules()
    volatility: VolatilityRules = VolatilityRules()
    limits: RiskLimits = RiskLimits()
    fees: FeeSchedule = FeeSchedule()
    name: str = "st0cka"

    def needs(self, now: dt.datetime, session: TradingSession, book: BookView) -> Needs:
        """The account only where it may buy; minutes where it may buy, or holds what is judged by them."""
        if any(trip.buys(now) for trip in self.rules.trips(session)):
            return Needs(minutes=True, account=True, equity=True)
        held = bool(todays_holdings(book, session, self.name))
        return Needs(minutes=True) if held else NOTHING_MORE

    def deadlines(self, session: TradingSession, _book: BookView) -> tuple[dt.datetime, ...]:
        """The seams of its windows, and when everything is closed."""
        seams = (seam for trip in self.rules.trips(session) for seam in trip.seams)
        return (*seams, session.before_close(HARD_FLAT_MINUTES))

    def decide(self, situation: Situation) -> Decisions:
        return Decisions((*duties(situation, self.limits), *self.watch(situation), *self.enter(situation)))

    def watch(self, situation: Situation, out: str | None = None) -> Iterator[Decision]:
        """Targets, stops and time exits of what it holds; `out` closes all of it, for that reason. SC-206, SC-207."""
        if not situation.session.is_trading(situation.now):
            return
        flat = out or must_go_flat(situation, self.limits)
        for holding in todays_holdings(situation.book, situation.session, self.name):
            yield from ShareWatch(self.figures(situation), holding).steps(flat)

    def enter(self, situation: Situation) -> Iterator[Decision]:
        """One entry, or the first gate that forbids it, journaled where it is new. Rules: SC-011, SC-203."""
        yield from ShareEntry(self.figures(situation)).steps()

    def levels(self, situation: Situation, holding: AnyHolding) -> tuple[Level, ...]:
        """Where a holding's target rests and its stop acts, by the object that acts. Rules: CS-512, SC-207, SC-208."""
        return ShareWatch(self.figures(situation), holding).levels()

    def figures(self, situation: Situation) -> ShareFigures:
        """What it would buy now, and at what."""
        return ShareFigures(self.rules, self.volatility, self.limits, self.fees, situation, self.name)
