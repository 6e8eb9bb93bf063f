"""What a library user types first: an int is taken exactly, a float is refused with the field and the fix."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

import gammacore
from builders_gex import a_chain
from gammacore.domain.entries.setup import SetupRules
from gammacore.domain.instruments import Right
from gammacore.domain.sizing.policies import SizingPolicy
from gammacore.domain.words import Confidence

SPX = gammacore.REGISTRY["SPX"]
NOON = dt.datetime(2026, 3, 3, 17, tzinfo=dt.UTC)
ROLLING = gammacore.sizing_policy(gammacore.SizingRules())
BOOTSTRAP = gammacore.sizing_policy(gammacore.SizingRules(policy=SizingPolicy.BOOTSTRAP_STATS))
RECORD = [Decimal(56)] * 20 + [Decimal(-30)] * 10

PUBLIC: dict[str, tuple[str, Callable[[Any], object], int]] = {
    "setup, pin": ("pin", lambda n: gammacore.select_setup(SPX, pin=n, price=Decimal(6057), vix=Decimal(14)), 6050),
    "setup, price": ("price", lambda n: gammacore.select_setup(SPX, pin=Decimal(6050), price=n, vix=Decimal(14)), 6057),
    "setup, vix": ("vix", lambda n: gammacore.select_setup(SPX, pin=Decimal(6050), price=Decimal(6057), vix=n), 14),
    "setup, rules": ("vix_ceiling", lambda n: SetupRules(vix_ceiling=n), 20),
    "size, balance": ("balance", lambda n: ROLLING.size(n, RECORD, Decimal(250)), 20_000),
    "size, history": ("history", lambda n: ROLLING.size(Decimal(20_000), [n, *RECORD], Decimal(250)), 56),
    "size, risk": ("max_risk", lambda n: ROLLING.size(Decimal(20_000), RECORD, n), 250),
    "bootstrap size": ("balance", lambda n: BOOTSTRAP.size(n, [], Decimal(250)), 20_000),
    "sizing rules": ("starting_capital", lambda n: gammacore.SizingRules(starting_capital=n), 20_000),
    "stop rules": ("stop", lambda n: gammacore.StopPolicy(stop=n, emergency=Decimal(2)), 1),
    "optional stop rule": ("fixed_target", lambda n: gammacore.StopPolicy(fixed_target=n), 1),
    "advertised stop": ("credit", lambda n: gammacore.stop_policy("standard").advertised_stop(n), 2),
    "advertised emergency": ("credit", lambda n: gammacore.stop_policy("standard").advertised_emergency(n), 2),
    "advertised target": (
        "credit", lambda n: gammacore.stop_policy("standard").advertised_target(n, Confidence.HIGH), 2,
    ),
    "strike": ("strike", lambda n: SPX.contract(dt.date(2026, 3, 3), Right.CALL, n), 6000),
    "bid": ("bid", lambda n: gammacore.Quote(n, Decimal(3), NOON), 2),
    "ask": ("ask", lambda n: gammacore.Quote(Decimal(1), n, NOON), 2),
    "snapshot, spot": ("spot", lambda n: gammacore.MarketSnapshot(NOON, "SPX", n, NOON, None, None).spot, 6000),
    "snapshot, vix": ("vix", lambda n: gammacore.MarketSnapshot(NOON, "SPX", None, None, None, n).vix, 14),
    "pin": ("spot", lambda n: gammacore.find_pin([5900, 6000], [1e9, 2e9], n, SPX), 5950),
    "underlying": ("hedge_ratio", lambda n: gammacore.Underlying(
        "SPX", "SPXW", SPX.exercise, SPX.settlement, hedge_ratio=n), 10),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_an_int_is_taken_exactly(name: str) -> None:
    _, call, number = PUBLIC[name]

    assert repr(call(number)) == repr(call(Decimal(number)))


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("wrong", [float, str, bool])
def test_a_float_a_text_or_a_truth_value_is_refused_with_the_field(name: str, wrong: type) -> None:
    """CS-012: 0.1 as a float is no tenth."""
    field, call, number = PUBLIC[name]

    with pytest.raises(gammacore.InvalidInput) as refusal:
        call(wrong(number))
    assert refusal.value.field == field
    if wrong is float:
        assert f'give Decimal("{float(number)!r}") or an int' in str(refusal.value)


def test_exposure_takes_an_int_as_spot_and_no_float() -> None:
    chain = a_chain([])

    assert gammacore.measure_exposure(chain, 6000).spot == Decimal(6000)
    with pytest.raises(gammacore.InvalidInput, match=r"spot: 6000\.5 is not valid"):
        gammacore.measure_exposure(chain, 6000.5)  # type: ignore[arg-type]  # what a user might type


def test_a_rule_refuses_a_float_also_once_a_configuration_was_read() -> None:
    """Reading one resolves the types of the rules' classes: `Decimal | None` is no text any more."""
    attrs.resolve_types(gammacore.StopPolicy)

    with pytest.raises(gammacore.InvalidInput, match="fixed_target"):
        gammacore.StopPolicy(fixed_target=0.6)  # type: ignore[arg-type]  # the mistake itself
