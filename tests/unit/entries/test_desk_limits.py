"""One OTM entry a day; two desks on one account, each within its own caps."""

from decimal import Decimal

import pytest

from builders import a_call_spread, a_condor, a_plan, a_put_spread
from gammacore.domain.entries.desk_limits import TwoDesks, judge_otm_limit
from gammacore.domain.entries.otm_single_sided import OtmRules
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.words import StrategyTag
from gammacore.errors import InvalidInput

OTM, GEX = StrategyTag.OTM_SINGLE_SIDED, StrategyTag.PUT_SPREAD
TWO = TwoDesks(on=True)
RICH = Decimal(100_000)


@pytest.mark.parametrize(
    ("tag", "today", "reason"),
    [(OTM, (), None), (OTM, (GEX, GEX), None), (OTM, (GEX, OTM), "otm_limit"), (GEX, (OTM, OTM), None)],
)
def test_one_otm_entry_a_day(tag: StrategyTag, today: tuple[StrategyTag, ...], reason: str | None) -> None:
    """CS-227, CS-336."""
    assert judge_otm_limit(tag, [a_plan(strategy=each) for each in today]).reason == reason


def test_the_number_of_otm_entries_is_configured() -> None:
    """CS-227."""
    assert judge_otm_limit(OTM, [a_plan(strategy=OTM)], OtmRules(otm_per_day=2)).passed
    assert judge_otm_limit(OTM, [], OtmRules(otm_per_day=0)).reason == "otm_limit"


def test_an_otm_desk_beside_the_other_is_no_switch() -> None:
    """CS-228: an OTM position beside a GEX one is an ordinary entry; there is nothing to turn on."""
    with pytest.raises(InvalidInput, match=r"otm_alongside.*passes every filter like any entry"):
        OtmRules(otm_alongside=True)


def verdict_of(
    plan: SpreadPlan, *live: SpreadPlan, balance: Decimal = RICH, conflicts: int = 0, rule: TwoDesks = TWO
) -> str | None:
    return rule.judge(plan, live, balance, conflicts).reason


def test_two_desks_are_off_by_default() -> None:
    """CS-365."""
    assert verdict_of(a_plan(), *[a_plan()] * 9, rule=TwoDesks()) is None


@pytest.mark.parametrize(
    ("live", "reason"),
    [((GEX,), None), ((GEX, GEX), "desk_positions"), ((OTM, OTM), None), ((OTM, OTM, GEX), "desk_total")],
)
def test_three_positions_in_all_two_a_desk(live: tuple[StrategyTag, ...], reason: str | None) -> None:
    """CS-365."""
    assert verdict_of(a_plan(strategy=GEX), *(a_plan(strategy=each) for each in live)) == reason


@pytest.mark.parametrize(
    ("tag", "balance", "reason"),
    [(GEX, "1071.43", None), (GEX, "1071.42", "desk_capital"), (OTM, "2500", None), (OTM, "2499.99", "desk_capital")],
)
def test_each_desk_risks_its_part_of_the_balance(tag: StrategyTag, balance: str, reason: str | None) -> None:
    """CS-365: 750 at risk are 70 % of 1,071.43 and 30 % of 2,500, inclusive."""
    assert verdict_of(a_plan(strategy=tag), balance=Decimal(balance)) == reason


def test_what_a_desk_has_open_counts_against_its_part_alone() -> None:
    """CS-365: separate caps."""
    assert verdict_of(a_plan(strategy=OTM), a_plan(strategy=GEX, contracts=3), balance=Decimal(2500)) is None
    assert verdict_of(a_plan(strategy=OTM), a_plan(strategy=OTM), balance=Decimal(2500)) == "desk_capital"


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (a_plan(a_put_spread(), contracts=2), None),
        (a_plan(a_put_spread(), contracts=3), "desk_side"),
        (a_plan(a_call_spread(), contracts=5), None),
        (a_plan(a_condor(), contracts=3), "desk_side"),
    ],
    ids=["five puts", "six puts", "calls are another side", "a condor loads both"],
)
def test_five_contracts_on_one_side(plan: SpreadPlan, reason: str | None) -> None:
    """CS-365: three puts of the other desk are open."""
    assert verdict_of(plan, a_plan(a_put_spread(6800, 6790), contracts=3, strategy=OTM)) == reason


@pytest.mark.parametrize(("conflicts", "reason"), [(10, None), (11, "desk_conflicts")])
def test_more_than_ten_conflicts_an_hour_halt_entries(conflicts: int, reason: str | None) -> None:
    """CS-365."""
    assert verdict_of(a_plan(), conflicts=conflicts) == reason
