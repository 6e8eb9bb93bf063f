"""The two Half-Kelly policies under one halt and one cap."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sizing.policies import (
    BootstrapStats,
    RollingHalfKelly,
    Size,
    SizeReason,
    SizingPolicy,
    SizingRules,
    sizing_policy,
)
from gammacore.domain.words import Confidence
from gammacore.errors import InvalidInput

EDGE = [Decimal(100)] * 7 + [Decimal(-100)] * 3  # Kelly 0.4
PROFITS = st.lists(st.decimals(-1000, 1000, places=2), max_size=60)
BALANCES = st.decimals(0, 1_000_000, places=2)


def rolling(balance: str, history: list[Decimal], risk: int = 800, **rules: Any) -> Size:
    return RollingHalfKelly(evolve(SizingRules(), **rules)).size(Decimal(balance), history, Decimal(risk))


@pytest.mark.parametrize(
    ("balance", "contracts"),
    [(5_000, 0), (7_500, 0), (10_000, 3), (15_000, 3), (20_000, 3), (25_000, 3), (30_000, 3), (40_000, 3), (50_000, 3)],
)
def test_version_a_by_balance(balance: int, contracts: int) -> None:
    """CS-605, CS-601: the position table of the sizing guide."""
    assert BootstrapStats().size(Decimal(balance), []).contracts == contracts


def test_version_a_by_balance_as_published(shared_data: Path) -> None:
    """CS-605."""
    text = (shared_data / "credit_spreads" / "published_figures.json").read_text()
    for balance, contracts in json.loads(text)["seed0_bootstrap"]["sizes_by_balance"].items():
        assert BootstrapStats().size(Decimal(balance), []).contracts == contracts


@pytest.mark.parametrize(("balance", "raw"), [(20_000, 27.38), (10_000, 13.69)])
def test_version_a_before_floor_and_cap(balance: int, raw: float) -> None:
    """CS-605: kelly .41071 from the assumed record, 150 dollars of stop."""
    size = BootstrapStats().size(Decimal(balance), [], max_risk=Decimal(800))

    assert float(size.kelly) == pytest.approx(0.41071, abs=5e-6)
    assert float(size.raw_contracts) == pytest.approx(raw, abs=5e-3)
    assert (size.max_risk, size.assumed, size.statistics.trades) == (Decimal(150), True, 0)


@pytest.mark.parametrize(
    ("wins", "losses", "assumed"),
    [(5, 4, True), (5, 5, False), (8, 2, False), (9, 1, True), (4, 6, True), (10, 0, True)],
)
def test_version_a_trusts_a_record_of_ten_trades_five_wins_two_losses(wins: int, losses: int, assumed: bool) -> None:
    """CS-605."""
    size = BootstrapStats().size(Decimal(20_000), [Decimal(100)] * wins + [Decimal(-50)] * losses)

    assert size.assumed is assumed
    assert (size.kelly == size.statistics.kelly) is not assumed


def test_version_a_scales_its_dollars_with_the_base_width() -> None:
    """CS-605: NDX 900 / 1596 / 654, so the Kelly fraction is that of SPX."""
    spx = BootstrapStats().size(Decimal(20_000), [])
    ndx = BootstrapStats().size(Decimal(20_000), [], underlying=REGISTRY["NDX"])

    assert ndx.max_risk == Decimal(900)
    assert ndx.kelly == spx.kelly
    assert ndx.raw_contracts == spx.raw_contracts / 6


def test_version_a_without_an_edge_trades_one() -> None:
    """CS-605: clamped to 1..3."""
    size = BootstrapStats().size(Decimal(20_000), [Decimal(10)] * 5 + [Decimal(-100)] * 20)

    assert (size.contracts, size.reason) == (1, SizeReason.NO_EDGE)


def test_version_b_on_the_live_record() -> None:
    """CS-604: 19,995, 45 trades, max risk 250: half −11.13 %, 1 contract."""
    size = rolling("19995", [Decimal("56.00")] * 11 + [Decimal("-34.62")] * 34, 250)

    assert (size.contracts, size.reason, size.policy) == (1, SizeReason.NO_EDGE, SizingPolicy.ROLLING)
    assert float(size.half_kelly) * 100 == pytest.approx(-11.13, abs=5e-3)
    assert size.raw_contracts == 19995 * size.half_kelly / 250


@pytest.mark.parametrize(
    ("history", "contracts", "reason"),
    [
        ([], 1, "few_trades"),
        (EDGE[1:], 1, "few_trades"),
        (EDGE, 3, "cap"),
        ([Decimal(100)] * 10, 1, "no_losses"),
        ([Decimal(-100)] * 10, 1, "no_wins"),
        ([Decimal(100), Decimal(-100)] * 5, 1, "no_edge"),
        ([Decimal(-100), *[Decimal(100)] * 50], 1, "no_losses"),  # the loss has left the window
    ],
)
def test_version_b_until_the_record_can_decide(history: list[Decimal], contracts: int, reason: str) -> None:
    """CS-604."""
    size = rolling("20000", history)

    assert (size.contracts, size.reason.value) == (contracts, reason)


@pytest.mark.parametrize(
    ("balance", "contracts", "reason"),
    [
        ("15999.99", 1, "minimum"),
        ("16000", 1, "kelly"),
        ("32000", 2, "kelly"),
        ("48000", 3, "kelly"),
        ("64000", 3, "cap"),
    ],
)
def test_version_b_floors_last_and_exactly(balance: str, contracts: int, reason: str) -> None:
    """CS-604: half Kelly .2; 3,200 risked over 3,200 is one contract, a cent less is still the minimum of one."""
    size = rolling(balance, EDGE, 3200)

    assert (size.contracts, size.reason.value) == (contracts, reason)


@pytest.mark.parametrize(("balance", "halted"), [("9999.99", True), ("10000", False), ("10000.01", False), ("0", True)])
def test_below_half_of_the_starting_capital_nothing_is_traded(balance: str, halted: bool) -> None:
    """CS-601: exactly half trades; the halt comes before everything else."""
    for rules in (SizingRules(), SizingRules(sizing=False), SizingRules(policy=SizingPolicy.BOOTSTRAP_STATS)):
        size = sizing_policy(rules).size(Decimal(balance), EDGE, Decimal(800))
        assert size.is_halted is halted
        assert (size.contracts == 0) is halted


def test_full_kelly_risks_twice_the_half() -> None:
    """CS-602."""
    assert rolling("20000", EDGE, fraction=Decimal(1)).half_kelly == 2 * rolling("20000", EDGE).half_kelly


@pytest.mark.parametrize(
    ("balance", "most", "contracts"),
    [("10000", 10, 2), ("19999.99", 10, 2), ("20000", 10, 3), ("50000", 10, 5), ("100000", 10, 10), ("100000", 3, 3)],
)
def test_caps_by_account_are_one_more_cap(balance: str, most: int, contracts: int) -> None:
    """CS-607, CS-023: the smallest cap holds."""
    assert rolling(balance, EDGE, 10, caps_by_account=True, max_contracts=most).contracts == contracts


def test_a_small_account_is_capped_at_one() -> None:
    """CS-607."""
    size = rolling("9999", EDGE, 10, caps_by_account=True, starting_capital=Decimal(10_000))

    assert (size.contracts, size.reason) == (1, SizeReason.CAP)


def test_the_registry_caps_whatever_is_configured() -> None:
    """CS-023."""
    assert rolling("1000000", EDGE, 10, max_contracts=50).contracts == 10


@pytest.mark.parametrize(
    ("confidence", "contracts", "reason"),
    [(Confidence.HIGH, 2, "kelly"), (Confidence.MEDIUM, 1, "kelly"), (Confidence.LOW, 0, "low_confidence")],
)
def test_confidence_size_doubles_before_the_cap(confidence: Confidence, contracts: int, reason: str) -> None:
    """CS-607."""
    policy = RollingHalfKelly(SizingRules(confidence_size=True))
    size = policy.size(Decimal(16_000), EDGE, Decimal(3200), confidence=confidence)
    capped = policy.size(Decimal(32_000), EDGE, Decimal(3200), confidence=Confidence.HIGH)

    assert (size.contracts, size.reason.value) == (contracts, reason)
    assert (capped.contracts, capped.reason.value) == (3, "cap")


def test_sizing_off_is_one_contract() -> None:
    """CS-607."""
    size = rolling("64000", EDGE, 100, sizing=False)

    assert (size.contracts, size.reason) == (1, SizeReason.SIZING_OFF)


@pytest.mark.parametrize(
    ("field", "balance", "risk"),
    [
        ("balance", "-0.01", "800"),
        ("balance", "NaN", "800"),
        ("balance", "Infinity", "800"),
        ("max_risk", "20000", "0"),
        ("max_risk", "20000", "-5"),
        ("max_risk", "20000", "NaN"),
    ],
)
def test_what_no_account_can_be_is_refused_by_name(field: str, balance: str, risk: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        RollingHalfKelly().size(Decimal(balance), EDGE, Decimal(risk))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fraction", Decimal(0)),
        ("fraction", Decimal("1.01")),
        ("fraction", Decimal("NaN")),
        ("starting_capital", Decimal(0)),
        ("max_contracts", 0),
        ("window", 0),
        ("window", 9),  # the first 10 trades would never be known
    ],
)
def test_rules_outside_their_bounds_are_refused_by_name(field: str, value: Decimal | int) -> None:
    changed: dict[str, Any] = {field: value}
    with pytest.raises(InvalidInput) as refusal:
        evolve(SizingRules(), **changed)
    assert refusal.value.field == field


@pytest.mark.parametrize(("risk", "contracts"), [("1260", 1), ("1250.01", 1), ("1250", 2), ("840", 2), ("833.33", 3)])
def test_what_the_fraction_buys_is_floored(risk: str, contracts: int) -> None:
    """CS-604: a Kelly of 25 %, half of 20,000 is 2,500: at 1,260 a contract 1.98, which is one."""
    record = [Decimal(100), Decimal(-50)] * 5

    assert RollingHalfKelly().size(Decimal(20_000), record, Decimal(risk)).contracts == contracts


def test_a_window_may_be_as_short_as_the_trades_it_must_know() -> None:
    """CS-603, CS-604: then the record decides; one shorter would stay at few_trades for ever."""
    assert RollingHalfKelly(SizingRules(window=10)).size(Decimal(20_000), EDGE, Decimal(250)).reason != "few_trades"
    assert SizingRules(window=5, first_trades=5).window == 5


@given(
    PROFITS,
    BALANCES,
    st.sampled_from(SizingPolicy),
    st.integers(1, 20),
    st.sampled_from([None, *Confidence]),
    st.booleans(),
)
def test_no_size_is_above_its_cap_nor_above_zero_below_the_halt(
    history: list[Decimal],
    balance: Decimal,
    policy: SizingPolicy,
    most: int,
    confidence: Confidence | None,
    option: bool,
) -> None:
    """CS-023, CS-601."""
    rules = SizingRules(policy, max_contracts=most, confidence_size=option, caps_by_account=option)
    size = sizing_policy(rules).size(balance, history, Decimal(250), confidence=confidence)

    assert 0 <= size.contracts <= min(most, 10)
    assert size.is_halted is (balance < 10_000)
    assert not (size.is_halted and size.contracts)
    assert size.contracts >= 1 or size.is_halted or (option and confidence is Confidence.LOW)


@given(PROFITS, BALANCES, BALANCES, st.sampled_from(SizingPolicy), st.booleans())
def test_more_balance_never_means_fewer_contracts(
    history: list[Decimal], one: Decimal, other: Decimal, policy: SizingPolicy, caps: bool
) -> None:
    desk = sizing_policy(SizingRules(policy, max_contracts=10, caps_by_account=caps))
    low, high = (desk.size(balance, history, Decimal(250)) for balance in sorted((one, other)))

    assert low.contracts <= high.contracts


@given(PROFITS, BALANCES, st.integers(1, 5000), st.integers(1, 5000))
def test_more_risk_a_contract_never_means_more_contracts(
    history: list[Decimal], balance: Decimal, one: int, other: int
) -> None:
    desk = RollingHalfKelly(SizingRules(max_contracts=10))
    low, high = (desk.size(balance, history, Decimal(risk)) for risk in sorted((one, other)))

    assert low.contracts >= high.contracts


@given(PROFITS, BALANCES)
def test_what_is_risked_is_never_more_than_half_kelly_beyond_one_contract(
    history: list[Decimal], balance: Decimal
) -> None:
    """CS-604: two contracts and more fit into balance × half Kelly."""
    size = RollingHalfKelly(SizingRules(max_contracts=10)).size(balance, history, Decimal(250))

    if size.contracts > 1:
        assert size.contracts * Fraction(size.max_risk) <= Fraction(balance) * size.half_kelly
