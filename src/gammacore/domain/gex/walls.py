"""The strikes that carry most: call wall and put wall, with the gap to the runner-up."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from attrs import frozen

from gammacore.domain.columns import Bools, Floats
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.market import from_float


@frozen
class Wall:
    """A strike (points), its exposure and by how much that beats the runner-up, both gross, in the exposure's unit."""

    strike: Decimal
    exposure: float
    gap: float


@frozen
class Walls:
    """Call wall and put wall; None where no strike qualifies. Both can be the same strike."""

    call: Wall | None
    put: Wall | None


def find_walls(exposure: GammaExposure, *, constrained: bool = False) -> Walls:
    """The strikes with the largest absolute call and put exposure.

    `constrained` looks for the call wall at or above the spot and for the put wall at or below it only. Ties go to
    the strike nearer to the spot, then to the lower one.
    """
    spot = float(exposure.spot)
    above, below = exposure.strikes >= spot, exposure.strikes <= spot
    everywhere = np.ones(len(exposure.strikes), dtype=bool)
    return Walls(
        _largest(exposure.strikes, np.abs(exposure.call), above if constrained else everywhere, spot),
        _largest(exposure.strikes, np.abs(exposure.put), below if constrained else everywhere, spot),
    )


def _largest(strikes: Floats, mass: Floats, eligible: Bools, spot: float) -> Wall | None:
    rows = np.flatnonzero(eligible & (mass > 0))
    if not len(rows):
        return None
    order = rows[np.lexsort((strikes[rows], np.abs(strikes[rows] - spot), -mass[rows]))]
    runner_up = float(mass[order[1]]) if len(order) > 1 else 0.0
    top = order[0]
    return Wall(from_float(float(strikes[top])), float(mass[top]), float(mass[top]) - runner_up)
