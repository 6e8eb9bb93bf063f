"""A setup and what a rule says of it, where the rule may change the setup. Rules: CS-325, CS-327."""

from __future__ import annotations

from attrs import frozen

from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import Setup


@frozen
class JudgedSetup:
    """The setup to go on with, as it was or as it became, and the verdict; None when there is nothing to sell."""

    setup: Setup | None
    verdict: Verdict
