"""A defect in a filter stops the entry with a fault; paper money and live money are judged by the same filters."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from builders_desk import Legs, a_case, a_situation
from gammacore.configuration import Sourced, configure
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.desk_limits import StrikeConflicts
from gammacore.domain.entries.event_days import FomcGate
from gammacore.domain.entries.filters import judge_entry
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.entries.volatility import VixBand
from gammacore.domain.strategy import Situation
from gammacore.domain.verdicts import Verdict
from gammacore.errors import ConfigurationError, InvalidInput


@frozen
class BrokenGate(FomcGate):
    """A filter with a slip of the pen: it asks for something that is not there."""

    def judge(self, date: dt.date) -> Verdict:
        raise NameError("name 'dates_of' is not defined")


@frozen
class BrokenConflicts(StrikeConflicts):
    """The last filter of the table, broken."""

    def judge(self, *asked: object) -> Verdict:
        raise NameError("name 'plans' is not defined")


@pytest.mark.parametrize("rules", [EntryRules(fomc=BrokenGate()), EntryRules(conflicts=BrokenConflicts())])
def test_a_broken_filter_is_a_fault_not_a_verdict(rules: EntryRules) -> None:
    """Must not regress 17 (CS-300, CS-343): a swallowed NameError kept OTM dead for two weeks, buying power unasked."""
    with pytest.raises(NameError):
        judge_entry(a_case(desk=CreditSpreadDesk(entries=rules)))


NOTHING: Legs = {}
THIN: Legs = {"P6890": (1.60, 1.65), "P6880": (1.50, 1.55)}


@pytest.mark.parametrize(
    "situation",
    [
        a_situation(),
        a_situation("12:30"),
        a_situation("15:30"),
        a_situation(vix="25"),
        a_situation(vix="12"),
        a_situation(vix=None),
        a_situation(pin=None),
        a_situation(legs=NOTHING),
        a_situation(legs=THIN),
        a_situation(buying_power="0"),
    ],
)
def test_paper_and_live_are_judged_alike(situation: Situation) -> None:
    """Must not regress 19 (section 3): 39 paper trades outside the cut-offs, 9 wins, -$493, proved nothing."""
    paper, live = (evolve(situation, is_live=is_live) for is_live in (False, True))

    judged = judge_entry(a_case(paper))

    assert judged.record == judge_entry(a_case(live)).record
    assert judged.plan == judge_entry(a_case(live)).plan


@pytest.mark.parametrize("value", ["calm", "nan", "inf", "-1", "13,0", ""])
@pytest.mark.parametrize("key", ["entries.vix.floor", "entries.setup.vix_ceiling"])
def test_a_limit_of_vix_is_a_number_or_nothing_starts(key: str, value: str) -> None:
    """Must not regress 28 (CS-311, CS-312): a limit that is no number compares with nothing, or with everything."""
    with pytest.raises(ConfigurationError, match=key):
        configure([{key: Sourced(value, "test")}])


@pytest.mark.parametrize("floor", [Decimal("NaN"), Decimal("Infinity"), Decimal(-1)])
def test_a_vix_band_of_no_number_is_refused(floor: Decimal) -> None:
    """Must not regress 28 (CS-311): NaN is below no floor and above none."""
    with pytest.raises(InvalidInput, match="floor"):
        VixBand(floor=floor)
