"""The limits of the scalping desks: account gates before a size is known, sized gates after. Rules: SC-601..612.

The desk asks them for its journal, and the guard asks the same again before an order exists.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.lots import ZERO
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.risk.day_profit import DayProfit, Marks, day_profit, opened_on
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession, new_york_date
from gammacore.domain.sizing.kelly import TradeStatistics
from gammacore.domain.verdicts import FilterVerdict, Verdict

LOSSES_IN_A_ROW, POSITION_SHARE, HEAT = 3, Decimal("0.25"), Decimal("0.06")
"""What holds for a scalping desk where the setting is left open. Rules: SC-606..608."""
NO_KELLY_BELOW = 20
"""Closed trades that a Kelly fraction needs (ours). Rule: SC-612."""
_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)
LEAST_FRACTION, CAP = Fraction(1, 100), Fraction(1, 4)


def scalping_limits(limits: RiskLimits) -> RiskLimits:
    """The limits with what a scalping desk takes where nothing is set; for other desks those stay off. Rule: SC-601."""
    return evolve(
        limits,
        losses_in_a_row=limits.losses_in_a_row or LOSSES_IN_A_ROW,
        position_share=POSITION_SHARE if limits.position_share is None else limits.position_share,
        heat=HEAT if limits.heat is None else limits.heat,
        count_open_loss=limits.count_open_loss is not False,
        flatten_on_daily_loss=limits.flatten_on_daily_loss is not False,
    )


@frozen
class EntryBounds:
    """How often a strategy may open in a day, and how many positions it may have; None bounds nothing. Rule: SC-602."""

    max_trades: int | None = None
    max_positions: int | None = None


@frozen(eq=False)
class EntryAccount:
    """What the gates look at: the account at one instant, and what it may still do.

    `limits` are those of `scalping_limits`; `equity` and `buying_power` dollars, None where they are not known. `marks`
    None counts nothing that is open.
    """

    limits: RiskLimits
    book: BookView
    session: TradingSession | None
    now: dt.datetime
    marks: Marks | None
    equity: Decimal | None
    buying_power: Decimal | None

    @property
    def budget_left(self) -> Decimal:
        """What the day may still lose, dollars; 0 where it is lost. Rule: SC-454."""
        return max(Decimal(0), self.limits.daily_loss + self.profit.total)

    @property
    def profit(self) -> DayProfit:
        counted = self.marks if self.limits.count_open_loss else None
        return day_profit(self.book, new_york_date(self.now), counted)

    def account_gates(
        self, owner: str, *, max_trades: int | None = None, max_positions: int | None = None
    ) -> Iterator[FilterVerdict]:
        """Everything that forbids any entry of this strategy now, in the order of SC-602; None bounds nothing."""
        book, date = self.book, new_york_date(self.now)
        yield _gate("SC-610", "kill_switch", lambda: _unless(book.halted is not None, "kill_switch", book.halted or ""))
        yield _gate("SC-609", "halted", self._judge_day_halt)
        is_open = self.session is not None and self.session.is_trading(self.now)
        yield _gate("SC-602", "session", lambda: _unless(not is_open, "session_closed", "the exchange is closed"))
        yield _gate("SC-604", "daily_loss", self.judge_daily_loss)
        yield _gate("SC-608", "loss_streak", self._judge_streak)
        if max_trades is not None:
            yield _gate(
                "SC-233", "max_trades",
                lambda: _below(len(opened_on(book, date, owner)), max_trades, "max_trades", "opened today"),
            )  # fmt: skip
        if max_positions is not None:
            yield _gate(
                "SC-602", "max_positions",
                lambda: _below(self.positions_of(owner), max_positions, "max_positions", "held"),
            )  # fmt: skip

    def sized_gates(self, entry: SizedEntry) -> Iterator[FilterVerdict]:
        """Everything that forbids an entry of this size, in the order of SC-602."""
        yield _gate("SC-604", "daily_budget", lambda: self._judge_budget(entry))
        yield _gate("SC-607", "heat", lambda: self._judge_heat(entry))
        yield _gate("SC-606", "position_cap", lambda: self._judge_cap(entry))
        yield _gate("SC-602", "buying_power", lambda: self._judge_power(entry))
        yield _gate("SC-602", "conflict", lambda: self._judge_conflict(entry))

    def gates_that_are_set(self, entry: SizedEntry) -> Iterator[FilterVerdict]:
        """Gates that only scalping desks have by default, and a setting turned on for every desk. Rule: SC-601."""
        limits = self.limits
        if self.book.halted_on(new_york_date(self.now)) is not None:
            yield _gate("SC-609", "halted", self._judge_day_halt)
        if limits.count_open_loss:
            yield _gate("SC-604", "daily_loss", self.judge_daily_loss)
        if limits.losses_in_a_row is not None:
            yield _gate("SC-608", "loss_streak", self._judge_streak)
        if limits.heat is not None:
            yield _gate("SC-607", "heat", lambda: self._judge_heat(entry))
        if limits.position_share is not None:
            yield _gate("SC-606", "position_cap", lambda: self._judge_cap(entry))

    def shares_of(self, part: Decimal, price: Decimal) -> int:
        """How many units at `price` dollars each a part of the equity buys, floored; 0 where it is not known."""
        return 0 if self.equity is None else max(0, int((part * self.equity / price).to_integral_value(ROUND_FLOOR)))

    def by_cap(self, price: Decimal, held: Decimal = ZERO) -> int:
        """How many units at `price` dollars each the position cap allows beside `held` dollars. Rule: SC-606."""
        if self.equity is None:
            return 0
        room = (self.limits.position_share or POSITION_SHARE) * self.equity - held
        return max(0, int((room / price).to_integral_value(ROUND_FLOOR)))

    def positions_of(self, owner: str) -> int:
        """Holdings of a strategy of which something has filled, and that are not booked yet."""
        return sum(one.owner == owner and one.is_chosen and one.has_filled for one in self.book.live_holdings)

    def held_in(self, symbols: Iterable[str], owner: str) -> Decimal:
        """Dollars that a strategy's position in these symbols has cost. Rule: SC-606."""
        own = [holding for holding in self.book.live_holdings if holding.owner == owner]
        return sum(
            (abs(one.lots[symbol].cost) for symbol in symbols for one in own if symbol in one.quantities), ZERO
        )  # fmt: skip

    def halts_day(self) -> Verdict:
        """Whether the day is to be halted: a loss at its limit, or losses in a row. Rules: SC-604, SC-608."""
        loss = self.judge_daily_loss()
        return loss if not loss.passed else self._judge_streak()

    def _judge_day_halt(self) -> Verdict:
        halted = self.book.halted_on(new_york_date(self.now))
        return Verdict.ok("no halt") if halted is None else Verdict.skip("halted", halted.reason, halted.detail)

    def judge_daily_loss(self) -> Verdict:
        profit, limit = self.profit, self.limits.daily_loss
        value = f"{profit.total:+.2f} today ({profit.realised:+.2f} realised)"
        return Verdict.skip("daily_loss", value, f"<= -{limit}") if profit.total <= -limit else Verdict.ok(value)

    def _judge_streak(self) -> Verdict:
        limit = self.limits.losses_in_a_row
        if limit is None:
            return Verdict.ok("off")
        return _below(self.book.losses_in_a_row(self._streak_since), limit, "loss_streak", "losses in a row")

    @property
    def _streak_since(self) -> dt.datetime:
        """From when on losses count: this session's open; carried over the night, after the last row that halted a day.

        Such a row has had its day: counted on, it would halt every day for ever.
        """
        if self.session is not None and not self.limits.carry_streak:
            return self.session.open
        last = self.book.last_day_halt
        is_spent = last is not None and last.reason == "loss_streak" and last.date < new_york_date(self.now)
        return last.at + dt.timedelta(microseconds=1) if last is not None and is_spent else _EVER

    def _judge_budget(self, entry: SizedEntry) -> Verdict:
        after, limit = self.profit.total - entry.terms.risk, self.limits.daily_loss
        value = f"{after:+.2f} were it stopped"
        return Verdict.skip("daily_budget", value, f"< -{limit}") if after < -limit else Verdict.ok(value)

    def _judge_heat(self, entry: SizedEntry) -> Verdict:
        if self.equity is None:
            return Verdict.unknown("equity_unknown", "the broker did not say")
        heat = self.limits.heat or HEAT
        at_risk = entry.terms.risk + sum(
            (risk_at_stop(one) for one in self.book.live_holdings if one.id != entry.holding), ZERO
        )
        limit = heat * self.equity
        value = f"{at_risk:.2f} at risk"
        return (
            Verdict.skip("heat", value, f"> {limit:.2f}") if at_risk > limit else Verdict.ok(value, f"<= {limit:.2f}")
        )

    def _judge_cap(self, entry: SizedEntry) -> Verdict:
        if self.equity is None:
            return Verdict.unknown("equity_unknown", "the broker did not say")
        notional = entry.notional + self.held_in(entry.symbols, entry.owner)
        limit = (self.limits.position_share or POSITION_SHARE) * self.equity
        value = f"{notional:.2f}"
        return Verdict.skip("position_cap", value, f"> {limit:.2f}") if notional > limit else Verdict.ok(value)

    def _judge_power(self, entry: SizedEntry) -> Verdict:
        if self.buying_power is None:
            return Verdict.unknown("buying_power_unknown", "the broker did not say")
        value = f"{self.buying_power:.2f}"
        if self.buying_power < entry.notional:
            return Verdict.skip("buying_power", value, f"< {entry.notional:.2f}")
        return Verdict.ok(value, f">= {entry.notional:.2f}")

    def _judge_conflict(self, entry: SizedEntry) -> Verdict:
        """Another desk's order in the same instrument: brokers refuse to trade against oneself."""
        others = {
            symbol
            for order in self.book.working_orders
            for symbol in order.ticket.symbols
            if self.book.holdings[order.ticket.holding].owner != entry.owner
        }
        both = sorted(others.intersection(entry.symbols))
        return Verdict.skip("conflict", ", ".join(both), "is being traded by another desk") if both else Verdict.ok()


@frozen
class SizedEntry:
    """An entry whose size is known: `notional` dollars it may cost, premium for options."""

    owner: str
    holding: str
    symbols: tuple[str, ...]
    notional: Decimal
    terms: EntryTerms


def risk_at_stop(holding: AnyHolding) -> Decimal:
    """Dollars a holding loses at its stop; without terms of its own all that it can lose. Rules: SC-605, SC-607."""
    if holding.terms is None:
        return holding.maximum_risk
    return ZERO if holding.has_filled and holding.is_flat else holding.terms.risk


def kelly_share(limits: RiskLimits, results: Sequence[Decimal]) -> Fraction | None:
    """The part of equity that a fraction of one's own Kelly allows; None where the setting is off. Rule: SC-612.

    `results` are net dollars a trade, oldest first. Too few of them, or none of one kind, allow a hundredth.

    >>> limits = RiskLimits(kelly=True)
    >>> kelly_share(limits, [Decimal(250)] * 55 + [Decimal(-100)] * 45)
    Fraction(1, 16)
    """
    if not limits.kelly:
        return None
    record = TradeStatistics.of(results)
    if record.trades < NO_KELLY_BELOW or not record.average_win or not record.average_loss:
        return LEAST_FRACTION
    return min(CAP, max(Fraction(0), record.kelly)) * Fraction(limits.kelly_fraction)


def _gate(rule: str, name: str, judge: Callable[[], Verdict]) -> FilterVerdict:
    """One gate; what fails inside denies: a check that could not be made allows nothing. Rule: SC-602."""
    try:
        return FilterVerdict(rule, name, judge())
    except Exception as fault:
        return FilterVerdict(rule, name, Verdict.unknown("risk_error", f"{type(fault).__name__}: {fault}"))


def _unless(wrong: bool, reason: str, value: str) -> Verdict:
    return Verdict.skip(reason, value) if wrong else Verdict.ok()


def _below(count: int, limit: int, reason: str, what: str) -> Verdict:
    value = f"{count} {what}"
    return Verdict.skip(reason, value, f">= {limit}") if count >= limit else Verdict.ok(value, f"< {limit}")
