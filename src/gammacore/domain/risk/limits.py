"""Limits of the account, judged with the filters and again before any order exists. Rules: CS-302, CS-337..343."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from attrs import evolve, frozen

from gammacore.domain.book.view import BookView
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Underlying, parse_occ
from gammacore.domain.inventory.inventories import DELIVERED, STRANDED
from gammacore.domain.inventory.inventory import Inventory
from gammacore.domain.orders import Order, Purpose
from gammacore.domain.parameters import parameter
from gammacore.domain.positions import EntryPlan, Position, PositionState
from gammacore.domain.risk.circuit_breaker import judge_breaker
from gammacore.domain.sessions import new_york_date
from gammacore.domain.verdicts import Verdict


class Oversize(StrEnum):
    """What a trade too large for a limit does: shrink to what fits, or skip."""

    SHRINK = "shrink"
    SKIP = "skip"


@frozen
class Opening:
    """What an opening order would add: `units` of a holding, each losing at most `risk` dollars.

    `beside` are dollars at risk in other openings without a plan that still work.
    """

    holding: str
    units: int
    risk: Decimal
    beside: Decimal = Decimal(0)

    @classmethod
    def of(cls, plan: EntryPlan) -> Opening:
        """A planned spread, at the credit it is expected to bring."""
        return cls(plan.position, plan.contracts, plan.spread.maximum_risk(plan.expected_credit))


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
        plans = [plan for plan in live_plans(book) if plan.position != besides]
        chosen = sum(is_chosen(inventory) and inventory.id != besides for inventory in book.live_inventories)
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
        realised += sum((_certain_loss(position) for position in book.live_positions), Decimal(0))
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

    def guard(self, opening: Opening, book: BookView, now: dt.datetime, buying_power: Decimal | None) -> Verdict:
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


def _certain_loss(position: Position) -> Decimal:
    """Dollars, 0 or less: what a closing position has lost that only longs are left of, were they worth nothing."""
    has_shorts = any(held < 0 for held in position.holdings.values())
    if position.state is not PositionState.CLOSING or has_shorts:
        return Decimal(0)
    return min(position.gross - position.fees, Decimal(0))


def _entered_at(plan: EntryPlan, book: BookView) -> dt.datetime:
    """When the order of an entry was meant; an adopted position knows only when it was acquired."""
    entries = (order for order in book.orders_of(plan.position) if order.ticket.purpose is Purpose.ENTRY)
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


def live_plans(book: BookView) -> tuple[EntryPlan, ...]:
    """Plans of live positions and of entries still working, each once."""
    plans = {position.id: position.plan for position in book.live_positions}
    for order in book.working_orders:
        if order.ticket.purpose is Purpose.ENTRY and (plan := book.plan(order.ticket.position)) is not None:
            plans.setdefault(plan.position, plan)
    return tuple(plans.values())


def open_risk(book: BookView) -> Decimal:
    """Dollars lost at worst by everything open or quarantined, and by working entries if they fill. CS-342, CS-363."""
    total = sum((position.maximum_risk for position in book.live_positions), worst_loss(book.quarantined))
    live = book.live_inventories
    total += sum((inventory_risk(inventory, book.orders_of(inventory.id)) for inventory in live), Decimal(0))
    for order in book.working_orders:
        plan = book.plan(order.ticket.position)
        if order.ticket.purpose is Purpose.ENTRY and plan is not None:
            unfilled = order.ticket.quantity - order.execution.quantity
            total += plan.spread.maximum_risk(plan.expected_credit) * unfilled
    return total


def is_chosen(inventory: Inventory) -> bool:
    """Whether a strategy chose to hold it: neither delivered by a settlement nor stranded by a crash."""
    return inventory.strategy not in (DELIVERED, STRANDED)


def inventory_risk(inventory: Inventory, orders: Iterable[Order]) -> Decimal:
    """Dollars an inventory can lose: the premium of its options, its uncovered shorts, the cost of its shares.

    `orders` are those of the inventory, oldest first. Shares that were traded as a hedge of its options lose what the
    options win: they are not counted while there are options. Rules: CS-342, CS-363.
    """
    held = inventory.quantities
    options = {symbol: count for symbol, count in held.items() if inventory.holdings[symbol].is_option}
    if not options:
        return sum((abs(holding.cost) for holding in inventory.holdings.values()), Decimal(0))
    premium = sum((max(Decimal(0), inventory.holdings[symbol].cost) for symbol in options), Decimal(0))
    known = tuple(orders)
    shares = (
        abs(inventory.average_price(symbol)) * _no_hedge(symbol, count, known)
        for symbol, count in held.items()
        if symbol not in options
    )
    return premium + worst_loss(options) + sum(shares, Decimal(0))


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


def worst_loss(holdings: Mapping[str, int]) -> Decimal:
    """Dollars that contracts of unknown premium can cost at settlement, by OCC symbol. Rules: CS-363, CS-574.

    An uncovered short call, which has no bound, is counted with the underlying at twice the highest strike.

    >>> print(worst_loss({"SPXW260105P06880000": -1, "SPXW260105P06870000": 1}))
    1000
    """
    series: dict[tuple[str, dt.date], list[tuple[OptionContract, int]]] = {}
    for symbol, held in holdings.items():
        contract = parse_occ(symbol)
        series.setdefault((contract.root, contract.expiry), []).append((contract, held))
    return sum((_worst_of(legs) for legs in series.values()), Decimal(0))


def _worst_of(legs: Iterable[tuple[OptionContract, int]]) -> Decimal:
    """Of one expiry: the loss bends at strikes only, so the worst price is one of them, nothing, or far above."""
    held = tuple(legs)
    strikes = [contract.strike for contract, _ in held]
    prices = (Decimal(0), *strikes, 2 * max(strikes))
    losses = (sum((-count * each.intrinsic(price) for each, count in held), Decimal(0)) for price in prices)
    return max(Decimal(0), *losses) * EQUITY_OPTION_MULTIPLIER
