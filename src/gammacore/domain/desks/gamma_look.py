"""What one look shows of a held straddle: its orders, its delta, how old that is, and what fires a hedge. Pure.

Rules: SC-408, SC-419, SC-435..437, SC-445.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cached_property

from attrs import define

from gammacore.domain.desks.gamma_purchase import rates_of, seconds_until
from gammacore.domain.desks.scalp_duties import three_looks
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.share_hedge import HedgedBook, hedged_book
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.plans import DeltaWatch
from gammacore.domain.orders import Order, OrderState, Purpose
from gammacore.domain.scalping.blindness import KnownDelta, known_delta
from gammacore.domain.scalping.dollar_scale import dollar_scale
from gammacore.domain.scalping.gamma import GammaRules
from gammacore.domain.scalping.straddle_exit import contracts_of
from gammacore.domain.scalping.straddle_hedge import straddle_model
from gammacore.domain.scalping.trigger import Trigger
from gammacore.domain.strategy import Situation

LEG_REPAIR = "leg_repair"


@define(eq=False)
class StraddleLook:
    """One holding at one look."""

    rules: GammaRules
    situation: Situation
    holding: AnyHolding

    @property
    def orders(self) -> tuple[Order, ...]:
        return self.situation.book.orders_of(self.holding.id)

    @property
    def memory(self) -> DeltaWatch | None:
        kept = self.holding.memory
        return kept if isinstance(kept, DeltaWatch) else None

    @property
    def options(self) -> dict[str, int]:
        return self.holding.options

    @property
    def share(self) -> str:
        return self.situation.underlying.hedge_share or self.situation.underlying.symbol

    @property
    def price(self) -> Decimal | None:
        """Of a usable quote: a delta is estimated on it, too. Rules: SC-008, SC-445."""
        quote = self.situation.memory.quote(self.situation.now)
        return None if quote is None else quote.mid

    @cached_property
    def book(self) -> HedgedBook:
        """The holding as every hedging desk sees it, by the model that chose it."""
        situation, rules = self.situation, self.rules
        seconds = seconds_until(situation.session, situation.now)
        exercise, date = situation.underlying.exercise, situation.session.date
        model = straddle_model(exercise, seconds, date, rates_of(situation, rules), rules.tree_steps)
        universe = Universe(HedgingSettings(), {situation.underlying.symbol: situation.underlying})
        return hedged_book(self.holding, situation.book, situation.market, universe, self.share, model)

    @cached_property
    def known(self) -> KnownDelta:
        unknown = self.book.options.unknown_deltas
        return known_delta(
            None if unknown else self.book.options.total, self.memory, self.price, self.situation.now, self.since,
            three_looks(self.rules.blind_limit, self.situation.market),
        )  # fmt: skip

    @cached_property
    def since(self) -> dt.datetime:
        """When the straddle was bought, or this session began."""
        fills = (o.changed_at for o in self.orders if o.ticket.purpose is Purpose.ENTRY and o.execution.any)
        return max(max(fills, default=self.holding.opened_at), self.situation.session.open)

    @property
    def may_be_blind(self) -> bool:
        """Whether the last good delta is so old that a new one must be looked for."""
        good = self.since if self.memory is None else self.memory.at
        return (self.situation.now - good).total_seconds() > three_looks(self.rules.blind_limit, self.situation.market)

    @cached_property
    def trigger(self) -> Trigger:
        scale = dollar_scale(self.holding.underlying, self.situation.market.previous_close) or Decimal(1)
        tape, now, kept = self.situation.memory.tape, self.situation.now, self.memory
        accepted = None if tape is None else tape.accepted_quote(now)
        begun = Trigger(
            self.rules.triggers(scale), None if kept is None else kept.reference, None if kept is None else kept.at
        )  # fmt: skip
        market = self.situation.market
        complete = accepted is not None and all(market.quote(one) is not None for one in contracts_of(self.holding))
        return begun.after(None if accepted is None else accepted.mid, now, complete=complete)

    @staticmethod
    def works(order: Order, purpose: Purpose) -> bool:
        return order.is_working and order.ticket.purpose is purpose

    @staticmethod
    def is_exit(order: Order) -> bool:
        ticket = order.ticket
        return ticket.purpose is Purpose.EXIT and ticket.reason != LEG_REPAIR and order.state is not OrderState.NOT_SENT

    def is_busy(self, symbol: str) -> bool:
        return any(order.is_working and symbol in order.ticket.symbols for order in self.orders)
