"""A look at everything a decision may see: a whole one asks market and broker, a quick one only lays a quote over it.

Rules: CS-359, CS-501, SC-1001.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve, fields

from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.ledger import Mode
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.option_symbols import by_contract
from gammacore.domain.pricing.rates import MarketRates
from gammacore.domain.regime.regime import CALM, UNREAD, Regime
from gammacore.domain.sessions import BrokerClock
from gammacore.domain.strategy import FOR_AN_ENTRY, NOTHING_MORE, Needs, Situation
from gammacore.errors import BrokerError, MarketDataError
from gammacore.ports.broker import unread_in

if TYPE_CHECKING:
    from gammacore.application.trade_day import TradeDay

_PARTS = tuple(part.name for part in fields(Needs) if part.name not in ("second_look", "expiries"))
"""What of `Needs` the last whole look may still serve; a second look is one in itself."""


class Looks:
    """Looks for one day, and remembers the last whole one."""

    def __init__(self, day: TradeDay) -> None:
        self._day = day
        self.newest: Situation | None = None
        self._gathered = NOTHING_MORE

    def whole(self, *, for_entry: bool = False) -> Situation:
        """The situation as it is now; `for_entry` with all that an entry asks for, though none be due."""
        day = self._day
        now, book = day.clock.now(), day.ledger.book
        ask, equity = day.survival.ask, day.equity
        needs = FOR_AN_ENTRY if for_entry else self._needs(now)
        day.survival.run("the market", partial(day.market.attend, needs.expiries))
        market = self._snapshot(now)
        memory = day.recall(market)
        day.guard.saw(market, memory.marks)
        situation = Situation(
            now=now,
            session=day.session,
            underlying=day.underlying,
            market=market,
            book=book,
            buying_power=None,
            memory=memory,
            is_live=day.terms.mode is Mode.LIVE,
            regime=CALM if day.regimes is None else ask("the regime", lambda: self._regime(now), lambda: UNREAD),
            equity=None if equity is None else ask("the account's worth", lambda: equity(market, now), lambda: None),
        )
        seen, self._gathered = situation, needs
        if for_entry:
            self.newest = self._with_what_it_needs(seen, needs)
        else:
            self.newest = ask("the rest of a look", lambda: self._with_what_it_needs(seen, needs), lambda: seen)
        return self.newest

    def quick(self, market: MarketSnapshot) -> Situation:
        """The last whole look with another market laid over it: nothing that costs a query is asked again.

        Where the strategy needs now what the last look did not gather, it is a whole look. Rule: SC-1001.
        """
        day, newest, now = self._day, self.newest, self._day.clock.now()
        needs = self._needs(now)
        missing = any(getattr(needs, part) and not getattr(self._gathered, part) for part in _PARTS)
        if newest is None or missing or needs.second_look or needs.expiries != self._gathered.expiries:
            return self.whole()
        memory = day.recall(market)
        day.guard.saw(market, memory.marks)
        return evolve(newest, now=now, market=market, memory=memory, latest=None, latest_exposure=None)

    def _needs(self, now: dt.datetime) -> Needs:
        day = self._day
        return day.survival.ask(
            "what the strategy needs",
            lambda: day.strategy.needs(now, day.session, day.ledger.book),
            lambda: NOTHING_MORE,
        )

    def _with_what_it_needs(self, situation: Situation, needs: Needs) -> Situation:
        """The situation with what its strategy asked for; the second look comes after every other query. CS-359."""
        day = self._day
        if needs.exposure:
            situation = evolve(situation, exposure=self._exposure(situation.market))
        if needs.history:
            situation = evolve(situation, history=day.gather(situation.now, situation.price))
        if needs.minutes:
            situation = evolve(situation, history=day.minutes(situation.now))
        if needs.equity:
            situation = evolve(situation, worth=day.guard.worth())
        if needs.rates:
            situation = evolve(situation, rates=self._rates(situation))
        if needs.holdings:
            situation = evolve(situation, at_broker=self._holdings())
        if needs.account:
            situation = evolve(
                situation,
                buying_power=self._buying_power(),
                broker_clock=self._broker_clock(),
                pause=None if day.pause is None else day.pause.read(),
            )
        return self._with_second_look(situation) if needs.second_look else situation

    def _with_second_look(self, situation: Situation) -> Situation:
        latest = self._snapshot(self._day.clock.now())
        self._day.guard.saw(latest, situation.memory.marks)
        moved = latest.spot != situation.market.spot
        again = self._exposure(latest) if moved else situation.exposure
        return evolve(situation, latest=latest, latest_exposure=again)

    def _regime(self, now: dt.datetime) -> Regime:
        """Dealer gamma and the macro event; what changed in them is journaled. Rules: DH-401, DH-406."""
        day = self._day
        assert day.regimes is not None
        regime = day.regimes(day.underlying.hedge_share, now)
        changes, _ = day.regimes.drain()
        day.ledger.record(*changes)
        return regime

    def _snapshot(self, now: dt.datetime) -> MarketSnapshot:
        day = self._day

        def unseen() -> MarketSnapshot:
            return MarketSnapshot(now, day.underlying.symbol, None, None, None, None)

        def seen() -> MarketSnapshot:
            try:
                return day.market.snapshot(now)
            except MarketDataError:  # nothing is seen: no stop and no entry is decided, time exits still act (CS-504)
                return unseen()

        return day.survival.ask("the market", seen, unseen)

    def _exposure(self, market: MarketSnapshot) -> GammaExposure | None:
        try:
            return self._day.exposures.exposure(market)
        except MarketDataError:
            return None  # no reading, no pin, no trade (CS-103)

    def _broker_clock(self) -> BrokerClock | None:
        try:
            return self._day.broker.clock()
        except BrokerError:
            return None  # unknown is no (CS-303)

    def _rates(self, situation: Situation) -> MarketRates | None:
        """Those of the day; None where nobody can be asked, or asking fails: a strategy has a rate to fall back on."""
        day, now, share = self._day, situation.now, situation.memory.quote(situation.now)
        if (rates := day.rates) is None:
            return None
        price = situation.price if share is None else share.mid
        return day.survival.ask("the rates", lambda: rates(now, price), lambda: None)

    def _holdings(self) -> Mapping[str, int] | None:
        try:
            shown = self._day.broker.holdings()
        except BrokerError:
            return None  # a failed query is never "flat" (R5)
        return None if unread_in(shown) else by_contract(shown)

    def _buying_power(self) -> Decimal | None:
        try:
            return self._day.broker.account().option_buying_power
        except BrokerError:
            return None  # unknown is no (CS-343)
