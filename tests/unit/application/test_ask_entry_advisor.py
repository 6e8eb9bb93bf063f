"""An advisor may forbid an entry and nothing else: it is asked about one that would be made, and errors pass."""

from __future__ import annotations

import pytest
from attrs import evolve, field, frozen

from builders_desk import a_situation
from gammacore.application.ask_advisors import AskEntryAdvisor
from gammacore.domain.advice import EntryOpinion, EntryProposal
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.strategy import Decisions, NoTrade, Open
from gammacore.errors import MissingData

DESK = CreditSpreadDesk()


@frozen
class Advisor:
    """Answers as it was set to, or fails so; remembers what it was asked."""

    answer: EntryOpinion | Exception
    asked: list[EntryProposal] = field(factory=list)

    def opinion(self, proposal: EntryProposal) -> EntryOpinion:
        self.asked.append(proposal)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def decided_with(advisor: Advisor) -> Decisions:
    """What the desk says of an ordinary morning after it has heard the advisor."""
    situation = a_situation()
    opinion = AskEntryAdvisor(advisor)(DESK.decide(situation))
    return DESK.decide(evolve(situation, entry_opinion=opinion))


def test_a_veto_stands_with_its_reason_and_is_asked_about_the_very_entry() -> None:
    """CS-335."""
    advisor = Advisor(EntryOpinion(veto=True, why="CPI at 10:05"))
    (stands,) = decided_with(advisor).steps

    assert isinstance(stands, NoTrade)
    assert stands.judgement.explanation == "skip entry_advisor: CPI at 10:05"
    ((underlying, price, credit),) = [(one.underlying, int(one.price), str(one.credit)) for one in advisor.asked]
    assert (underlying, price, credit) == ("SPX", 6900, "2.50")


@pytest.mark.parametrize("failure", [MissingData("old news"), KeyError("mood"), ZeroDivisionError()])
def test_an_advisor_that_fails_forbids_nothing(failure: Exception) -> None:
    """CS-335: foreign code, whatever it raises; the entry goes on and the error is on record."""
    (opens,) = decided_with(Advisor(failure)).steps

    assert isinstance(opens, Open)
    (heard,) = [each.verdict for each in opens.judgement.filters if each.name == "entry_advisor"]
    assert (heard.reason, heard.value) == ("entry_advisor_unknown", f"{type(failure).__name__}: {failure}")


def test_no_advisor_is_asked_about_an_entry_that_is_not_made() -> None:
    advisor = Advisor(EntryOpinion(veto=True))

    assert AskEntryAdvisor(advisor)(DESK.decide(a_situation(vix="21"))) is None
    assert advisor.asked == []
