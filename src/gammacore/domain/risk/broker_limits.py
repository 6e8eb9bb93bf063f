"""What the broker of an account forbids or does by itself, on top of our own limits: day trades, early closes.

The fake exchange has no rules of its own, so a simulated day is the same with and without these. A trade that may be a
day trade or none is counted: an account that is frozen cannot be stopped out. Rules: brokers.md 7 (FINRA 4210), CS-524.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.day_trading import PATTERN, DayTradingRegime, day_trading_regime
from gammacore.domain.broker_facts.facts import BrokerFacts
from gammacore.domain.holdings.holding import HoldingState, SoldSpread, sold_spreads, without_plan
from gammacore.domain.holdings.policy import LONGEST_SESSION_HOURS, StopPolicy
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import Execution, Order
from gammacore.domain.parameters import parameter
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.verdicts import Verdict


def day_trades(positions: Iterable[SoldSpread], dates: Collection[dt.date]) -> int:
    """Positions opened and closed on one of these New York dates, and those of the last that may still be closed.

    What was left to settle is none: expiry is not a trade.
    """
    return sum(1 for position in positions if _is_day_trade(position, dates))


def _is_day_trade(position: SoldSpread, dates: Collection[dt.date]) -> bool:
    opened = new_york_date(position.opened_at)
    if opened not in dates:
        return False
    if position.state is not HoldingState.CLOSED:
        return opened == max(dates)
    return position.exit_decided_at is not None and new_york_date(position.exit_decided_at) == opened


def round_trips(orders: Iterable[Order], dates: Collection[dt.date]) -> int:
    """Day trades among the orders of one holding, oldest first: each turn from building up a symbol to reducing it.

    What was built up on the last date and is still held counts too: it may be reduced yet.
    """
    traded: defaultdict[tuple[dt.date, str], list[int]] = defaultdict(list)
    for order in orders:
        if (date := new_york_date(order.intended_at)) in dates:
            for leg in order.ticket.legs:
                if filled := _filled(leg, order.execution):
                    traded[date, leg.symbol].append(leg.side.sign * filled)
    return sum(_turns(quantities, still_open=date == max(dates)) for (date, _), quantities in traded.items())


def _turns(quantities: Iterable[int], *, still_open: bool) -> int:
    """
    >>> _turns([10, 5, -3, -2, 4, -14], still_open=False), _turns([10, -4, 6], still_open=True)
    (2, 2)
    """
    held, turns, built_up = 0, 0, False
    for quantity in quantities:
        if held * quantity < 0:
            turns += built_up
            built_up = abs(quantity) > abs(held)
        else:
            built_up = True
        held += quantity
    return turns + (still_open and built_up)


def _filled(leg: Leg | ShareLeg, execution: Execution) -> int:
    """Contracts or shares filled of one leg."""
    if execution.legs:
        return sum(fill.quantity for fill in execution.legs if fill.symbol == leg.symbol)
    return execution.quantity * leg.ratio


BEFORE_THE_BROKER = 5
"""Minutes our own exit begins before a broker's: time for an order to be worked, repeated and verified."""


@frozen
class BrokerLimits:
    """The rules of one broker on the dates it holds an account under them.

    `changed_over` is the day it left the pattern-day-trader rule; None: not configured, so the old rule holds to the
    last day it may.
    """

    facts: BrokerFacts
    changed_over: dt.date | None = None
    margin_minutes: int = parameter(BEFORE_THE_BROKER, "Minutes our exit begins before the broker's own.", at_least=0)

    def judge_day_trades(self, made: int, equity: Decimal, date: dt.date, more: int = 1) -> Verdict:
        """Whether `more` trades, opened and perhaps closed on `date`, may be made; `made` in the last five sessions.

        Below 25,000 dollars the fourth of five sessions is refused: a stop must never have to choose between a loss
        and a frozen account.

        >>> from gammacore.domain.broker_facts.dated import BrokerName
        >>> tradier = BrokerLimits(BrokerFacts(BrokerName.TRADIER, (), ()))
        >>> print(tradier.judge_day_trades(3, Decimal(20_000), dt.date(2026, 3, 3)))
        skip pattern_day_trader: 3 day trades in 5 sessions and 1 more, balance 20000.00 < 25000
        >>> tradier.judge_day_trades(3, Decimal(25_000), dt.date(2026, 3, 3)).passed
        True
        """
        regime = day_trading_regime(self.facts.name, date, self.changed_over).value
        rule = PATTERN.value
        if regime is not DayTradingRegime.PATTERN_DAY_TRADER:
            return Verdict.ok(regime)
        counted = f"{made} day trades in {rule.sessions} sessions and {more} more, balance {equity:.2f}"
        if equity >= rule.minimum_equity or made + more < rule.day_trades:
            return Verdict.ok(counted)
        return Verdict.skip("pattern_day_trader", counted, f"< {rule.minimum_equity}")

    def last_moment(self, roots: Collection[str], session: TradingSession) -> dt.datetime | None:
        """The instant by which we must be out of contracts that expire today, before the broker acts; None: no such.

        A broker that does not say when it acts gives no instant: that is for a person to know, not to be guessed.
        """
        starts = [
            session.before_close(fact.value.minutes_before_close + self.margin_minutes)
            for root in roots
            if (fact := self.facts.own_close(root, session.date)) is not None
            and fact.value.minutes_before_close is not None
        ]
        return min(starts, default=None)

    def judge_entry_time(self, roots: Collection[str], session: TradingSession, now: dt.datetime) -> Verdict:
        """Nothing is opened that the broker may close, leg by leg, before we would."""
        last = self.last_moment(roots, session)
        if last is None or now < last:
            return Verdict.ok("the broker leaves it to us" if last is None else "before the broker's own close")
        left = f"{session.minutes_to_close(now):.0f} min to the close"
        return Verdict.skip("broker_closes_itself", left, f"<= {session.minutes_to_close(last):.0f} min")

    def tightened(self, policy: StopPolicy, roots: Collection[str], session: TradingSession) -> StopPolicy:
        """The policy with its soft and hard close before the broker's own; nothing is held past it. Rule: CS-524.

        On Alpaca, whose process starts 30 minutes before the close, both are 35 minutes: no advisor may delay an exit
        into it, and a position that would be held for settlement is closed. Elsewhere it is the policy itself.
        """
        last = self.last_moment(roots, session)
        if last is None:
            return policy
        minutes = int(session.minutes_to_close(last))
        return evolve(
            policy,
            soft_close_minutes=max(policy.soft_close_minutes, minutes),
            hard_close_minutes=max(policy.hard_close_minutes, minutes),
            hold_hours=max(policy.hold_hours, Decimal(LONGEST_SESSION_HOURS)),
        )


@frozen(eq=False)
class BrokerEntryRules:
    """The broker's rules for an entry of one session, judged after our own limits and before an order exists.

    `roots` are the option roots that are opened, `dates` the New York dates of the last five sessions, today's among
    them.
    """

    limits: BrokerLimits
    roots: tuple[str, ...]
    session: TradingSession
    dates: frozenset[dt.date]

    def judge_spread(self, book: Book, now: dt.datetime) -> Verdict:
        """One more position that is opened as one and closed as one."""
        return self._judge(book, now, more=1)

    def judge_hedged(self, book: Book, now: dt.datetime) -> Verdict:
        """Options that will be hedged in shares all day: hedges are never refused, so that alone makes a pattern."""
        return self._judge(book, now, more=PATTERN.value.day_trades)

    def judge_day_trades(self, book: Book, now: dt.datetime, more: int) -> Verdict:
        """An entry that makes so many day trades if it is closed today: a scalp one, a hedged straddle a pattern.

        Rule: SC-602.
        """
        return self._judge(book, now, more)

    def _judge(self, book: Book, now: dt.datetime, more: int) -> Verdict:
        timely = self.limits.judge_entry_time(self.roots, self.session, now)
        if not timely.passed:
            return timely
        holdings = tuple(book.holdings.values())
        made = day_trades(sold_spreads(holdings), self.dates) + sum(
            round_trips(book.orders_of(holding.id), self.dates) for holding in without_plan(holdings)
        )
        return self.limits.judge_day_trades(made, book.balance, self.session.date, more)
