"""One hedging decision: in which phase of the day, from which net delta, how many shares, or the reason for none.

The first "no" wins, and a refusal uses nothing up. Rules: DH-204, DH-231, DH-301..308, DH-501..503, DH-1101, DH-1102.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.hedging.exposure import HedgeBook
from gammacore.domain.hedging.rule import ONE, HedgeRounding, HedgeRule, window_ends
from gammacore.domain.hedging.settings import HedgingSettings, Leftovers, UnknownRegime, seconds
from gammacore.domain.regime.regime import Regime
from gammacore.domain.sessions import NEW_YORK, TradingSession, new_york


class Reason(StrEnum):
    """Why nothing was emitted; every input that emits nothing has exactly one. Rule: DH-1101."""

    BELOW_THRESHOLD = "below_threshold"
    RATE_LIMITED = "rate_limited"
    NO_UNDERLYING_PRICE = "no_underlying_price"
    BELOW_ONE_SHARE = "below_one_share"
    MISSING_DELTA = "missing_delta"
    UNMAPPED_UNDERLYING = "unmapped_underlying"
    NO_POSITION = "no_position"
    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    DUPLICATE_CONFLICT = "duplicate_conflict"
    OUT_OF_ORDER = "out_of_order"
    STALE = "stale"
    SESSION_CLOSED = "session_closed"
    DAY_CAP = "day_cap"
    HALTED = "halted"
    PAUSED = "paused"
    LEFTOVER = "leftover"
    INVALID = "invalid"

    __hash__ = str.__hash__  # every event is counted under one; Enum's own hash is a Python call


BELOW_THRESHOLD, RATE_LIMITED = Reason.BELOW_THRESHOLD, Reason.RATE_LIMITED
DUPLICATE_CONFLICT = Reason.DUPLICATE_CONFLICT
"""What nearly every event comes upon; Python 3.11 takes 0.1 µs to look an enum's member up."""


class Alarm(StrEnum):
    """What a person must know; an alarm blocks nothing by itself. Rule: DH-1102."""

    FILL_UNKNOWN = "fill_unknown"
    EXIT_UNCONFIRMED = "exit_unconfirmed"
    NOT_FLAT = "not_flat"
    DROPPED = "dropped"
    OPEN_AT_END = "open_at_end"
    SIZE_CAPPED = "size_capped"
    POSITION_LIMIT = "position_limit"
    NET_DELTA_LIMIT = "net_delta_limit"
    UNUSUAL_DELTA = "unusual_delta"
    DATA_SILENT = "data_silent"
    LEFTOVER = "leftover"
    BELOW_ONE_CONTRACT = "below_one_contract"
    NO_OPTION = "no_option"
    UNHEDGED = "unhedged"
    UNREAD_SYMBOL = "unread_symbol"


MIDNIGHT = dt.time(0)
ONE_DAY = dt.timedelta(days=1)


class Phase(StrEnum):
    """PREOPEN [00:00, open), OPEN [open, cut-off), EXITING [cut-off, close), CLOSED [close, 24:00)."""

    PREOPEN = "preopen"
    OPEN = "open"
    EXITING = "exiting"
    CLOSED = "closed"


PREOPEN, OPEN, EXITING, CLOSED = Phase.PREOPEN, Phase.OPEN, Phase.EXITING, Phase.CLOSED
"""The same, for what runs a hundred thousand times a second: Python 3.11 takes 0.1 µs to look an enum's member up."""


@frozen
class HedgingDay:
    """One New York date as the desk lives it: `starts` and `ends` are its midnights, UTC.

    `cutoff` is when the desk goes flat: the close minus `exit_before_close`, so half days and DST are right by
    themselves. A date without a session is CLOSED all day.

    >>> day = HedgingDay.of(dt.date(2025, 12, 24), TradingSession.of(dt.date(2025, 12, 24), close=dt.time(13)), 900)
    >>> day.cutoff.isoformat(), day.phase(day.cutoff - dt.timedelta(milliseconds=1)), day.phase(day.cutoff)
    ('2025-12-24T17:45:00+00:00', <Phase.OPEN: 'open'>, <Phase.EXITING: 'exiting'>)
    """

    date: dt.date
    starts: dt.datetime
    ends: dt.datetime
    session: TradingSession | None
    cutoff: dt.datetime | None

    @classmethod
    def of(cls, date: dt.date, session: TradingSession | None, exit_before_close: float) -> HedgingDay:
        """The day of a date; `exit_before_close` in seconds. A cut-off never precedes the open."""
        cutoff = None
        if session is not None:
            cutoff = max(session.open, session.close - dt.timedelta(seconds=exit_before_close))
        return cls(date, new_york(date, MIDNIGHT), new_york(date + ONE_DAY, MIDNIGHT), session, cutoff)

    def phase(self, now: dt.datetime) -> Phase:
        """The phase of an instant of this date. Rule: DH-502."""
        if self.session is None or self.cutoff is None or now >= self.session.close:
            return Phase.CLOSED
        if now >= self.cutoff:
            return Phase.EXITING
        return Phase.OPEN if now >= self.session.open else Phase.PREOPEN

    def phase_ends(self, now: dt.datetime) -> dt.datetime:
        """The first instant after `now` that belongs to another phase, or to another date."""
        bounds = () if self.session is None or self.cutoff is None else (
            self.session.open, self.cutoff, self.session.close,
        )  # fmt: skip
        return next((bound for bound in bounds if now < bound), self.ends)

    def hedges(self, phase: Phase, session_gate: bool) -> bool:
        """Whether hedging is allowed: OPEN, and without the gate PREOPEN too. Rule: DH-503."""
        return phase is Phase.OPEN or (phase is Phase.PREOPEN and not session_gate)

    def exit_time_et(self, now: dt.datetime) -> str:
        """The instant of an exit with its New York offset."""
        return now.astimezone(NEW_YORK).isoformat()


def base_threshold(settings: HedgingSettings, regime: Regime) -> Decimal:
    """The threshold of a regime, contract-deltas, before any band by contracts. Rule: DH-301.

    Negative dealer gamma amplifies moves, so the band tightens; a macro event widens it, for fills are poor then.

    >>> from gammacore.domain.regime.regime import GexReading, GexStatus
    >>> negative = GexReading(GexStatus.OVERRIDE, Decimal(-15000))
    >>> base_threshold(HedgingSettings(), Regime(negative, macro_active=True))
    Decimal('0.1250')
    """
    sign = regime.gex.sign
    tight = sign == -1 or (sign is None and settings.unknown_regime_policy is UnknownRegime.TIGHT)
    threshold = settings.threshold_negative_gex if tight else settings.threshold
    return threshold * settings.macro_threshold_factor if regime.macro_active else threshold


def with_band(settings: HedgingSettings, threshold: Decimal, contracts: int) -> Decimal:
    """The threshold, or the band of the open contracts where that is wider. Rule: DH-303.

    >>> from attrs import evolve
    >>> with_band(evolve(HedgingSettings(), band_per_contract=Decimal("0.01")), Decimal("0.15"), 40)
    Decimal('0.40')
    """
    return max(threshold, settings.band_per_contract * contracts) if settings.band_per_contract else threshold


EIGHT_PLACES = Decimal("1E-8")


def net_delta(net_shares: Decimal, unit: Decimal) -> Decimal:
    """N / D in contract-deltas, at most 8 decimals, halves away from zero. Rule: DH-222.

    >>> net_delta(Decimal("650.00"), Decimal(100)), net_delta(Decimal(1), Decimal(3))
    (Decimal('6.50'), Decimal('0.33333333'))
    """
    ratio = net_shares / unit
    exponent = ratio.as_tuple().exponent
    return ratio.quantize(EIGHT_PLACES, ROUND_HALF_UP) if isinstance(exponent, int) and exponent < -8 else ratio


def hedge_rule(settings: HedgingSettings, regime: Regime, threshold: Decimal) -> HedgeRule:
    """The desk's figures at a threshold in shares; hedges are scaled in an event where that is set. DH-304, DH-308.

    >>> rule = hedge_rule(HedgingSettings(), Regime(), Decimal(15))
    >>> [rule.wanted(Decimal(net)) for net in ("6.5", "-6.5", "12.5")]
    [-7, 7, -13]
    """
    return HedgeRule(
        threshold,
        HedgeRounding.HALF_AWAY,
        seconds(settings.min_interval),
        settings.max_hedge_shares,
        size=regime.size if settings.scale_hedges else ONE,
        raises=settings.raise_small_hedges,
    )


@frozen
class Hedge:
    """A hedge to be sent: signed shares, and the figures it was decided on.

    `net_shares` is N before it, `unit` D (shares per contract-delta), `threshold` in contract-deltas, prices in
    points, `cut` whether the size limit left a rest.
    """

    shares: int
    net_shares: Decimal
    unit: Decimal
    threshold: Decimal
    underlying_price: Decimal
    hedge_price: Decimal
    ratio: Decimal
    cut: bool


@frozen
class Prices:
    """P_u and P_h, points, and the ratio between them. Rules: DH-231, DH-232."""

    underlying: Decimal
    share: Decimal
    ratio: Decimal

    @classmethod
    def of(cls, underlying: Decimal, ratio: Decimal, share: Decimal | None = None) -> Prices:
        """P_h is the share's own price where there is one, else P_u / R. Rule: DH-232.

        >>> Prices.of(Decimal(6900), Decimal(10)).share
        Decimal('690')
        """
        return cls(underlying, underlying / ratio if share is None else share, ratio)


@frozen
class HedgeLimit:
    """The net delta, in shares, beyond which a book is hedged, and beyond which it is unusual; bounds pass.

    `threshold` in contract-deltas, `unit` in shares per contract-delta. Rules: DH-301, DH-1005.

    >>> HedgeLimit.of(Decimal("0.15"), Decimal(100), Decimal(10)).unusual
    Decimal('150.00')
    """

    threshold: Decimal
    unit: Decimal
    shares: Decimal
    unusual: Decimal

    @classmethod
    def of(cls, threshold: Decimal, unit: Decimal, factor: Decimal) -> HedgeLimit:
        shares = threshold * unit
        return cls(threshold, unit, shares, max(shares, shares * factor))

    def unusual_since(self, before: dt.datetime | None, size: Decimal, now: dt.datetime) -> dt.datetime | None:
        """Since when |net delta|, `size` in shares, is unusual without a break; `before`: the last answer. DH-1005."""
        return (before or now) if size > self.unusual else None


def has_lasted(since: dt.datetime | None, now: dt.datetime, patience: dt.timedelta) -> bool:
    """Whether what began at `since` has gone on for as long as `patience`; never where nothing began.

    >>> noon = dt.datetime(2025, 12, 30, 17, tzinfo=dt.UTC)
    >>> [has_lasted(since, noon, dt.timedelta(seconds=120)) for since in (noon - dt.timedelta(seconds=120), noon, None)]
    [True, False, False]
    """
    return since is not None and now - since >= patience


def blocked(
    settings: HedgingSettings, book: HedgeBook, regime: Regime, halted: bool, open_for_hedges: bool
) -> Reason | None:
    """What forbids a hedge whatever the exposure is. Rule: DH-307, its first five checks."""
    if halted:
        return Reason.HALTED
    if settings.pause_blocks_hedges and regime.pauses:
        return Reason.PAUSED
    if not open_for_hedges:
        return Reason.SESSION_CLOSED
    if book.leftovers and settings.leftovers is Leftovers.CLOSE:
        return Reason.LEFTOVER
    return Reason.MISSING_DELTA if book.unknown_deltas else None


def limited(settings: HedgingSettings, book: HedgeBook, now: dt.datetime, interval: dt.timedelta) -> Reason | None:
    """Whether a breach must wait: for the rate window, or for the next session. Rule: DH-305, section 0.

    >>> book = HedgeBook("SPY", last_hedge_at=dt.datetime(2025, 12, 30, 15, tzinfo=dt.UTC))
    >>> limited(HedgingSettings(), book, dt.datetime(2025, 12, 30, 15, 1, tzinfo=dt.UTC), dt.timedelta(seconds=60))
    """
    if book.last_hedge_at is not None and now < window_ends(book.last_hedge_at, interval):
        return RATE_LIMITED
    if settings.max_hedges_per_session is not None and book.hedges >= settings.max_hedges_per_session:
        return Reason.DAY_CAP
    return None


def size_hedge(
    settings: HedgingSettings, regime: Regime, net_shares: Decimal, unit: Decimal, threshold: Decimal,
    prices: Prices | None,
) -> Hedge | Reason:  # fmt: skip
    """The hedge of a breach that may act: price, then quantity. Rules: DH-231, DH-304, DH-308."""
    if prices is None:
        return Reason.NO_UNDERLYING_PRICE
    rule = hedge_rule(settings, regime, threshold * unit)
    wanted = rule.wanted(net_shares)
    if wanted == 0:
        return Reason.BELOW_ONE_SHARE
    shares = rule.capped(wanted)
    return Hedge(
        shares, net_shares, unit, threshold, prices.underlying, prices.share, prices.ratio, cut=shares != wanted
    )
