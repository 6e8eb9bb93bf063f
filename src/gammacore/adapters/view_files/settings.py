"""What of a day is published beside its ledger. Nothing here is part of a decision. Rules: OP-003, OP-502."""

from __future__ import annotations

from attrs import frozen

from gammacore.domain.parameters import parameter

NOW_FILE = "now.json"


@frozen
class ViewSettings:
    """Live and paper days are always published."""

    studies: bool = parameter(False, "Also publish simulated and replayed days that run at full speed.")
    judge_every: float = parameter(
        60.0, "Filters and exposure are looked at again for the page after so many seconds of the market.", at_least=1
    )
