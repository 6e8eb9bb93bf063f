"""A held straddle at one look: completed or repaired, hedged, and sold when an exit hits. Pure.

Rules: SC-407, SC-408, SC-444, SC-445, SC-453..457.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import define, evolve

from gammacore.domain.desks.flattening import closing_trade
from gammacore.domain.desks.gamma_hedge import StraddleHedging
from gammacore.domain.desks.gamma_look import LEG_REPAIR, StraddleLook
from gammacore.domain.desks.scalp_duties import A_MINUTE, AT_THE_BROKER, call_entry_back, three_looks
from gammacore.domain.instruments import Right, Side, tick_floor
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, Purpose, TicketLife
from gammacore.domain.scalping.blindness import Sight
from gammacore.domain.scalping.gamma import ENTRY_SECONDS, EXIT_SECONDS, OVERDUE_SECONDS, StraddleOrder
from gammacore.domain.scalping.straddle_exit import contracts_of, straddle_exit, straddle_profit
from gammacore.domain.scalping.straddle_hedge import REFUSALS_IN_A_ROW, refused_in_a_row
from gammacore.domain.strategy import Cancel, Decision, Trade, Warn

_ALARMS = ("blind_exit", "hedge_refused")


@define(eq=False)
class StraddleWatch:
    """One holding at one look. `flat` is why everything is to be closed now, `regime` why the straddle is left."""

    look: StraddleLook
    flat: str | None = None
    regime: str | None = None

    def steps(self) -> Iterator[Decision]:
        if self.flat is not None:
            yield from call_entry_back(self.look.orders, self.flat)
        if any(self.look.works(order, Purpose.ENTRY) for order in self.look.orders):
            return
        if self.look.holding.is_flat:
            yield from self._call_hedges_back()
            return
        if not self.look.options:
            yield from self._close_shares()
            return
        hedge = tuple(StraddleHedging(self.look).steps())
        reason = self.flat or self._begun or self._exit()
        if reason is not None:
            if self._begun is None and reason in _ALARMS:
                yield Warn(reason, f"{self.look.holding.in_words} is sold", self.look.holding.id)
            yield from self._overdue()
            yield from hedge
            yield from self._sell(reason)
        elif len(set(self.look.options.values())) > 1 or len(self.look.options) != 2:
            yield from self._second_leg() if self._wants_put else self._repair()
        else:
            yield from hedge

    # -- legs ---------------------------------------------------------------------------------------------------------

    @property
    def _wants_put(self) -> bool:
        """Whether the call was bought by itself, and its put was not ordered yet. Rule: SC-407."""
        if self.look.rules.straddle_order is not StraddleOrder.LEGS or len(self.look.options) != 1:
            return False
        (contract,) = contracts_of(self.look.holding)
        bought = [order for order in self.look.orders if order.ticket.purpose is Purpose.ENTRY]
        was_ordered = any(contract.occ not in order.ticket.symbols for order in bought)
        return contract.right is Right.CALL and not was_ordered and not self._begun and self._is_in_time

    @property
    def _is_in_time(self) -> bool:
        """Within 10 s of the first leg's fill. Rules: SC-016, SC-408."""
        waited = (self.look.situation.now - self.look.since).total_seconds()
        return waited <= three_looks(ENTRY_SECONDS, self.look.situation.market)

    def _second_leg(self) -> Iterator[Trade]:
        """The put of the call that is held, at its ask; nothing while it is not quoted. Rule: SC-407."""
        (call,) = contracts_of(self.look.holding)
        put = evolve(call, right=Right.PUT)
        if (quote := self.look.situation.market.quote(put)) is not None and quote.ask > 0:
            yield Trade(
                holding=self.look.holding.id, strategy=self.look.holding.owner,
                underlying=self.look.holding.underlying, purpose=Purpose.ENTRY, legs=(Leg(put, Side.BUY),),
                quantity=self.look.options[call.occ], effect=Effect.DEBIT, reason="straddle", limit=quote.ask,
                life=TicketLife(ENTRY_SECONDS),
            )  # fmt: skip

    def _repair(self) -> Iterator[Decision]:
        """What one leg has more than the other is sold at market; until then nothing is hedged. Rule: SC-408."""
        even = min(self.look.options.values()) if len(self.look.options) == 2 else 0
        for symbol, count in self.look.options.items():
            if count > even and not self.look.is_busy(symbol):
                trade = closing_trade(self.look.holding, symbol, Purpose.EXIT, LEG_REPAIR)
                yield evolve(trade, quantity=count - even)

    def _sell(self, reason: str) -> Iterator[Decision]:
        """Both legs at the sum of their bids for 5 s, then each at market. Rule: SC-456."""
        begun = any(self.look.is_exit(order) for order in self.look.orders)
        whole = len(self.look.options) == 2 and len(set(self.look.options.values())) == 1
        offers = tuple(self._offers(reason)) if whole and not begun and self.flat is None else ()
        yield from offers
        if offers:
            return
        for symbol in self.look.options:
            if not self.look.is_busy(symbol):
                yield closing_trade(self.look.holding, symbol, Purpose.EXIT, reason)

    def _offers(self, reason: str) -> Iterator[Trade]:
        """One order of both legs; where none is taken, each at its own bid; none while one is unquoted. SC-407."""
        contracts, ticks = contracts_of(self.look.holding), self.look.situation.underlying.ticks
        bids = [quote.bid for one in contracts if (quote := self.look.situation.market.quote(one)) is not None]
        if len(bids) < len(contracts):
            return
        if self.look.rules.straddle_order is StraddleOrder.LEGS:
            for contract, bid in zip(contracts, bids, strict=True):
                trade = closing_trade(self.look.holding, contract.occ, Purpose.EXIT, reason)
                limit = tick_floor(bid, ticks.single(bid))
                yield evolve(trade, limit=limit, life=TicketLife(EXIT_SECONDS)) if limit > 0 else trade
        elif (limit := tick_floor(sum(bids, Decimal(0)), ticks.complex_order)) > 0:
            legs = tuple(Leg(contract, Side.SELL) for contract in contracts)
            yield Trade(
                holding=self.look.holding.id, strategy=self.look.holding.owner, underlying=self.look.holding.underlying,
                purpose=Purpose.EXIT, legs=legs, quantity=min(self.look.options.values()), effect=Effect.CREDIT,
                reason=reason, limit=limit, life=TicketLife(EXIT_SECONDS),
            )  # fmt: skip

    def _close_shares(self) -> Iterator[Decision]:
        """After the last option the hedge goes to zero at market; one at work is called back first. Rule: SC-456."""
        yield from self._overdue()
        yield from self._call_hedges_back()
        for symbol in self.look.holding.quantities:
            if not self.look.is_busy(symbol):
                yield closing_trade(self.look.holding, symbol, Purpose.EXIT, self._begun or self.flat or "hedge_left")

    def _call_hedges_back(self) -> Iterator[Cancel]:
        """A hedge that still works would bring shares to nothing: done is zero orders, too. Rule: SC-457."""
        for order in self.look.orders:
            if self.look.works(order, Purpose.HEDGE) and order.state in AT_THE_BROKER:
                yield Cancel(order.id, "the straddle is sold")

    # -- exits --------------------------------------------------------------------------------------------------------

    def _exit(self) -> str | None:
        """The first that hits, after requests. Rules: SC-444, SC-445, SC-453."""
        if self.look.may_be_blind and self.look.known.sight is Sight.EXIT:
            return "blind_exit"
        profit = straddle_profit(self.look.holding, self.look.situation.market, self.look.situation.underlying)
        out = straddle_exit(
            self.look.rules, self.look.holding, profit, self.look.situation.session, self.look.situation.now
        )
        if out is None and refused_in_a_row(self.look.orders) >= REFUSALS_IN_A_ROW:
            return "hedge_refused"
        return out or self.regime

    @property
    def _begun(self) -> str | None:
        """The exit that was begun goes on, whatever the price does since."""
        return next((order.ticket.reason for order in reversed(self.look.orders) if self.look.is_exit(order)), None)

    def _overdue(self) -> Iterator[Warn]:
        """An exit that is not done, every minute. Rule: SC-457."""
        first = next((order.intended_at for order in self.look.orders if self.look.is_exit(order)), None)
        if first is not None and (self.look.situation.now - first).total_seconds() >= three_looks(
            OVERDUE_SECONDS, self.look.situation.market
        ):
            minutes = (self.look.situation.now - first) // A_MINUTE
            yield Warn(
                "exit_overdue", f"{self.look.holding.in_words} still held {minutes} min on", self.look.holding.id
            )
