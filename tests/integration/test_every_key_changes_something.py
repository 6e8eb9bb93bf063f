"""Every key of the scalping desks and of their limits is read while days are traded, and those of ST0CKA change a day.

SC-702: a setting nobody reads is a bug. A key that is new fails here until a day reads it.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

import gammacore
from builders_cli import PINNED
from builders_scalping import minutes
from gammacore.configuration import Settings, configure
from gammacore.domain.ledger import DayStarted, LedgerOpened
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.risk.entry_limits import kelly_share
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.sessions import TradingSession
from gammacore.domain.tape import TapeRules
from gammacore.domain.volatility import VolatilityRules
from gammacore.wiring import wire_day

pytestmark = pytest.mark.xdist_group("every key")  # what the file sets up is set up by one worker

SOURCES = Path(gammacore.__file__).parent
TILL = dt.datetime(2026, 3, 3, 16, 3, tzinfo=dt.UTC)
"""11:03 in New York: both windows of the morning are over."""
SHARES, VOLATILITY, QUOTES, LIMITS = "scalping.st0cka.", "scalping.volatility.", "scalping.quotes.", "limits."
REVERTING = {f"{SHARES}use_mean_reversion": True, f"{SHARES}reversion.vwap_deviation": "0.0002"}
INTRADAY = {f"{VOLATILITY}vol_source": "intraday"}
WILD = {"market.vix": 30}

CHANGES: dict[str, tuple[Mapping[str, object], object]] = {
    f"{SHARES}profile": ({}, "original"),
    f"{SHARES}power_hour": ({}, True),
    f"{SHARES}all_day": ({}, True),
    f"{SHARES}max_positions": ({}, 5),
    f"{SHARES}max_trades_per_day": ({}, 2),
    f"{SHARES}min_entry_interval": ({}, 120),
    f"{SHARES}entry_order": ({}, "market"),
    f"{SHARES}entry_ttl": ({}, 1),
    f"{SHARES}profit_target": ({}, "0.05"),
    f"{SHARES}reference_vol": ({}, "0.05"),
    f"{SHARES}saturate_at_high": ({f"{VOLATILITY}high_vol_threshold": "0.105"}, True),
    f"{SHARES}cover_fees": ({"broker.fees.share": "0.01"}, True),
    f"{SHARES}position_size_min": ({}, 3),
    f"{SHARES}position_size_max": ({}, 1),
    f"{SHARES}use_volatility_sizing": ({}, False),
    f"{SHARES}stop_per_share": ({}, "0.10"),
    f"{SHARES}unwind": ({}, "patient"),
    f"{SHARES}use_mean_reversion": ({}, True),
    f"{SHARES}allow_short": (REVERTING, True),
    f"{SHARES}reversion.vwap_min_bars": (REVERTING, 20),
    f"{SHARES}reversion.vwap_deviation": (REVERTING, "0.01"),
    f"{SHARES}reversion.reversion_rsi": (REVERTING, "30"),
    f"{SHARES}reversion.reversion_band": (REVERTING, True),
    f"{SHARES}reversion.reversion_target": (REVERTING, "vwap"),
    f"{SHARES}smart.smart_entry": ({}, "bars"),
    f"{VOLATILITY}vol_source": ({}, "intraday"),
    f"{VOLATILITY}vol_lookback": ({}, 5),
    f"{VOLATILITY}estimator": ({}, "source"),
    f"{VOLATILITY}default_vol": (INTRADAY, "0.3"),
    f"{VOLATILITY}low_vol_threshold": ({}, "0.2"),
    f"{VOLATILITY}high_vol_threshold": ({}, "0.11"),
    f"{VOLATILITY}use_vix": (WILD, False),
    f"{VOLATILITY}vix_high": ({}, "16"),
    f"{QUOTES}max_spread_ratio": ({}, "1"),
    f"{LIMITS}daily_loss": ({}, "1"),
    f"{LIMITS}losses_in_a_row": ({}, 1),
    f"{LIMITS}position_share": ({}, "0.01"),
    f"{LIMITS}heat": ({}, "0.00001"),
    f"{LIMITS}kelly": ({}, True),
}
"""What is set besides, and the value that makes another morning of it."""

AT = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)


def by_vix(vix: int, **rules: Any) -> object:
    """The regime that a VIX seen a minute ago means."""
    return VolatilityRules(**rules).by_vix(Decimal(vix), AT, AT + dt.timedelta(seconds=60))


def of_kelly(part: str) -> object:
    limits = RiskLimits(kelly=True, kelly_fraction=Decimal(part))
    return kelly_share(limits, [Decimal(250)] * 55 + [Decimal(-100)] * 45)


def quiet_minutes(scale: float) -> object:
    bars = minutes(*["600", "600.1"] * 15)
    now = bars[-1].end
    history = MarketHistory(now, TradingSession.of(now.date()), one_minute=bars)
    return VolatilityRules(intraday_scale=scale).reading(history, now).value


ELSEWHERE: dict[str, tuple[object, object]] = {
    f"{VOLATILITY}vix_low": (by_vix(14), by_vix(14, vix_low=Decimal(10))),
    f"{VOLATILITY}vix_max_age": (by_vix(30), by_vix(30, vix_max_age=30)),
    f"{VOLATILITY}intraday_scale": (quiet_minutes(1.0), quiet_minutes(2.0)),
    f"{QUOTES}spread_cap_min": (
        TapeRules().cap(Decimal(10)),
        TapeRules(spread_cap_min=Decimal("0.5")).cap(Decimal(10)),
    ),
    f"{QUOTES}spread_cap": (TapeRules().cap(Decimal(600)), TapeRules(spread_cap=Decimal("0.002")).cap(Decimal(600))),
    f"{LIMITS}kelly_fraction": (of_kelly("0.25"), of_kelly("1")),
}
"""What no morning of the simulated market shows: the answers of the rule itself, before and after."""

READ_BY = {
    "scalping.track_performance": "wiring/alerts/notices.py",
    "scalping.quotes.max_quote_age": "domain/tape.py",
    "scalping.runner.feed_alarm": "application/watch_feed.py",
    "scalping.runner.on_shutdown": "domain/loop_limits.py",
    "scalping.runner.shutdown_limit": "adapters/asyncio_runner",
    "scalping.gamma.selection_retry": "domain/desks/gamma_entry.py",
    "scalping.gamma.resume_or_open": "domain/desks/gamma_resume.py",
    "scalping.gamma.roll": "domain/desks/gamma_resume.py",
    "scalping.hybrid.hysteresis": "domain/scalping/hybrid.py",
    "scalping.hybrid.min_dwell": "domain/scalping/hybrid.py",
    "scalping.hybrid.on_gamma_refused": "domain/desks/hybrid.py",
    "scalping.hybrid.transition_timeout": "domain/desks/hybrid.py",
    "limits.keep_assigned_shares": "domain/desks",
    "limits.oversize": "domain/risk/limits.py",
}
"""Where a key is read that none of the days below reads: another strategy, the end of a run, a switch of the desk."""


@cache
def morning(given: tuple[tuple[str, object], ...]) -> tuple[str, ...]:
    """Everything that happened on a morning of ST0CKA, without the ids that every configuration makes its own."""
    keys: dict[str, Any] = {"trade.strategy": "st0cka", "market.step_seconds": 60, "market.underlying": "SPY",
                            "market.seed": PINNED}  # fmt: skip
    day = wire_day(configure([{**keys, "sizing.starting_capital": 60_000, **dict(given)}]))
    try:
        if any(key in (f"{SHARES}power_hour", f"{SHARES}all_day") for key, _ in given):
            day.trade()
        else:
            day.trade.run_until(lambda _book: day.trade.clock.now() >= TILL)
        happened = [event for event in day.storage.events() if not isinstance(event, LedgerOpened | DayStarted)]
        return tuple(re.sub(r"[0-9a-f]{10,}", "#", repr(event)) for event in happened)
    finally:
        day.close()


@pytest.mark.parametrize("key", CHANGES)
def test_a_key_makes_another_morning(key: str) -> None:
    besides, value = CHANGES[key]

    assert morning(tuple({**besides, key: value}.items())) != morning(tuple(besides.items()))


@pytest.mark.parametrize("key", ELSEWHERE)
def test_a_key_changes_the_answer_of_its_rule(key: str) -> None:
    before, after = ELSEWHERE[key]

    assert before != after


def leaves(instance: Any, prefix: str) -> Iterator[tuple[type, str, str]]:
    """(class, name, key) of every setting below an instance."""
    for attribute in attrs.fields(type(instance)):
        value, key = getattr(instance, attribute.name), f"{prefix}{attribute.name}"
        if attrs.has(type(value)):
            yield from leaves(value, f"{key}.")
        else:
            yield type(instance), attribute.name, key


EVERY = [*leaves(Settings().scalping, "scalping."), *leaves(Settings().limits, "limits.")]


def test_every_key_of_st0cka_and_of_what_all_desks_read_is_changed_here() -> None:
    told = {*CHANGES, *ELSEWHERE, *READ_BY}
    shared = (SHARES, VOLATILITY, QUOTES)

    assert {key for _, _, key in EVERY if key.startswith(shared)} <= told


@pytest.fixture(scope="module")
def read() -> Iterator[set[str]]:
    """The keys that a rule reads while a day of each strategy is traded: no copy, no listing, no check of its value."""
    found: set[str] = set()
    kinds = {kind for kind, _, _ in EVERY}
    keys = {(kind, name): key for kind, name, key in EVERY}

    def reading(kind: type) -> Any:
        def get(self: object, name: str) -> Any:
            value = object.__getattribute__(self, name)
            if (kind, name) in keys:
                code = sys._getframe(1).f_code
                place = Path(code.co_filename)
                is_ours = SOURCES in place.parents and "configuration" not in place.parts
                if is_ours and code.co_name != "__attrs_post_init__":
                    found.add(keys[kind, name])
            return value

        return get

    for kind in kinds:
        kind.__getattribute__ = reading(kind)  # type: ignore[method-assign]
    try:
        for strategy in ("st0cka", "st0ckg", "gamma-scalping", "hybrid", "credit-spread"):
            step = 300 if strategy in ("gamma-scalping", "hybrid") else 60
            settings = {"trade.strategy": strategy, "market.seed": PINNED, "market.step_seconds": step, **REVERTING}
            day = wire_day(configure([settings]))
            try:
                day.trade()
            finally:
                day.close()
        yield found
    finally:
        for kind in kinds:
            del kind.__getattribute__


@pytest.mark.parametrize("key", [key for _, _, key in EVERY])
def test_every_key_is_read(key: str, read: set[str]) -> None:
    if key in CHANGES or key in ELSEWHERE or key in read:
        return
    assert key in READ_BY, f"{key}: no day reads it; name in READ_BY who does, or take it out"
    place = SOURCES / READ_BY[key]
    files = [place] if place.is_file() else list(place.rglob("*.py"))
    assert any(f".{key.rpartition('.')[2]}" in file.read_text(encoding="utf-8") for file in files)


def test_nothing_is_named_that_is_no_key() -> None:
    assert {*CHANGES, *ELSEWHERE, *READ_BY} <= {key for _, _, key in EVERY}
