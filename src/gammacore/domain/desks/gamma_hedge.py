"""The hedge of a held straddle at one look: decided when the price has moved or time has passed. Pure.

Rules: SC-435..447.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import define, evolve

from gammacore.domain.desks.gamma_look import StraddleLook
from gammacore.domain.hedge_filter_events import IntentKind
from gammacore.domain.hedging.share_hedge import COVER
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.holdings.plans import DeltaWatch
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import THE_DAY, Effect, Purpose
from gammacore.domain.scalping.blindness import Sight
from gammacore.domain.scalping.straddle_exit import contracts_of
from gammacore.domain.scalping.straddle_hedge import NoHedge, StraddleHedge
from gammacore.domain.scalping.trigger import Fired, Trigger
from gammacore.domain.strategy import Decision, Note, SaveState, Trade, Warn

UNIT = Decimal(EQUITY_OPTION_MULTIPLIER)
DELTA_HEDGE = IntentKind.HEDGE.value


@define(eq=False)
class StraddleHedging:
    """What the hedge of one straddle asks for at one look."""

    look: StraddleLook

    def steps(self) -> Iterator[Decision]:
        """One decision, when the price has moved or time has passed. Rules: SC-435..447."""
        trigger = self.look.trigger
        if trigger.fired is None:
            if trigger.reference is not None and self.look.memory is None and self.look.known.sight is Sight.SEEN:
                yield from self._remember(trigger)
            return
        if trigger.fired is Fired.HEARTBEAT and not self._has_news:
            return
        known, price = self.look.known, self.look.price
        straddles = max(self.look.options.values())
        hedge = StraddleHedge.of(
            self.look.rules.hedge_rule(), straddles, self.look.book, known.shares or self.look.book.options.total
        )
        if known.sight is not Sight.SEEN and trigger.fired is Fired.PRICE:
            yield from self._note(self._record(hedge, 0, "state_incomplete"))
            return
        if known.sight is not Sight.SEEN and self.look.memory is not None and not self.look.memory.blind:
            yield SaveState(self.look.holding.id, evolve(self.look.memory, blind=True))
            yield Warn(
                "blind", f"no delta of {self.look.holding.in_words}: hedged on the last one", self.look.holding.id
            )
        if known.shares is not None and price is not None:
            yield from self._decided(hedge)
        if known.sight is Sight.SEEN:  # after the order: a process killed between the two must not lose the trigger
            yield from self._remember(trigger)

    def _decided(self, hedge: StraddleHedge) -> Iterator[Decision]:
        verdict = hedge.judge(self.look.book, self.look.situation.now)
        if isinstance(verdict, NoHedge):
            yield from self._note(self._record(hedge, 0, verdict.value))
        else:
            reason = DELTA_HEDGE if verdict == hedge.wanted else COVER
            yield self._trade(verdict, self._record(hedge, verdict, reason))

    @property
    def _has_news(self) -> bool:
        """Whether a quote or an order is newer than the last decision: on the same ones it would be the same again."""
        kept, market = self.look.memory, self.look.situation.market
        if kept is None or self.look.situation.book.hedge_decision(self.look.holding.id) is None:
            return True
        quotes = [market.share, *(market.quote(contract) for contract in contracts_of(self.look.holding))]
        seen = [quote.at for quote in quotes if quote is not None]
        return any(at > kept.at for at in (*seen, *(order.changed_at for order in self.look.orders)))

    def _note(self, record: HedgeDecided) -> Iterator[Note]:
        """Journaled where the reason is a new one. Rule: SC-011."""
        last = self.look.situation.book.hedge_decision(self.look.holding.id)
        if last is None or last.reason != record.reason:
            yield Note(record)

    def _remember(self, trigger: Trigger) -> Iterator[Decision]:
        """The delta of now, and what the next move is counted from."""
        gamma, price = self.look.book.greeks.gamma, self.look.price
        if price is not None:
            now = self.look.situation.now
            state = DeltaWatch(self.look.book.options.total, gamma, price, now, reference=trigger.reference)
            yield SaveState(self.look.holding.id, state)

    def _trade(self, shares: int, record: HedgeDecided) -> Trade:
        side = Side.BUY if shares > 0 else Side.SELL
        leg = ShareLeg(self.look.share, side, closes=self.look.book.held * shares < 0)
        return Trade(
            holding=self.look.holding.id, strategy=self.look.holding.owner, underlying=self.look.holding.underlying,
            purpose=Purpose.HEDGE, legs=(leg,), quantity=abs(shares),
            effect=Effect.DEBIT if shares > 0 else Effect.CREDIT, reason=record.reason, life=THE_DAY, record=record,
        )  # fmt: skip

    def _record(self, hedge: StraddleHedge, shares: int, reason: str) -> HedgeDecided:
        return HedgeDecided(
            at=self.look.situation.now, holding=self.look.holding.id,
            reason=reason, symbol=self.look.share, shares=shares,
            net_shares=hedge.net_shares, unit=UNIT, threshold=hedge.rule.threshold / UNIT, gex=None,
            gex_status="unknown", underlying_price=self.look.price, hedge_price=self.look.price, ratio=Decimal(1),
            greeks=self.look.book.greeks,
        )  # fmt: skip
