"""The entry advisor port: somebody who may say no to an entry. Optional. Rules: CS-335, CS-362."""

from __future__ import annotations

from typing import Protocol

from gammacore.domain.advice import EntryOpinion, EntryProposal


class EntryAdvisor(Protocol):
    """Looks at an entry that every filter before it let pass."""

    def opinion(self, proposal: EntryProposal) -> EntryOpinion:
        """Whether to forbid the entry. It may take its time; the caller bounds it and journals the answer.

        Raises:
            GammacoreError: it cannot say. The entry goes on without it (`NoOpinion`).
        """
        ...
