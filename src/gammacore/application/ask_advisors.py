"""Ask advisors: about entries, and about exits that may wait, whose answers are kept for a while.

Rules: CS-335, CS-362, CS-544, CS-545.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from gammacore.application.day_ledger import DayLedger
from gammacore.domain.advice import AdvisorOpinion, EntryOpinion, EntryProposal, ExitQuestion, NoOpinion
from gammacore.domain.holdings.holding import SoldSpread, is_spread
from gammacore.domain.ledger import AlarmRaised
from gammacore.domain.stops.exits import KeptOpinion, odds_out_of_the_money
from gammacore.domain.strategy import Close, Decisions, Open, Situation
from gammacore.ports.people import EntryAdvisor, ExitAdvisor


class AskAdvisor:
    """Opinions on the closes that were decided, one a position; without VIX or price none is asked. Rule: CS-545."""

    def __init__(self, advisor: ExitAdvisor, ledger: DayLedger) -> None:
        self._advisor = advisor
        self._ledger = ledger
        self._kept: dict[str, KeptOpinion] = {}

    def __call__(self, situation: Situation, decisions: Decisions) -> Mapping[str, AdvisorOpinion]:
        """What the advisor says of each close that may wait; empty when it says nothing."""
        opinions: dict[str, AdvisorOpinion] = {}
        for step in decisions.steps:
            if isinstance(step, Close) and step.may_wait and situation.hears_advice:
                opinion = self._opinion(step, situation)
                if opinion is not None:
                    opinions[step.holding] = opinion
        return opinions

    def _opinion(self, close: Close, situation: Situation) -> AdvisorOpinion | None:
        position, price = situation.book.holding(close.holding), situation.price
        if position is None or not is_spread(position) or price is None:
            return None
        limits, kept = position.plan.policy.advice, self._kept.get(position.id)
        if kept is not None and kept.is_current(limits, situation.now, price, situation.underlying):
            return kept.opinion
        opinion = self._ask(_question(close, position, situation))
        if opinion is not None:
            self._kept[position.id] = KeptOpinion(opinion, situation.now, price)
        return opinion

    def _ask(self, question: ExitQuestion) -> AdvisorOpinion | None:
        try:
            return self._advisor.advise(question)
        except Exception as failure:  # foreign code: whatever goes wrong in it, the exit acts (CS-545)
            detail = f"{type(failure).__name__}: {failure}; {question.reason} acts"
            self._ledger.record(AlarmRaised(question.now, "advisor_failed", detail, question.position))
            return None


def _question(close: Close, position: SoldSpread, situation: Situation) -> ExitQuestion:
    price, vix = situation.price, situation.market.vix
    assert price is not None
    assert vix is not None
    hours_to_close = situation.session.hours_to_close(situation.now)
    return ExitQuestion(
        position=position.id,
        spread=position.spread,
        credit=position.credit,
        reason=close.reason,
        detail=close.detail,
        value=close.value,
        now=situation.now,
        price=price,
        vix=vix,
        hours_to_close=hours_to_close,
        odds=odds_out_of_the_money(position.spread, price, vix, hours_to_close),
    )


@frozen
class AskEntryAdvisor:
    """One question for an entry that would be opened; whatever goes wrong in the answer forbids nothing."""

    advisor: EntryAdvisor

    def __call__(self, decisions: Decisions) -> EntryOpinion | NoOpinion | None:
        """The opinion on the entry among the decisions; None when there is none."""
        entry = next((step for step in decisions.steps if isinstance(step, Open)), None)
        if entry is None or entry.proposal is None:
            return None
        return self._opinion(entry.proposal)

    def _opinion(self, proposal: EntryProposal) -> EntryOpinion | NoOpinion:
        try:
            return self.advisor.opinion(proposal)
        except Exception as failure:  # foreign code: an error passes, journaled with the entry (CS-335)
            return NoOpinion(f"{type(failure).__name__}: {failure}")
