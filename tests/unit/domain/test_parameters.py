"""How a rule's figures are declared: bounds hold, words name them, nothing infinite passes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import fields, frozen

from gammacore.domain.parameters import parameter
from gammacore.errors import InvalidInput


@frozen
class Figures:
    above: Decimal = parameter(Decimal(1), "More than nothing.", above=0)
    at_least: int = parameter(0, "Nothing or more.", at_least=0)
    below: float = parameter(0.5, "Less than one.", below=1)
    at_most: Decimal | None = parameter(None, "One or less, or nothing at all.", at_most=1)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("above", Decimal(0), "above 0"), ("at_least", -1, "at least 0"), ("below", 1.0, "below 1"),
     ("at_most", Decimal("1.01"), "at most 1"), ("above", Decimal("NaN"), "finite"), ("below", float("inf"), "finite"),
     ("below", float("nan"), "finite")],
)  # fmt: skip
def test_a_figure_outside_its_bounds_is_refused_by_name(field: str, value: object, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Figures(**{field: value})  # type: ignore[arg-type]
    assert refusal.value.field == field
    assert words in refusal.value.fix


def test_the_bounds_themselves_pass_where_they_are_inclusive() -> None:
    assert Figures(above=Decimal("0.01"), at_least=0, below=0.99, at_most=Decimal(1)).at_most == 1
    assert Figures(at_most=None).at_most is None


def test_the_sentence_for_the_sample_configuration_is_kept() -> None:
    assert fields(Figures).at_least.metadata["doc"] == "Nothing or more."
