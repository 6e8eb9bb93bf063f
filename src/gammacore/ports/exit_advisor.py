"""The exit advisor port: someone who may ask for patience before an exit. Optional; by default there is none."""

from __future__ import annotations

from typing import Protocol

from gammacore.domain.advice import AdvisorOpinion, ExitQuestion


class ExitAdvisor(Protocol):
    """A model, a service or a person. It delays; it never decides to close and never opens anything. Rule: CS-544."""

    def advise(self, question: ExitQuestion) -> AdvisorOpinion | None:
        """Whether to hold this position for now; None for no opinion, which lets the exit act.

        The day waits for the answer: an implementation limits its own time and raises when that is over. Whatever it
        raises means close (CS-545).
        """
        ...
