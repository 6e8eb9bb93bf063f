"""A measured exposure as a document: strikes and exposures as numbers, what is missing as None (gex.md)."""

from __future__ import annotations

from gammacore.domain.gex.pin import Pin
from gammacore.domain.gex.survey import GammaSurvey
from gammacore.domain.gex.walls import Wall

PROFILE_POINTS = 60
"""So many points of the profile are published. Rule: OP-503."""


def exposure_document(survey: GammaSurvey, pin: Pin | None) -> dict[str, object]:
    """The keys of gex.md."""
    exposure, flips, walls = survey.exposure, survey.flips, survey.walls
    rows = zip(exposure.strikes.tolist(), exposure.call.tolist(), exposure.put.tolist(), strict=True)
    return {
        "underlying": exposure.underlying,
        "as_of": exposure.as_of,
        "spot": float(exposure.spot),
        "scope": str(exposure.scope),
        "unit": exposure.unit.value,
        "sign": exposure.sign.value,
        "greeks": exposure.greeks.value,
        "clock": exposure.clock,
        "rates": str(exposure.rates),
        "net": exposure.net_total,
        "call": exposure.call_total,
        "put": exposure.put_total,
        "by_strike": [{"strike": k, "call": c, "put": p, "net": c + p} for k, c, p in rows],
        "flips": list(flips.roots),
        "flip": flips.flip,
        "call_wall": _wall(walls.call),
        "put_wall": _wall(walls.put),
        "pin": None
        if pin is None
        else {
            "strike": float(pin.strike),
            "competing": pin.competing,
            "polarity": pin.polarity.value,
            "candidates": [
                {"strike": float(c.strike), "exposure": c.exposure, "score": c.score} for c in pin.candidates
            ],
        },
        "contracts": {"used": exposure.used, "skipped": dict(exposure.skipped)},
    }


def profile_points(survey: GammaSurvey, points: int = PROFILE_POINTS) -> list[tuple[float, float]]:
    """Level of the underlying and net exposure there, so many of the profile evenly."""
    levels, net = survey.flips.profile.levels.tolist(), survey.flips.profile.net.tolist()
    last = len(levels) - 1
    picked = sorted({round(number * last / max(1, points - 1)) for number in range(min(points, len(levels)))})
    return [(levels[number], net[number]) for number in picked]


def _wall(wall: Wall | None) -> dict[str, float] | None:
    return None if wall is None else {"strike": float(wall.strike), "value": wall.exposure, "gap": wall.gap}
