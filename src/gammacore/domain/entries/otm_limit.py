"""How many OTM single-sided entries a day may have. Rules: CS-227, CS-336."""

from __future__ import annotations

from collections.abc import Iterable

from gammacore.domain.entries.otm_single_sided import DEFAULT_OTM_RULES, OtmRules
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.verdicts import Verdict
from gammacore.domain.words import StrategyTag


def judge_otm_limit(tag: StrategyTag, today: Iterable[SpreadPlan], rules: OtmRules = DEFAULT_OTM_RULES) -> Verdict:
    """Fewer than one OTM entry among `today`, the entries of this account and New York date, whatever underlying.

    Entries around the pin are not counted and not limited here. Rules: CS-227, CS-336.
    """
    if tag is not StrategyTag.OTM_SINGLE_SIDED:
        return Verdict.ok("not OTM")
    count = sum(plan.strategy is StrategyTag.OTM_SINGLE_SIDED for plan in today)
    reading = f"{count} OTM entries today"
    if count >= rules.otm_per_day:
        return Verdict.skip("otm_limit", reading, f">= {rules.otm_per_day}")
    return Verdict.ok(reading, f"< {rules.otm_per_day}")
