"""The size while sizing is off, and what older ledgers see of the setting. Rules: ST-204, CS-607."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from gammacore.configuration import configure
from gammacore.domain.sizing.policies import SizeReason, SizingPolicy, SizingRules, sizing_policy


@pytest.mark.parametrize("policy", [*SizingPolicy])
def test_with_sizing_off_every_trade_has_the_contracts_that_are_set(policy: SizingPolicy) -> None:
    size = sizing_policy(SizingRules(policy=policy, sizing=False, contracts=4)).size(Decimal(20_000), [], Decimal(250))

    assert (size.contracts, size.reason) == (4, SizeReason.SIZING_OFF)


def test_the_setting_is_in_a_fingerprint_only_where_it_changes_something() -> None:
    """Ledgers of before go on under the same lineage."""
    plain, four = configure(), configure([{"sizing.contracts": 4}])

    assert "sizing.contracts" not in json.loads(plain.fingerprint())
    assert json.loads(four.fingerprint()) == {**json.loads(plain.fingerprint()), "sizing.contracts": "4"}
