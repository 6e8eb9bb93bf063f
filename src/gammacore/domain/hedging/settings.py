"""Every figure of the desk, and the three profiles that set some of them together. Rules: DH-001..003, section 0."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
from attrs import frozen

from gammacore.domain.hedging.canonical import canonical_json
from gammacore.domain.parameters import parameter
from gammacore.domain.regime.documents import GexShape
from gammacore.domain.risk.opening_limits import OpeningLimits
from gammacore.domain.sessions import TradingSession
from gammacore.errors import ConfigurationError, InvalidInput


class Profile(StrEnum):
    """`standard` trades; `source` (the worked example) and `shares_v2` are for comparison. Rules: DH-001, DH-003."""

    STANDARD = "standard"
    SOURCE = "source"
    SHARES_V2 = "shares_v2"


class HedgeLedgerPolicy(StrEnum):
    """When a hedge counts as held: on its fills, on emission, or never. Rule: DH-240."""

    FILLS = "fills"
    EMITTED = "emitted"
    NONE = "none"


class ExitBatch(StrEnum):
    """What the exit closes; `split`: options and shares, but shares alone on an event of the hedge share. DH-510."""

    ALL = "all"
    OPTIONS = "options"
    SPLIT = "split"


class Leftovers(StrEnum):
    """What becomes of yesterday's holdings: closed at the open, kept, or options kept and shares forgotten. DH-520."""

    CLOSE = "close"
    KEEP = "keep"
    KEEP_OPTIONS = "keep_options"


class UnknownRegime(StrEnum):
    """The threshold when dealer gamma is unknown: the base one, or the tighter one. Rule: DH-301."""

    BASE = "base"
    TIGHT = "tight"


class HedgeRatio(StrEnum):
    """Index points per share point: the registry's figure, or index price / share price. Rule: DH-220."""

    REGISTRY = "registry"
    LIVE = "live"


class Freshness(StrEnum):
    """`off`: the clock is event time. `live`: events are held against the wall clock. Rule: DH-151."""

    OFF = "off"
    LIVE = "live"


class LineMode(StrEnum):
    """What a bad line does: `strict` ends the run, `lenient` skips and counts it. Rule: DH-142."""

    STRICT = "strict"
    LENIENT = "lenient"


class ProtocolLogs(StrEnum):
    """Where log lines go; on `stdout` the filter is the guest of a v1 host. Rule: DH-121."""

    STDERR = "stderr"
    STDOUT = "stdout"


class HedgeWith(StrEnum):
    """What a hedge is made of: shares, bought options, or sold options. Rule: DH-801."""

    SHARES = "shares"
    BUY_PROTECTION = "buy_protection"
    SELL_PREMIUM = "sell_premium"


class PositiveLeg(StrEnum):
    """What stands for shares to be sold, where it is not `hedge_with`'s own leg. Rule: DH-801."""

    AS_HEDGE_WITH = "as_hedge_with"
    SELL_CALLS = "sell_calls"
    BUY_PUTS = "buy_puts"


class NegativeLeg(StrEnum):
    """What stands for shares to be bought, where it is not `hedge_with`'s own leg. Rule: DH-801."""

    AS_HEDGE_WITH = "as_hedge_with"
    SELL_PUTS = "sell_puts"
    BUY_CALLS = "buy_calls"


@frozen
class HedgingSettings:
    """The delta-hedging desk. Durations in seconds, thresholds in contract-deltas.

    >>> HedgingSettings().threshold, hedging_profile("source").multiplier
    (Decimal('0.15'), 1)
    """

    profile: Profile = parameter(Profile.STANDARD, "standard, source or shares_v2: sets the rows of its table.")
    strategy_name: str = parameter("0dte_gamma_scalper", "Part of every intent id, and metadata.strategy.")

    multiplier: int | None = parameter(None, "Shares a contract for all options; none = of the instrument.", at_least=1)
    multiplier_default: int = parameter(100, "Shares a contract where the registry is silent.", at_least=1)
    any_symbol: bool = parameter(False, "Any symbol with a delta forms a position, not options alone.")
    one_book: str = parameter("", "One hedge share for everything, like SPY; empty = by the registry.")
    hedge_ratio: HedgeRatio = parameter(HedgeRatio.REGISTRY, "registry, or live = index price / share price.")
    delta_unit: Decimal | None = parameter(None, "Shares per contract-delta; none = smallest open one.", above=0)
    count_hedges: bool = parameter(True, "Exposure counts hedge shares, filled and in flight.")
    hedge_ledger: HedgeLedgerPolicy = parameter(HedgeLedgerPolicy.FILLS, "fills, emitted or none.")

    threshold: Decimal = parameter(Decimal("0.15"), "Hedge above this net delta, contract-deltas.", above=0)
    threshold_negative_gex: Decimal = parameter(Decimal("0.10"), "The same when dealer gamma is negative.", above=0)
    unknown_regime_policy: UnknownRegime = parameter(UnknownRegime.BASE, "Unknown gamma: base or tight threshold.")
    macro_threshold_factor: Decimal = parameter(Decimal("1.25"), "Threshold × this in a macro event.", above=0)
    band_per_contract: Decimal = parameter(Decimal(0), "Threshold per open contract; 0 = off.", at_least=0)
    min_interval: Decimal = parameter(Decimal(60), "Between two hedges of a book, seconds.", at_least=0)
    max_hedges_per_session: int | None = parameter(None, "Hedges a book and session; none = no cap.", at_least=1)
    max_hedge_shares: int | None = parameter(None, "Largest single hedge, shares; the rest waits.", at_least=1)
    scale_hedges: bool = parameter(False, "Macro events scale hedges down, not only new risk.")
    raise_small_hedges: bool = parameter(False, "Less than one share becomes one.")
    hedge_with: HedgeWith = parameter(HedgeWith.SHARES, "shares, buy_protection or sell_premium.")
    positive_delta: PositiveLeg = parameter(
        PositiveLeg.AS_HEDGE_WITH, "To sell shares: sell_calls, buy_puts or as_hedge_with."
    )
    negative_delta: NegativeLeg = parameter(
        NegativeLeg.AS_HEDGE_WITH, "To buy shares: sell_puts, buy_calls or as_hedge_with."
    )
    limits: OpeningLimits = OpeningLimits()
    book_betas: Mapping[str, Decimal] = parameter({}, "Beta of a book, by hedge share, for a total in reports.")
    underlying_max_age: Decimal = parameter(Decimal(300), "Oldest usable price of the underlying, seconds.", above=0)

    session_gate: bool = parameter(True, "Hedge only from the open; off: before it too.")
    timers: bool = parameter(True, "Act at due times, not on events alone.")
    exit_before_close: Decimal = parameter(
        Decimal(900), "Cut-off before the close, seconds.", at_least=60, at_most=21_600
    )
    exit_batch: ExitBatch = parameter(ExitBatch.ALL, "What the exit closes: all, options or split.")
    exit_on_emission: bool = parameter(False, "Exits count as done when emitted, not when filled.")
    exit_retry: Decimal = parameter(Decimal(60), "Between two looks at an unfinished exit, seconds.", above=0)
    fill_timeout: Decimal = parameter(Decimal(60), "Without news of an intent: alarm, seconds.", above=0)
    leftovers: Leftovers = parameter(Leftovers.CLOSE, "Holdings of an earlier session: close, keep, keep_options.")
    float_quantities: bool = parameter(False, "Quantities on the wire as 7.0, not 7.")

    gex_override: Decimal | None = parameter(None, "Dealer gamma by hand; its sign wins over every source.")
    gex_fallback: Decimal | None = parameter(None, "Dealer gamma when no source knows it.")
    gex_symbol: str = parameter("SPX", "Whose dealer gamma rules.")
    gex_symbols: Mapping[str, str] = parameter({}, "Whose gamma rules a book, by hedge share: QQQ = NDX.")
    gex_shape: GexShape = parameter(GexShape.SPX_GEX, "Shape of the gamma document.")
    gex_sources: tuple[str, ...] = parameter(("firestore", "file", "chain"), "Order in which sources are asked.")
    gex_ttl: Decimal = parameter(Decimal(60), "A good read serves this long, seconds.", at_least=0)
    gex_max_age: Decimal = parameter(Decimal(300), "Oldest usable reading, seconds.", above=0)
    macro_event_ttl: Decimal = parameter(Decimal(14_400), "A macro event ends after this, seconds.", above=0)
    pause_blocks_hedges: bool = parameter(False, "A pause stops hedges too, not only openings.")

    freshness: Freshness = parameter(Freshness.OFF, "off (replay) or live.")
    mode: LineMode = parameter(LineMode.STRICT, "strict ends at the first bad line, lenient skips it.")
    protocol_logs: ProtocolLogs = parameter(ProtocolLogs.STDERR, "stderr, or stdout for a v1 host.")
    max_age: Decimal = parameter(Decimal(30), "Live: oldest event taken, seconds.", at_least=0)
    max_skew: Decimal = parameter(Decimal(5), "Live: furthest ahead of our clock, seconds.", at_least=0)
    seen_ids: int = parameter(250_000, "Event ids remembered.", at_least=1)
    unusual_delta_factor: Decimal = parameter(Decimal(10), "Alarm above this many thresholds.", above=0)
    unusual_delta_seconds: Decimal = parameter(Decimal(120), "That long without a break, seconds.", at_least=0)
    heartbeat: Decimal = parameter(Decimal(120), "Live: no event for this long: alarm, seconds.", above=0)

    @property
    def hedges_in_options(self) -> bool:
        """Whether any hedge may be made of options: only then is a chain remembered. Rule: DH-801."""
        legs = (self.positive_delta, self.negative_delta)
        return self.hedge_with is not HedgeWith.SHARES or any(leg != "as_hedge_with" for leg in legs)

    @property
    def config_hash(self) -> str:
        """First 16 hex digits of the SHA-256 of these settings as canonical JSON. Rule: DH-612."""
        return hashlib.sha256(canonical_json(attrs.asdict(self)).encode()).hexdigest()[:16]

    def exits_before(self, last: dt.datetime | None, session: TradingSession) -> HedgingSettings:
        """The same figures with the cut-off at `last` at the latest; None: the broker closes nothing first. CS-524."""
        if last is None:
            return self
        seconds = Decimal(int((session.close - last).total_seconds()))
        return attrs.evolve(self, exit_before_close=max(self.exit_before_close, seconds))


def seconds(number: Decimal) -> dt.timedelta:
    """A duration of the settings as a span of time."""
    return dt.timedelta(seconds=float(number))


_COMPARED: dict[str, Any] = {
    "any_symbol": True,
    "one_book": "SPY",
    "count_hedges": False,
    "scale_hedges": True,
    "session_gate": False,
    "timers": False,
    "exit_on_emission": True,
    "float_quantities": True,
}

PROFILES: Mapping[Profile, HedgingSettings] = {
    Profile.STANDARD: HedgingSettings(),
    Profile.SOURCE: HedgingSettings(
        profile=Profile.SOURCE,
        multiplier=1,
        delta_unit=Decimal(1),
        hedge_ledger=HedgeLedgerPolicy.NONE,
        exit_batch=ExitBatch.OPTIONS,
        leftovers=Leftovers.KEEP,
        **_COMPARED,
    ),
    Profile.SHARES_V2: HedgingSettings(
        profile=Profile.SHARES_V2,
        multiplier=100,
        delta_unit=Decimal(100),
        hedge_ledger=HedgeLedgerPolicy.EMITTED,
        max_hedges_per_session=1,
        raise_small_hedges=True,
        exit_batch=ExitBatch.SPLIT,
        leftovers=Leftovers.KEEP_OPTIONS,
        **_COMPARED,
    ),
}
"""The table of section 0, row by row. Rule: DH-002."""


def check_live(settings: HedgingSettings) -> None:
    """Nothing when these settings may trade a live account. Rule: DH-003.

    Raises:
        ConfigurationError: they are of a profile that is for comparison.

    >>> check_live(HedgingSettings())
    >>> check_live(hedging_profile("source"))
    Traceback (most recent call last):
    gammacore.errors.ConfigurationError: hedging.profile: source is for comparison, never live; give standard
    """
    if settings.profile is not Profile.STANDARD:
        raise ConfigurationError(
            f"hedging.profile: {settings.profile} is for comparison, never live; give {Profile.STANDARD}"
        )


def hedging_profile(name: str) -> HedgingSettings:
    """The settings of a profile.

    Raises:
        InvalidInput: no such profile; the message names them.

    >>> hedging_profile("shares_v2").max_hedges_per_session
    1
    """
    try:
        return PROFILES[Profile(name)]
    except ValueError as wrong:
        raise InvalidInput("profile", name, f"give one of {', '.join(Profile)}") from wrong
