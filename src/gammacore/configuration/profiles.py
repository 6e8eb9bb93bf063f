"""Named sets of settings: what a profile or a preset stands for, where the user gave no key of it. CS-534, DH-002."""

from __future__ import annotations

from typing import Any

import attrs

from gammacore.configuration.sources import Given, SettingError, Sourced
from gammacore.domain.hedging.settings import HedgingSettings, hedging_profile
from gammacore.domain.holdings.policy import StopPolicy, stop_policy
from gammacore.domain.scalping.st0cka import share_profile
from gammacore.domain.sizing.policies import SizingPolicy
from gammacore.errors import InvalidInput

BEYOND_THE_STOPS: dict[str, dict[str, Any]] = {
    "source-000": {
        "entries.schedule.times": ["09:36"],
        "entries.schedule.window_from_minutes": 6,
        "sizing.policy": SizingPolicy.BOOTSTRAP_STATS,
    },
    "stop-outside-quotes": {"entries.stop_inside_quotes.on": True},
    "walk": {"entries.limit.walk": True},
}
"""Presets of the stops that name a whole way to trade: one entry at 9:36, fixed target, version A (CS-534); `standard`
with entries only where bid and ask leave the stop room (CS-368), or that walk their price (CS-421)."""
PROFILE = "hedging.profile"
SHARE_PROFILE = "scalping.st0cka.profile"


def stops_of_preset(preset: Sourced) -> StopPolicy:
    try:
        return stop_policy(str(preset.value))
    except InvalidInput as wrong:
        raise SettingError(
            preset.source, "stops.preset", f"stops.{wrong.field}: {wrong.value} is not valid", wrong.fix
        ) from wrong


def of_the_profile(profile: Sourced) -> Given:
    """What a profile of the hedging desk sets; a key given by the user wins. Rule: DH-002."""
    try:
        chosen = hedging_profile(str(profile.value))
    except InvalidInput as wrong:
        raise SettingError(
            profile.source, PROFILE, f"hedging.{wrong.field}: {wrong.value} is not valid", wrong.fix
        ) from wrong
    standard, source = HedgingSettings(), f"profile {profile.value} ({profile.source})"
    rows = ((a.name, getattr(chosen, a.name)) for a in attrs.fields(HedgingSettings) if a.name != "profile")
    return {f"hedging.{name}": Sourced(value, source) for name, value in rows if value != getattr(standard, name)}


def of_the_share_profile(layer: Given) -> Given:
    """What a profile of ST0CKA sets: it wins over weaker layers, a key of its own layer over it. SC-701, SC-709.

    The older program's file of variables names each of these keys; a profile asked for on the command line must hold.
    """
    if (profile := layer.get(SHARE_PROFILE)) is None:
        return {}
    try:
        rows = share_profile(str(profile.value))
    except InvalidInput as wrong:
        problem = f"{SHARE_PROFILE}: {wrong.value} is not valid"
        raise SettingError(profile.source, SHARE_PROFILE, problem, wrong.fix) from wrong
    source = f"profile {profile.value} ({profile.source})"
    table = SHARE_PROFILE.removesuffix("profile")
    return {f"{table}{name}": Sourced(value, source) for name, value in rows.items()}


def beyond_the_stops(preset: Sourced) -> Given:
    """What a preset means besides its stops; a key given by the user wins. Rule: CS-534."""
    source = f"preset {preset.value} ({preset.source})"
    return {key: Sourced(value, source) for key, value in BEYOND_THE_STOPS.get(str(preset.value), {}).items()}
