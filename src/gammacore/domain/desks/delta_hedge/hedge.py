"""One hedging decision of the day loop: the same checks, thresholds and sizes as the filter's. Rules: DH-301..308."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.hedge_filter_events import IntentKind
from gammacore.domain.hedging.decision import (
    Alarm,
    Hedge,
    HedgeLimit,
    Prices,
    Reason,
    base_threshold,
    blocked,
    has_lasted,
    limited,
    size_hedge,
    with_band,
)
from gammacore.domain.hedging.settings import HedgingSettings, seconds
from gammacore.domain.hedging.share_hedge import COVER, HedgedBook
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import Side, Underlying
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.risk.opening_limits import is_beyond
from gammacore.domain.sessions import new_york_time
from gammacore.domain.strategy import Decision, Note, Situation, Trade, Warn

DELTA_HEDGE = IntentKind.HEDGE.value


@frozen
class HedgeCase:
    """A holding at one instant of the phase OPEN, ready to be judged."""

    settings: HedgingSettings
    situation: Situation
    holding: AnyHolding
    book: HedgedBook

    @property
    def underlying(self) -> Underlying:
        return self.situation.underlying

    @property
    def unit(self) -> Decimal:
        """D, shares per contract-delta. Rule: DH-222."""
        return self.settings.delta_unit or self.book.options.unit

    @property
    def threshold(self) -> Decimal:
        """Contract-deltas. Rules: DH-301, DH-303."""
        base = base_threshold(self.settings, self.situation.regime)
        return with_band(self.settings, base, self.book.options.contracts)

    @property
    def limit(self) -> HedgeLimit:
        """The threshold in shares, and what is unusual. Rules: DH-301, DH-1005."""
        return HedgeLimit.of(self.threshold, self.unit, self.settings.unusual_delta_factor)

    @property
    def net_delta(self) -> Decimal:
        """Contract-deltas."""
        return self.book.net_shares / self.unit

    @property
    def last(self) -> HedgeDecided | None:
        """What was decided for this holding before."""
        return self.situation.book.hedge_decision(self.holding.id)

    def judge(self) -> Hedge | Reason:
        """The hedge, or the first "no"; what is left of a hedge cut at zero is owed at once. Rule: DH-307."""
        settings, options, now = self.settings, self.book.options, self.situation.now
        regime, halted = self.situation.regime, self.situation.book.halted is not None
        if (no := blocked(settings, options, regime, halted, open_for_hedges=True)) is not None:
            return no
        net = self.book.net_shares
        if net * self.book.owed >= 0:
            if abs(net) <= self.limit.shares:
                return Reason.BELOW_THRESHOLD
            if (wait := limited(settings, options, now, seconds(settings.min_interval))) is not None:
                return wait
        hedge = size_hedge(settings, regime, net, self.unit, self.threshold, self._prices())
        if isinstance(hedge, Hedge) and self.book.orderable(hedge.shares) == 0:
            return Reason.RATE_LIMITED  # an earlier hedge still decides which side is held: it waits like one too soon
        return hedge

    def steps(self) -> Iterator[Decision]:
        """The order of a hedge, or the reason of none where it differs from the last one recorded, and alarms."""
        verdict = self.judge()
        alarms = [
            alarm for alarm in (self._unusual(), self._beyond_limit(), self._silent(verdict)) if alarm is not None
        ]
        if isinstance(verdict, Hedge):
            yield self._trade(verdict)
            if verdict.cut:
                detail = f"hedge cut to {abs(verdict.shares)} shares, the rest waits for the next window"
                yield Warn(Alarm.SIZE_CAPPED, detail, self.holding.id)
        elif alarms or self._is_new(verdict.value):
            yield self.note(Alarm.DATA_SILENT.value if self._is_silent(verdict) else verdict.value)
        yield from alarms

    def note(self, reason: str) -> Note:
        """A decision not to hedge, to be journaled."""
        return Note(self._record(reason, 0))

    def _is_new(self, reason: str) -> bool:
        last = self.last
        if last is None or self.book.owed:
            return True
        if last.reason != reason and (last.reason, reason) != (Alarm.DATA_SILENT, Reason.MISSING_DELTA):
            return True
        if self._was_beyond != self._is_beyond:
            return True
        return (last.unusual_since is None) != (self.unusual_since is None)

    # -- the order -----------------------------------------------------------------------------------------------------

    def _trade(self, hedge: Hedge) -> Trade:
        """All of a hedge, or its first half where it would cross zero."""
        shares = self.book.orderable(hedge.shares)
        reason = DELTA_HEDGE if shares == hedge.shares else COVER
        side = Side.BUY if shares > 0 else Side.SELL
        return Trade(
            holding=self.holding.id,
            strategy=self.holding.owner,
            underlying=self.holding.underlying,
            purpose=Purpose.HEDGE,
            legs=(ShareLeg(self.underlying.hedge_share, side, closes=self.book.held * shares < 0),),
            quantity=abs(shares),
            effect=Effect.DEBIT if side is Side.BUY else Effect.CREDIT,
            reason=reason,
            record=self._record(reason, shares),
        )

    def _record(self, reason: str, shares: int) -> HedgeDecided:
        gex, prices = self.situation.regime.gex, self._prices()
        return HedgeDecided(
            at=self.situation.now,
            holding=self.holding.id,
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
            greeks=self.book.greeks,
            unusual_since=self.unusual_since,
        )

    def _prices(self) -> Prices | None:
        """P_u at most `underlying_max_age` old, and P_h = P_u / R. Rules: DH-231, DH-232."""
        market = self.situation.market
        if market.spot is None or market.spot_at is None:
            return None
        if self.situation.now - market.spot_at > seconds(self.settings.underlying_max_age):
            return None
        return Prices.of(market.spot, self.underlying.hedge_ratio)

    # -- a limit on the net delta --------------------------------------------------------------------------------------

    @property
    def _is_beyond(self) -> bool:
        """Whether the net delta is beyond its limit, as far as it is known. Rule: DH-1003."""
        limit, known = self.settings.limits.max_net_delta, not self.book.options.unknown_deltas
        return known and is_beyond(self.net_delta, limit)

    @property
    def _was_beyond(self) -> bool:
        return self.last is not None and is_beyond(self.last.delta_before, self.settings.limits.max_net_delta)

    def _beyond_limit(self) -> Warn | None:
        """Once an episode, all day long: the decision that comes with it records that it was raised. Rule: DH-1003."""
        if self._was_beyond or not self._is_beyond:
            return None
        net, limit = round(self.net_delta, 3), self.settings.limits.max_net_delta
        return Warn(Alarm.NET_DELTA_LIMIT, f"net delta {net:+} beyond {limit}", self.holding.id)

    # -- a feed that is silent -----------------------------------------------------------------------------------------

    def _is_silent(self, verdict: Hedge | Reason) -> bool:
        """Whether the delta is unknown for so long that nothing is hedged any more. Rule: DH-1006."""
        last = self.last
        if verdict is not Reason.MISSING_DELTA or last is None:
            return False
        patience = seconds(self.settings.heartbeat)
        began = last.reason == Reason.MISSING_DELTA and has_lasted(last.at, self.situation.now, patience)
        return began or last.reason == Alarm.DATA_SILENT

    def _silent(self, verdict: Hedge | Reason) -> Warn | None:
        """Once a silence: the note that comes with the alarm has its name."""
        last = self.last
        if last is None or last.reason == Alarm.DATA_SILENT or not self._is_silent(verdict):
            return None
        detail = (
            f"not hedged since {new_york_time(last.at)}: {self.book.options.unknown_deltas} options without a price"
        )
        return Warn(Alarm.DATA_SILENT, detail, self.holding.id)

    # -- an unusual delta ----------------------------------------------------------------------------------------------

    @property
    def unusual_since(self) -> dt.datetime | None:
        """Since when the delta is many thresholds large without a break; unknown deltas break nothing. DH-1005."""
        before = None if self.last is None else self.last.unusual_since
        if self.book.options.unknown_deltas:
            return before
        return self.limit.unusual_since(before, abs(self.book.net_shares), self.situation.now)

    def _unusual(self) -> Warn | None:
        """The alarm of an episode that has lasted: the decision that comes with it records that it was raised."""
        since, last = self.unusual_since, self.last
        patience = seconds(self.settings.unusual_delta_seconds)
        if since is None or not has_lasted(since, self.situation.now, patience):
            return None
        if last is not None and last.unusual_since is not None and has_lasted(since, last.at, patience):
            return None
        return Warn(Alarm.UNUSUAL_DELTA, f"net {self.book.net_shares:.0f} shares since {new_york_time(since)}",
                    self.holding.id)  # fmt: skip
