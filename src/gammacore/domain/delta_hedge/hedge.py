"""One hedging decision of the day loop: the same checks, thresholds and sizes as the filter's. Rules: DH-301..308."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import frozen

from gammacore.domain.delta_hedge.hedged_book import COVER, HedgedBook
from gammacore.domain.hedging.decision import Hedge, Prices, blocked, limited, size_hedge
from gammacore.domain.hedging.reasons import Reason
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.hedging.thresholds import base_threshold, with_band
from gammacore.domain.instruments import Side, Underlying
from gammacore.domain.inventory import Inventory
from gammacore.domain.ledger import HedgeDecided
from gammacore.domain.orders import Effect, Purpose, ShareLeg
from gammacore.domain.strategy import Note, Situation, Trade

DELTA_HEDGE = "delta_hedge"


@frozen
class HedgeCase:
    """An inventory at one instant, ready to be judged."""

    settings: HedgingSettings
    situation: Situation
    inventory: Inventory
    book: HedgedBook
    is_open: bool

    @property
    def underlying(self) -> Underlying:
        return self.situation.underlying

    def judge(self) -> Hedge | Reason:
        """The hedge, or the first "no". Rule: DH-307."""
        settings, options, now = self.settings, self.book.options, self.situation.now
        regime = self.situation.regime
        if (no := blocked(settings, options, regime, self.situation.book.halted is not None, self.is_open)) is not None:
            return no
        net = self.book.net_shares
        if abs(net) <= self.threshold * self.unit:
            return Reason.BELOW_THRESHOLD
        interval = dt.timedelta(seconds=float(settings.min_interval))
        if (wait := limited(settings, options, now, interval)) is not None:
            return wait
        return size_hedge(settings, regime, net, self.unit, self.threshold, self._prices())

    @property
    def unit(self) -> Decimal:
        """D, shares per contract-delta. Rule: DH-222."""
        return self.settings.delta_unit or self.book.options.unit

    @property
    def threshold(self) -> Decimal:
        """Contract-deltas. Rules: DH-301, DH-303."""
        base = base_threshold(self.settings, self.situation.regime)
        return with_band(self.settings, base, self.book.options.contracts)

    def steps(self) -> tuple[Trade | Note, ...]:
        """The order of a hedge, or the reason of none where it differs from the last one told."""
        verdict = self.judge()
        if isinstance(verdict, Reason):
            last = self.situation.book.hedge_decision(self.inventory.id)
            told = last is not None and last.reason == verdict.value
            return () if told else (Note(self._record(verdict.value, 0)),)
        shares, reason = self._part(verdict.shares)
        side = Side.BUY if shares > 0 else Side.SELL
        leg = ShareLeg(self.underlying.hedge_share, side, closes=self.book.held * shares < 0)
        return (
            Trade(
                inventory=self.inventory.id,
                strategy=self.inventory.strategy,
                underlying=self.inventory.underlying,
                purpose=Purpose.HEDGE,
                legs=(leg,),
                quantity=abs(shares),
                effect=Effect.DEBIT if side is Side.BUY else Effect.CREDIT,
                reason=reason,
                record=self._record(reason, shares),
            ),
        )

    def _part(self, shares: int) -> tuple[int, str]:
        """All of a hedge, or its first half where it would cross zero: brokers want what is held closed by itself."""
        held = self.book.held
        if held * shares < 0 and abs(shares) > abs(held):
            return -held, COVER
        return shares, DELTA_HEDGE

    def _record(self, reason: str, shares: int) -> HedgeDecided:
        gex, prices = self.situation.regime.gex, self._prices()
        return HedgeDecided(
            at=self.situation.now,
            inventory=self.inventory.id,
            reason=reason,
            symbol=self.underlying.hedge_share,
            shares=shares,
            net_shares=self.book.net_shares,
            unit=self.unit,
            threshold=self.threshold,
            gex=gex.value,
            gex_status=gex.status.value,
            underlying_price=None if prices is None else prices.underlying,
            hedge_price=None if prices is None else prices.share,
            ratio=self.underlying.hedge_ratio,
        )

    def _prices(self) -> Prices | None:
        """P_u at most `underlying_max_age` old, and P_h = P_u / R. Rules: DH-231, DH-232."""
        market = self.situation.market
        if market.spot is None or market.spot_at is None:
            return None
        if (self.situation.now - market.spot_at).total_seconds() > float(self.settings.underlying_max_age):
            return None
        ratio = self.underlying.hedge_ratio
        return Prices(market.spot, market.spot / ratio, ratio)
