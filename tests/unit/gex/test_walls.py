"""Walls: gross by default, on their own side of the spot when constrained."""

from decimal import Decimal

from builders_gex import Row, a_chain
from gammacore.domain.gex.exposure import GammaExposure, measure_exposure
from gammacore.domain.gex.units import ExposureUnit, GreeksSource
from gammacore.domain.gex.walls import Wall, find_walls


def exposure(*rows: tuple[float, bool, float], spot: int = 100) -> GammaExposure:
    chain = a_chain([Row(strike, is_call, held, gamma=0.01) for strike, is_call, held in rows])
    return measure_exposure(chain, Decimal(spot), greeks=GreeksSource.FEED, unit=ExposureUnit.SHARES)


def test_walls_are_the_largest_gross_strikes_with_their_gap() -> None:
    walls = find_walls(exposure((95, True, 50), (105, True, 30), (95, False, 80), (110, False, 70)))

    assert walls.call == Wall(Decimal(95), 50.0, 20.0)
    assert walls.put == Wall(Decimal(95), 80.0, 10.0)


def test_constrained_walls_stand_on_their_own_side() -> None:
    found = find_walls(
        exposure((95, True, 50), (100, True, 30), (105, True, 20), (95, False, 8), (110, False, 70)), constrained=True
    )

    assert found.call == Wall(Decimal(100), 30.0, 10.0)
    assert found.put == Wall(Decimal(95), 8.0, 8.0)


def test_a_tie_goes_to_the_nearer_then_to_the_lower_strike() -> None:
    assert find_walls(exposure((90, True, 5), (105, True, 5))).call == Wall(Decimal(105), 5.0, 0.0)
    assert find_walls(exposure((95, True, 5), (105, True, 5))).call == Wall(Decimal(95), 5.0, 0.0)


def test_no_puts_no_put_wall() -> None:
    assert find_walls(exposure((95, True, 5))).put is None
    assert find_walls(exposure((95, True, 5)), constrained=True).call is None
