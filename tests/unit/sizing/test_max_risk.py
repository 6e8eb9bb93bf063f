"""What one contract can lose."""

from decimal import Decimal

import pytest

from gammacore.domain.legs import maximum_loss
from gammacore.domain.sizing.max_risk import RiskBasis, max_risk, max_risk_by_strategy, table_max_risk
from gammacore.domain.words import StrategyTag
from gammacore.errors import InvalidInput


def test_the_actual_risk_is_the_width_less_the_credit() -> None:
    """CS-006, CS-606."""
    assert maximum_loss(Decimal(10), Decimal("2.50")) == Decimal(750)
    assert max_risk(RiskBasis.ACTUAL, StrategyTag.PUT_SPREAD, Decimal(5), Decimal("2.50")) == Decimal(250)


@pytest.mark.parametrize(("width", "credit"), [("10", "0"), ("10", "10"), ("10", "-1"), ("0", "1"), ("10", "NaN")])
def test_a_credit_is_above_zero_and_below_the_width(width: str, credit: str) -> None:
    """CS-003."""
    with pytest.raises(InvalidInput):
        maximum_loss(Decimal(width), Decimal(credit))


@pytest.mark.parametrize(
    ("tag", "credit", "dollars"),
    [
        ("CALL_SPREAD", "2.50", 250),
        ("PUT_SPREAD", "2.50", 250),
        ("IRON_CONDOR", "2.70", 250),
        ("OTM_SINGLE_SIDED", "0.50", 900),
        ("OTM_SINGLE_SIDED", "1.00", 900),
        ("OTM_SINGLE_SIDED", "1.50", 850),
        ("OTM_SINGLE_SIDED", "9.99", 1),
        ("OTM_SINGLE_SIDED", "10", 900),  # NDX: 100 wide
        ("OTM_SINGLE_SIDED", "14.50", 900),
        ("OTM_SINGLE_SIDED", None, 900),
        ("BROKEN_WING_CONDOR", None, 800),
    ],
)
def test_the_table_of_the_sizing_guide(tag: str, credit: str | None, dollars: int) -> None:
    """CS-606."""
    assert table_max_risk(StrategyTag(tag), None if credit is None else Decimal(credit)) == Decimal(dollars)


def test_the_table_lists_every_strategy_that_can_be_sold() -> None:
    """CS-610."""
    assert {name: int(risk) for name, risk in max_risk_by_strategy().items()} == {
        "CALL_SPREAD": 250,
        "PUT_SPREAD": 250,
        "IRON_CONDOR": 250,
        "BROKEN_WING_CONDOR": 800,
        "OTM_SINGLE_SIDED": 900,
        "unknown": 800,
    }
