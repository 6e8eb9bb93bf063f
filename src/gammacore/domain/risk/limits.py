"""Limits of the account, judged with the filters and again before any order exists. Rules: CS-302, CS-337..343."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.holdings.holding import AnyHolding, HoldingState, SoldSpread, sold_spreads
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.ratio import worst_loss
from gammacore.domain.instruments import Underlying
from gammacore.domain.orders import Order, Purpose
from gammacore.domain.parameters import parameter
from gammacore.domain.risk.pause import judge_breaker
from gammacore.domain.sessions import new_york_date
from gammacore.domain.verdicts import Verdict


class Oversize(StrEnum):
    """What a trade too large for a limit does: shrink to what fits, or skip."""

    SHRINK = "shrink"
    SKIP = "skip"


@frozen
class AddedRisk:
    """What an opening order would add: `units` of a holding, each losing at most `risk` dollars.

    `beside` are dollars at risk in other openings without a plan that still work.
    """

    holding: str
    units: int
    risk: Decimal
    beside: Decimal = Decimal(0)

    @classmethod
    def of(cls, plan: SpreadPlan) -> AddedRisk:
        """A planned spread, at the credit it is expected to bring."""
        return cls(plan.holding, plan.contracts, plan.spread.maximum_risk(plan.expected_credit))


@frozen
class RiskLimits:
    """What the account allows, dollars; a trade must pass every one before an order exists. Rules: CS-337..343."""

    max_positions: int = parameter(3, "Open, closing and quarantined positions and working entries, fewer than this.",
                                   at_least=1)  # fmt: skip
    entry_spacing_minutes: int = parameter(0, "Minutes between entries; 0 = off, 15 recommended.", at_least=0)
    daily_loss: Decimal = parameter(Decimal(500), "Today's realised loss at which entries stop, dollars.", above=0)
    minimum_account: Decimal = parameter(Decimal(10_000), "Balance below which nothing is sold, dollars.", at_least=0)
    concurrent_risk: Decimal = parameter(
        Decimal("0.30"), "Maximum loss of everything open, part of the balance.", above=0, at_most=1
    )
    keep_assigned_shares: bool = parameter(
        False, "Shares that exercise or assignment delivered are kept, not closed at the next open."
    )
    oversize: Oversize = parameter(Oversize.SHRINK, "Too large for a risk limit: shrink or skip.")
    losses_in_a_row: int | None = parameter(
        None, "Losses in a row that end the day's entries; none = 3 for the scalping desks, off for others.", at_least=1
    )
    carry_streak: bool = parameter(False, "Losses in a row count over the night; else each session begins anew.")
    position_share: Decimal | None = parameter(
        None,
        "Notional of a position, part of the equity; none = 0.25 for the scalping desks, off for others.",
        above=0,
        at_most=1,
    )
    heat: Decimal | None = parameter(
        None,
        "Risk at stop of everything, part of the equity; none = 0.06 for the scalping desks, off for others.",
        above=0,
        at_most=1,
    )
    count_open_loss: bool | None = parameter(
        None, "The daily loss counts what is open at bid and ask; none = yes for the scalping desks, no for others."
    )
    flatten_on_daily_loss: bool | None = parameter(
        None, "A daily loss closes what is held; none = yes for the scalping desks, no for others."
    )
    kelly: bool = parameter(False, "Scalping sizes are held to a fraction of Kelly by the ledger's own trades.")
    kelly_fraction: Decimal = parameter(Decimal("0.25"), "That fraction.", above=0, at_most=1)

    @property
    def sets_scalping_gates(self) -> bool:
        """Whether a gate that only scalping desks have by default was turned on for every desk. Rule: SC-601."""
        return bool(self.count_open_loss) or any(
            limit is not None for limit in (self.losses_in_a_row, self.heat, self.position_share)
        )

    def judge_spacing(self, book: BookView, now: dt.datetime) -> Verdict:
        """Minutes on the clock since the last entry of today was sent: 10:00:02 and 10:15:01 are 15. Rule: CS-337."""
        if self.entry_spacing_minutes == 0:
            return Verdict.ok("off")
        entries = book.entries_on(new_york_date(now))
        if not entries:
            return Verdict.ok("first entry")
        last = max(_entered_at(plan, book) for plan in entries)
        minutes = (_whole_minute(now) - _whole_minute(last)).total_seconds() / 60
        limit = f"{self.entry_spacing_minutes} min"
        if minutes < self.entry_spacing_minutes:
            return Verdict.skip("entry_spacing", f"{minutes:.0f} min since the last entry", f"< {limit}")
        return Verdict.ok(f"{minutes:.0f} min", f">= {limit}")

    def judge_position_limit(self, book: BookView, underlying: Underlying | None = None, besides: str = "") -> Verdict:
        """All holdings a strategy chose and working entries of this account, fewer than the limit. Rule: CS-338.

        With `underlying` those in it alone must also be fewer than its own line of the registry allows (section 0.1).
        `besides` names a holding that is added to and so is no further one.
        """
        plans = [plan for plan in live_plans(book) if plan.holding != besides]
        chosen = sum(one.is_chosen and one.plan is None and one.id != besides for one in book.live_holdings)
        count = len(plans) + len(book.quarantined) + chosen
        if count >= self.max_positions:
            return Verdict.skip("position_limit", f"{count} positions", f">= {self.max_positions}")
        if underlying is not None:
            own = sum(plan.spread.underlying == underlying.symbol for plan in plans)
            if own >= underlying.max_positions:
                reading = f"{own} positions in {underlying.symbol}"
                return Verdict.skip("position_limit", reading, f">= {underlying.max_positions}")
        return Verdict.ok(f"{count} positions", f"< {self.max_positions}")

    def judge_daily_loss(self, book: BookView, now: dt.datetime) -> Verdict:
        """Today's realised P/L after fees is above the limit. Rule: CS-339.

        A close whose shorts are bought back and whose longs are still offered loses at most what it has paid (CS-420).
        """
        realised = book.realised_on(new_york_date(now))
        realised += sum((_certain_loss(position) for position in book.live_spreads), Decimal(0))
        if realised <= -self.daily_loss:
            return Verdict.skip("daily_loss", f"{realised:+.2f} today", f"<= -{self.daily_loss}")
        return Verdict.ok(f"{realised:+.2f} today", f"> -{self.daily_loss}")

    def judge_minimum_account(self, book: BookView) -> Verdict:
        """Balance at least the minimum. Rule: CS-340."""
        if book.balance < self.minimum_account:
            return Verdict.skip("minimum_account", f"balance {book.balance:.2f}", f"< {self.minimum_account}")
        return Verdict.ok(f"balance {book.balance:.2f}", f">= {self.minimum_account}")

    def contracts_by_risk(self, book: BookView, risk_per_contract: Decimal, beside: Decimal = Decimal(0)) -> int:
        """Contracts that keep the maximum loss of everything open within 30 % of the balance. Rules: CS-342, CS-363."""
        room = self.concurrent_risk * book.balance - open_risk(book) - beside
        return max(0, int((room / risk_per_contract).to_integral_value(ROUND_FLOOR)))

    def judge_concurrent_risk(
        self, book: BookView, wanted: int, risk_per_contract: Decimal, beside: Decimal = Decimal(0)
    ) -> Verdict:
        """Σ maximum loss of open and working positions plus this one <= 30 % of balance. Rule: CS-342."""
        fits = self.contracts_by_risk(book, risk_per_contract, beside)
        limit = f"{self.concurrent_risk:.0%} of {book.balance:.2f}"
        after = open_risk(book) + beside + risk_per_contract * wanted
        if fits >= wanted:
            return Verdict.ok(f"{after:.2f} at risk", f"<= {limit}")
        if fits == 0 or self.oversize is Oversize.SKIP:
            return Verdict.skip("concurrent_risk", f"{after:.2f} at risk", f"> {limit}")
        return Verdict.ok(f"{after:.2f} at risk: {wanted} contracts shrink to {fits}", f"<= {limit}")

    def judge_buying_power(self, buying_power: Decimal | None, wanted: int, risk_per_contract: Decimal) -> Verdict:
        """Option buying power covers the maximum loss. Unknown is no. Rule: CS-343."""
        if buying_power is None:
            return Verdict.unknown("buying_power_unknown", "the broker did not say")
        need = risk_per_contract * wanted
        fits = contracts_by_buying_power(buying_power, risk_per_contract)
        if fits >= wanted:
            return Verdict.ok(f"{buying_power:.2f} available", f">= {need:.2f}")
        if fits == 0 or self.oversize is Oversize.SKIP:
            return Verdict.skip("buying_power", f"{buying_power:.2f} available", f"< {need:.2f}")
        return Verdict.ok(f"{buying_power:.2f} available: {wanted} contracts shrink to {fits}", f"< {need:.2f}")

    def guard(self, opening: AddedRisk, book: BookView, now: dt.datetime, buying_power: Decimal | None) -> Verdict:
        """The last look before an order exists: the first limit that forbids it, else ok. Rules: CS-302, CS-338..343.

        The size is final here: what no longer fits is refused, not shrunk.
        """
        final = evolve(self, oversize=Oversize.SKIP)
        verdicts = (
            judge_halted(book),
            judge_breaker(book.breaker_tripped_at),
            self.judge_position_limit(book, besides=opening.holding),
            self.judge_daily_loss(book, now),
            self.judge_minimum_account(book),
            final.judge_concurrent_risk(book, opening.units, opening.risk, opening.beside),
            final.judge_buying_power(buying_power, opening.units, opening.risk),
        )
        return next((verdict for verdict in verdicts if not verdict.passed), Verdict.ok("within limits"))


def _certain_loss(position: SoldSpread) -> Decimal:
    """Dollars, 0 or less: what a closing position has lost that only longs are left of, were they worth nothing.

    And what went at no known price, at its worst, until it is booked. Rules: CS-420, CS-572.
    """
    has_shorts = any(held < 0 for held in position.quantities.values())
    is_gone = position.is_flat and bool(position.missing)
    if has_shorts or not (is_gone or position.state is HoldingState.CLOSING):
        return Decimal(0)
    return min(position.gross - position.fees, Decimal(0))


def _entered_at(plan: SpreadPlan, book: BookView) -> dt.datetime:
    """When the order of an entry was meant; an adopted position knows only when it was acquired."""
    entries = (order for order in book.orders_of(plan.holding) if order.ticket.purpose is Purpose.ENTRY)
    return next((order.intended_at for order in entries), plan.scheduled_at)


def _whole_minute(instant: dt.datetime) -> dt.datetime:
    return instant.replace(second=0, microsecond=0)


def judge_halted(book: BookView) -> Verdict:
    """No halt and no kill switch. Rule: CS-302."""
    if book.halted is not None:
        return Verdict.skip("halted", book.halted, "(clear with `gammacore resume`)")
    return Verdict.ok("not halted")


def contracts_by_buying_power(buying_power: Decimal, risk_per_contract: Decimal) -> int:
    return max(0, int((buying_power / risk_per_contract).to_integral_value(ROUND_FLOOR)))


def live_plans(book: BookView) -> tuple[SpreadPlan, ...]:
    """Plans of spreads that are held and of entries still working, each once."""
    return tuple(spread.plan for spread in sold_spreads(book.live_holdings))


def open_risk(book: BookView) -> Decimal:
    """Dollars lost at worst by everything held or quarantined, and by working entries if they fill. CS-342, CS-363."""
    live, total = book.live_holdings, worst_loss(book.quarantined)
    total += sum((holding_risk(holding, book.orders_of(holding.id)) for holding in live), Decimal(0))
    for order in book.working_orders:
        plan = book.holdings[order.ticket.holding].plan
        if order.ticket.purpose is Purpose.ENTRY and plan is not None:
            unfilled = order.ticket.quantity - order.execution.quantity
            total += plan.spread.maximum_risk(plan.expected_credit) * unfilled
    return total


def holding_risk(holding: AnyHolding, orders: Iterable[Order]) -> Decimal:
    """Dollars a holding can lose; shares that hedge its options lose what these win, and are not counted.

    `orders` are those of the holding, oldest first. Rules: CS-342, CS-363.
    """
    if not holding.options:
        return holding.maximum_risk
    known = tuple(orders)
    hedges = (
        abs(holding.lots[symbol].average_price) * (abs(held) - _no_hedge(symbol, held, known))
        for symbol, held in holding.quantities.items()
        if not holding.lots[symbol].is_option
    )
    return holding.maximum_risk - sum(hedges, Decimal(0))


def _no_hedge(symbol: str, held: int, orders: Iterable[Order]) -> int:
    """How many of these shares no hedge brought; what is sold takes from those first."""
    sign = 1 if held > 0 else -1
    trades = [
        (sign * leg.side.sign * order.execution.filled_of(leg), order.ticket.purpose is Purpose.HEDGE)
        for order in orders
        for leg in order.ticket.legs
        if leg.symbol == symbol
    ]
    total = opened = abs(held) - sum(change for change, _ in trades)  # delivered, or gone, without an order of ours
    for change, is_hedge in trades:
        total += change
        opened = max(0, min(opened if is_hedge else opened + change, total))
    return opened
