"""The reserve for hedges: one rule for both desks."""

from decimal import Decimal

import pytest

from gammacore.domain.straddles.straddle import StraddleRules, hedge_reserve


@pytest.mark.parametrize(("delta", "dollars"), [("0.5", 8850), ("1", 17_700)])
def test_the_reserve_is_a_part_of_the_shares_that_a_delta_is_worth(delta: str, dollars: int) -> None:
    """SC-461: 8,850 at 590; a whole delta is the delta-hedging desk's."""
    assert hedge_reserve(Decimal(590), 1, Decimal("0.30"), Decimal(delta)) == dollars


def test_the_delta_hedging_desk_reserves_for_a_whole_delta() -> None:
    """SC-461."""
    assert StraddleRules().hedge_reserve(Decimal(590), 2) == hedge_reserve(Decimal(590), 2, Decimal("0.30"), Decimal(1))
