"""Ask the entry advisor about an entry every filter let pass; it may only forbid. Rules: CS-335, CS-362."""

from __future__ import annotations

from attrs import frozen

from gammacore.domain.advice import EntryOpinion, EntryProposal, NoOpinion
from gammacore.domain.strategy import Decisions, Open
from gammacore.ports.entry_advisor import EntryAdvisor


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
