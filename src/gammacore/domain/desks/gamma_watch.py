"""A held straddle at one look: repaired, hedged, and sold when an exit hits. Pure.

Rules: SC-408, SC-435..449, SC-453..457.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from attrs import define, evolve

from gammacore.domain.desks.flattening import closing_trade
from gammacore.domain.desks.gamma_entry import rates_of, seconds_until
from gammacore.domain.desks.scalp_duties import A_MINUTE, AT_THE_BROKER, call_entry_back, three_looks
from gammacore.domain.hedge_filter_events import IntentKind
from gammacore.domain.hedging.exposure import Universe
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.share_hedge import COVER, HedgedBook, hedged_book
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.holdings.plans import DeltaWatch
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Side, tick_floor
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.orders import THE_DAY, Effect, Order, OrderState, Purpose, TicketLife
from gammacore.domain.scalping.blindness import KnownDelta, Sight, known_delta
from gammacore.domain.scalping.dollar_scale import dollar_scale
from gammacore.domain.scalping.gamma import EXIT_SECONDS, OVERDUE_SECONDS, GammaRules
from gammacore.domain.scalping.straddle_exit import contracts_of, straddle_exit, straddle_profit
from gammacore.domain.scalping.straddle_hedge import (
    REFUSALS_IN_A_ROW,
    NoHedge,
    StraddleHedge,
    refused_in_a_row,
    straddle_model,
)
from gammacore.domain.scalping.trigger import Fired, Trigger
from gammacore.domain.strategy import Cancel, Decision, Note, SaveState, Situation, Trade, Warn

UNIT = Decimal(EQUITY_OPTION_MULTIPLIER)
LEG_REPAIR = "leg_repair"
DELTA_HEDGE = IntentKind.HEDGE.value
_ALARMS = ("blind_exit", "hedge_refused")


@define(eq=False)
class StraddleWatch:
    """One holding at one look. `flat` is why everything is to be closed now, `regime` why the straddle is left."""

    rules: GammaRules
    situation: Situation
    holding: AnyHolding
    flat: str | None = None
    regime: str | None = None

    def steps(self) -> Iterator[Decision]:
        if self.flat is not None:
            yield from call_entry_back(self.orders, self.flat)
        if any(self._works(order, Purpose.ENTRY) for order in self.orders):
            return
        if self.holding.is_flat:
            yield from self._call_hedges_back()
            return
        if not self._options:
            yield from self._close_shares()
            return
        hedge = tuple(self._hedge())
        reason = self.flat or self._begun or self._exit()
        if reason is not None:
            if self._begun is None and reason in _ALARMS:
                yield Warn(reason, f"{self.holding.in_words} is sold", self.holding.id)
            yield from self._overdue()
            yield from hedge
            yield from self._sell(reason)
        elif len(set(self._options.values())) > 1 or len(self._options) != 2:
            yield from self._repair()
        else:
            yield from hedge

    # -- legs ---------------------------------------------------------------------------------------------------------

    def _repair(self) -> Iterator[Decision]:
        """What one leg has more than the other is sold at market; until then nothing is hedged. Rule: SC-408."""
        even = min(self._options.values()) if len(self._options) == 2 else 0
        for symbol, count in self._options.items():
            if count > even and not self._is_busy(symbol):
                trade = closing_trade(self.holding, symbol, Purpose.EXIT, LEG_REPAIR)
                yield evolve(trade, quantity=count - even)

    def _sell(self, reason: str) -> Iterator[Decision]:
        """Both legs at the sum of their bids for 5 s, then each at market. Rule: SC-456."""
        begun = any(self._is_exit(order) for order in self.orders)
        quotes = [self.situation.market.quote(contract) for contract in contracts_of(self.holding)]
        bid = sum((quote.bid for quote in quotes if quote is not None), Decimal(0))
        limit = tick_floor(bid, self.situation.underlying.ticks.complex_order)
        whole = len(self._options) == 2 and len(set(self._options.values())) == 1
        if not begun and self.flat is None and whole and None not in quotes and limit > 0:
            legs = tuple(Leg(contract, Side.SELL) for contract in contracts_of(self.holding))
            yield Trade(
                holding=self.holding.id, strategy=self.holding.owner, underlying=self.holding.underlying,
                purpose=Purpose.EXIT, legs=legs, quantity=min(self._options.values()), effect=Effect.CREDIT,
                reason=reason, limit=limit, life=TicketLife(EXIT_SECONDS),
            )  # fmt: skip
            return
        for symbol in self._options:
            if not self._is_busy(symbol):
                yield closing_trade(self.holding, symbol, Purpose.EXIT, reason)

    def _close_shares(self) -> Iterator[Decision]:
        """After the last option the hedge goes to zero at market; one at work is called back first. Rule: SC-456."""
        yield from self._overdue()
        yield from self._call_hedges_back()
        for symbol in self.holding.quantities:
            if not self._is_busy(symbol):
                yield closing_trade(self.holding, symbol, Purpose.EXIT, self._begun or self.flat or "hedge_left")

    def _call_hedges_back(self) -> Iterator[Cancel]:
        """A hedge that still works would bring shares to nothing: done is zero orders, too. Rule: SC-457."""
        for order in self.orders:
            if self._works(order, Purpose.HEDGE) and order.state in AT_THE_BROKER:
                yield Cancel(order.id, "the straddle is sold")

    # -- exits --------------------------------------------------------------------------------------------------------

    def _exit(self) -> str | None:
        """The first that hits, after requests. Rules: SC-444, SC-445, SC-453."""
        if self._may_be_blind and self._known.sight is Sight.EXIT:
            return "blind_exit"
        profit = straddle_profit(self.holding, self.situation.market, self.situation.underlying)
        out = straddle_exit(self.rules, self.holding, profit, self.situation.session, self.situation.now)
        if out is None and refused_in_a_row(self.orders) >= REFUSALS_IN_A_ROW:
            return "hedge_refused"
        return out or self.regime

    @property
    def _begun(self) -> str | None:
        """The exit that was begun goes on, whatever the price does since."""
        return next((order.ticket.reason for order in reversed(self.orders) if self._is_exit(order)), None)

    def _overdue(self) -> Iterator[Warn]:
        """An exit that is not done, every minute. Rule: SC-457."""
        first = next((order.intended_at for order in self.orders if self._is_exit(order)), None)
        if first is not None and (self.situation.now - first).total_seconds() >= three_looks(
            OVERDUE_SECONDS, self.situation.market
        ):
            minutes = (self.situation.now - first) // A_MINUTE
            yield Warn("exit_overdue", f"{self.holding.in_words} still held {minutes} min on", self.holding.id)

    # -- the hedge ----------------------------------------------------------------------------------------------------

    def _hedge(self) -> Iterator[Decision]:
        """One decision, when the price has moved or time has passed. Rules: SC-435..447."""
        trigger = self._trigger
        if trigger.fired is None:
            if trigger.reference is not None and self.memory is None and self._known.sight is Sight.SEEN:
                yield from self._remember(trigger)
            return
        if trigger.fired is Fired.HEARTBEAT and not self._has_news:
            return
        known, price = self._known, self._price
        straddles = max(self._options.values())
        hedge = StraddleHedge.of(self.rules.hedge_rule(), straddles, self.book, known.shares or self.book.options.total)
        if known.sight is not Sight.SEEN and trigger.fired is Fired.PRICE:
            yield from self._note(self._record(hedge, 0, "state_incomplete"))
            return
        if known.sight is not Sight.SEEN and self.memory is not None and not self.memory.blind:
            yield SaveState(self.holding.id, evolve(self.memory, blind=True))
            yield Warn("blind", f"no delta of {self.holding.in_words}: hedged on the last one", self.holding.id)
        if known.shares is not None and price is not None:
            yield from self._decided(hedge)
        if known.sight is Sight.SEEN:  # after the order: a process killed between the two must not lose the trigger
            yield from self._remember(trigger)

    def _decided(self, hedge: StraddleHedge) -> Iterator[Decision]:
        verdict = hedge.judge(self.book, self.situation.now)
        if isinstance(verdict, NoHedge):
            yield from self._note(self._record(hedge, 0, verdict.value))
        else:
            reason = DELTA_HEDGE if verdict == hedge.wanted else COVER
            yield self._trade(verdict, self._record(hedge, verdict, reason))

    @property
    def _has_news(self) -> bool:
        """Whether a quote or an order is newer than the last decision: on the same ones it would be the same again."""
        kept, market = self.memory, self.situation.market
        if kept is None or self.situation.book.hedge_decision(self.holding.id) is None:
            return True
        quotes = [market.share, *(market.quote(contract) for contract in contracts_of(self.holding))]
        seen = [quote.at for quote in quotes if quote is not None]
        return any(at > kept.at for at in (*seen, *(order.changed_at for order in self.orders)))

    def _note(self, record: HedgeDecided) -> Iterator[Note]:
        """Journaled where the reason is a new one. Rule: SC-011."""
        last = self.situation.book.hedge_decision(self.holding.id)
        if last is None or last.reason != record.reason:
            yield Note(record)

    def _remember(self, trigger: Trigger) -> Iterator[Decision]:
        """The delta of now, and what the next move is counted from."""
        gamma, price = self.book.greeks.gamma, self._price
        if price is not None:
            now = self.situation.now
            state = DeltaWatch(self.book.options.total, gamma, price, now, reference=trigger.reference)
            yield SaveState(self.holding.id, state)

    def _trade(self, shares: int, record: HedgeDecided) -> Trade:
        side = Side.BUY if shares > 0 else Side.SELL
        leg = ShareLeg(self._share, side, closes=self.book.held * shares < 0)
        return Trade(
            holding=self.holding.id, strategy=self.holding.owner, underlying=self.holding.underlying,
            purpose=Purpose.HEDGE, legs=(leg,), quantity=abs(shares),
            effect=Effect.DEBIT if shares > 0 else Effect.CREDIT, reason=record.reason, life=THE_DAY, record=record,
        )  # fmt: skip

    def _record(self, hedge: StraddleHedge, shares: int, reason: str) -> HedgeDecided:
        return HedgeDecided(
            at=self.situation.now, holding=self.holding.id,
            reason=reason, symbol=self._share, shares=shares,
            net_shares=hedge.net_shares, unit=UNIT, threshold=hedge.rule.threshold / UNIT, gex=None,
            gex_status="unknown", underlying_price=self._price, hedge_price=self._price, ratio=Decimal(1),
            greeks=self.book.greeks,
        )  # fmt: skip

    # -- what is seen -------------------------------------------------------------------------------------------------

    @property
    def orders(self) -> tuple[Order, ...]:
        return self.situation.book.orders_of(self.holding.id)

    @property
    def memory(self) -> DeltaWatch | None:
        kept = self.holding.memory
        return kept if isinstance(kept, DeltaWatch) else None

    @property
    def _options(self) -> dict[str, int]:
        return self.holding.options

    @property
    def _share(self) -> str:
        return self.situation.underlying.hedge_share or self.situation.underlying.symbol

    @property
    def _price(self) -> Decimal | None:
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
        return hedged_book(self.holding, situation.book, situation.market, universe, self._share, model)

    @cached_property
    def _known(self) -> KnownDelta:
        unknown = self.book.options.unknown_deltas
        return known_delta(
            None if unknown else self.book.options.total, self.memory, self._price, self.situation.now, self._since,
            three_looks(self.rules.blind_limit, self.situation.market),
        )  # fmt: skip

    @cached_property
    def _since(self) -> dt.datetime:
        """When the straddle was bought, or this session began."""
        fills = (o.changed_at for o in self.orders if o.ticket.purpose is Purpose.ENTRY and o.execution.any)
        return max(max(fills, default=self.holding.opened_at), self.situation.session.open)

    @property
    def _may_be_blind(self) -> bool:
        """Whether the last good delta is so old that a new one must be looked for."""
        good = self._since if self.memory is None else self.memory.at
        return (self.situation.now - good).total_seconds() > three_looks(self.rules.blind_limit, self.situation.market)

    @cached_property
    def _trigger(self) -> Trigger:
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
    def _works(order: Order, purpose: Purpose) -> bool:
        return order.is_working and order.ticket.purpose is purpose

    @staticmethod
    def _is_exit(order: Order) -> bool:
        ticket = order.ticket
        return ticket.purpose is Purpose.EXIT and ticket.reason != LEG_REPAIR and order.state is not OrderState.NOT_SENT

    def _is_busy(self, symbol: str) -> bool:
        return any(order.is_working and symbol in order.ticket.symbols for order in self.orders)
