"""The day's one purchase: every check with its verdict, then a straddle at a limit, or the reason for none yet.

Rules: DH-452..454, DH-520, DH-1001, DH-1003, DH-1009, CS-339, CS-340.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Set
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.hedging.decision import Alarm, HedgingDay, Phase
from gammacore.domain.hedging.option_greeks import option_greeks
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.holdings.holding import without_plan
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.orders import Effect, Order, OrderState, Purpose
from gammacore.domain.pricing.option_model import OptionGreeks
from gammacore.domain.regime.macro_releases import MacroReleases
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.risk.opening_limits import EquityWatch, ExposureSnapshot, OpeningGuards
from gammacore.domain.risk.pause import judge_breaker
from gammacore.domain.sessions import TradingSession, new_york_date, new_york_time
from gammacore.domain.straddles.straddle import Straddle, StraddleRules, nearest_straddle
from gammacore.domain.strategy import Decision, NoTrade, Situation, Trade, Warn
from gammacore.domain.verdicts import FilterVerdict, Verdict

_ALARMS = (Alarm.POSITION_LIMIT, Alarm.NET_DELTA_LIMIT)
"""Refusals by a limit that raise an alarm. Rule: DH-1003."""


@define(eq=False)
class PurchaseCase:
    """The purchase of one slot, ready to be judged. `leftovers` are what an earlier session left and is not gone."""

    rules: StraddleRules
    hedging: HedgingSettings
    limits: RiskLimits
    guards: OpeningGuards
    situation: Situation
    strategy: str
    leftovers: Set[str] = frozenset()
    releases: MacroReleases = MacroReleases()

    def steps(self) -> Iterator[Decision]:
        """Buy the straddle nearest to the price, or stand aside with the first "no", recorded where it is a new one."""
        record = self.judged()
        order = self.order(record)
        if order is None:
            yield from self._stand(record)
        else:
            yield order

    def judged(self) -> EntryJudged:
        """Every check with its verdict; the reason is the first "no"."""
        verdicts, situation = tuple(self._verdicts()), self.situation
        no = next((one.verdict for one in verdicts if one.verdict.blocks), None)
        return EntryJudged(
            at=situation.now,
            scheduled_at=self.rules.slot(situation.session),
            reason=None if no is None else no.reason,
            explanation=self._bought() if no is None else str(no),
            filters=verdicts,
            price=situation.price,
            pin=None,
            vix=situation.market.vix,
        )

    def order(self, record: EntryJudged) -> Trade | None:
        """What is ordered after this judgement; None when it refused."""
        situation, straddle = self.situation, self.straddle
        if record.reason is not None or straddle is None:
            return None
        return Trade(
            holding=f"{situation.underlying.symbol}-{situation.session.date:%Y%m%d}-straddle",
            strategy=self.strategy,
            underlying=situation.underlying.symbol,
            purpose=Purpose.ENTRY,
            legs=straddle.legs,
            quantity=self.contracts,
            effect=Effect.DEBIT,
            reason="straddle",
            limit=straddle.limit(situation.underlying),
            record=record,
        )

    def _stand(self, record: EntryJudged) -> Iterator[Decision]:
        last = self.situation.book.judgement(record.scheduled_at)
        if last is not None and last.reason == record.reason:
            return
        yield NoTrade(record)
        if record.reason in _ALARMS:
            yield Warn(record.reason, record.explanation)

    @cached_property
    def straddle(self) -> Straddle | None:
        """What would be bought; None without usable quotes."""
        return nearest_straddle(self.situation.underlying, self.situation.session, self.situation.market)

    @property
    def contracts(self) -> int:
        """How many: fewer in a wild market, and by the size of a macro event, floored. Rules: DH-452, DH-1009."""
        wanted = self.guards.contracts(self.rules.contracts, self.situation.market.vix)
        return int((wanted * self.situation.regime.size).to_integral_value(ROUND_FLOOR))

    # -- the checks ----------------------------------------------------------------------------------------------------

    def _verdicts(self) -> Iterator[FilterVerdict]:
        situation, book, now = self.situation, self.situation.book, self.situation.now
        regime = situation.regime
        late = is_late(self.rules, self.hedging, situation.session, now)
        yield FilterVerdict("DH-1001", "halted", _unless(book.halted is not None, "halted", book.halted or ""))
        yield FilterVerdict("CS-630", "circuit_breaker", judge_breaker(book.breaker_tripped_at))
        yield FilterVerdict("DH-453", "macro_pause", _unless(regime.pauses, "paused", ", ".join(regime.macro.actions)))
        yield FilterVerdict("DH-454", "releases", self.releases.judge(situation.session.date))
        yield FilterVerdict("DH-520", "leftovers", _unless(bool(self.leftovers), "leftover", _named(self.leftovers)))
        yield FilterVerdict("DH-502", "time_left", _unless(late, "too_late", new_york_time(now)))
        yield FilterVerdict("CS-339", "daily_loss", self.limits.judge_daily_loss(book, now))
        yield FilterVerdict("CS-340", "minimum_account", self.limits.judge_minimum_account(book))
        if (straddle := self.straddle) is None:
            yield FilterVerdict("DH-231", "quotes", Verdict.unknown("no_quotes", "no fresh price, call and put"))
            return
        yield FilterVerdict("DH-231", "quotes", straddle.judge_width(self.rules))
        size = f"{self.contracts} of {self.rules.contracts}"
        yield FilterVerdict("DH-452", "size", _unless(self.contracts < 1, "no_size", size))
        if self.contracts < 1:
            return
        yield FilterVerdict("DH-1003", "limits", self._judge_limits(straddle))
        yield FilterVerdict("DH-1009", "guards", self._judge_guards())
        yield FilterVerdict("CS-343", "buying_power", self._judge_power(straddle))

    def _judge_limits(self, straddle: Straddle) -> Verdict:
        """What the straddle would make of the book; nothing else of this desk is held when it buys. Rule: DH-1003."""
        situation, spent = self.situation, self._spent()
        held = [
            sum(holding.quantities.get(contract.occ, 0) for holding in situation.book.live_holdings)
            for contract in (straddle.call, straddle.put)
        ]
        more = self._greeks(straddle)
        before = ExposureSnapshot(max(held, key=abs), Decimal(0), Decimal(0), Decimal(0), *spent)
        contracts = max((count + self.contracts for count in held), key=abs)
        if more is None:
            return self.hedging.limits.judge(before, ExposureSnapshot(contracts, None, None, None, *spent))
        size = self.contracts * EQUITY_OPTION_MULTIPLIER
        after = ExposureSnapshot(contracts, more.delta * self.contracts, more.gamma * size, more.vega * size, *spent)
        return self.hedging.limits.judge(before, after)

    def _judge_power(self, straddle: Straddle) -> Verdict:
        """Whether it can be paid, and hedged afterwards: a straddle whose hedges are refused is a bet. Rule: CS-343."""
        power, cost = self.situation.buying_power, self._cost(straddle)
        if power is None:
            return Verdict.unknown("buying_power_missing", "", f">= {cost:.2f}")
        if power < cost:
            return Verdict.skip("buying_power", f"{power:.2f}", f"< {cost:.2f}")
        reserve = self.rules.hedge_reserve(self.situation.market.spot or Decimal(0), self.contracts)
        needs = f"{cost:.2f} + {reserve:.2f} for hedges"
        if power < cost + reserve:
            return Verdict.skip("hedge_buying_power", f"{power:.2f}", f"< {needs}")
        return Verdict.ok(f"{power:.2f}", f">= {needs}")

    def _spent(self) -> tuple[Decimal | None, Decimal | None, int]:
        """Dollars lost today and from the high-water mark, None where equity is not known; openings of today."""
        seen = self.situation.equity
        if seen is None or seen.equity is None or seen.day_start is None or seen.high_water is None:
            return None, None, len(self._openings())
        return seen.day_start - seen.equity, seen.high_water - seen.equity, len(self._openings())

    def _judge_guards(self) -> Verdict:
        """Rule: DH-1009."""
        situation, straddle = self.situation, self.straddle
        value = None if straddle is None else self._cost(straddle) + sum(
            (lots.cost for holding in without_plan(situation.book.live_holdings)
             if holding.underlying == situation.underlying.symbol
             for lots in holding.lots.values()), Decimal(0),
        )  # fmt: skip
        last = max((order.intended_at for order in self._openings()), default=None)
        return self.guards.judge_opening(situation.equity or EquityWatch(), situation.now, value, last)

    def _openings(self) -> list[Order]:
        """The entries of this desk that were ordered today."""
        book, today = self.situation.book, self.situation.session.date
        own = without_plan(book.holdings.values())
        orders = (order for holding in own for order in book.orders_of(holding.id))
        return [
            order
            for order in orders
            if order.ticket.purpose is Purpose.ENTRY and order.state is not OrderState.NOT_SENT
            if new_york_date(order.intended_at) == today
        ]

    def _greeks(self, straddle: Straddle) -> OptionGreeks | None:
        """Of one call and one put, per share."""
        market = self.situation.market
        if market.spot is None:
            return None
        seconds = (self.situation.session.close - market.at).total_seconds()
        legs = ((straddle.call, straddle.call_quote), (straddle.put, straddle.put_quote))
        call, put = option_greeks(legs, market.spot, seconds)
        if call is None or put is None:
            return None
        return OptionGreeks(
            call.delta + put.delta, call.gamma + put.gamma, call.theta + put.theta, call.vega + put.vega
        )  # fmt: skip

    def _cost(self, straddle: Straddle) -> Decimal:
        """Dollars the order can cost, at its limit."""
        return straddle.limit(self.situation.underlying) * EQUITY_OPTION_MULTIPLIER * self.contracts

    def _bought(self) -> str:
        straddle = self.straddle
        return "" if straddle is None else (
            f"{self.contracts} straddle {straddle.call.strike} for {straddle.limit(self.situation.underlying)} or less"
        )  # fmt: skip


def is_late(rules: StraddleRules, hedging: HedgingSettings, session: TradingSession, now: dt.datetime) -> bool:
    """Whether nothing is bought any more: too little is left of the day, or everything goes already. Rule: DH-510."""
    day = HedgingDay.of(session.date, session, float(hedging.exit_before_close))
    return session.minutes_to_close(now) < rules.latest_minutes_before_close or day.phase(now) is not Phase.OPEN


def _unless(wrong: bool, reason: str, value: str) -> Verdict:
    return Verdict.skip(reason, value) if wrong else Verdict.ok(value)


def _named(holdings: Set[str]) -> str:
    return ", ".join(sorted(holdings))
