"""Judge a scheduled entry: every filter in its order, the first "no" is the reason. Rules: CS-300, CS-366."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve, frozen

from gammacore.domain.entries.case import EntryCase
from gammacore.domain.entries.filters import FILTERS
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.strategy import Warn
from gammacore.domain.verdicts import FilterVerdict, Outcome, Verdict


@frozen
class EntryJudgement:
    """What became of one scheduled entry: the record, the plan when every filter passed, and its warnings."""

    record: EntryJudged
    plan: SpreadPlan | None
    warnings: tuple[Warn, ...] = ()

    def refused(self, verdict: Verdict) -> EntryJudgement:
        """The judgement after a limit beyond the filters said no."""
        return EntryJudgement(evolve(self.record, reason=verdict.reason, explanation=str(verdict)), None)


def judge_entry(case: EntryCase) -> EntryJudgement:
    """Judge one scheduled entry by every filter; the plan exists only when none said no. Rules: CS-300, CS-366.

    A filter that had nothing to judge although all before it passed is a fault of ours and blocks (fail closed).
    """
    verdicts = tuple(FilterVerdict(rule, name, judge(case)) for rule, name, judge in FILTERS)
    refusal = next((entry for entry in verdicts if not entry.verdict.passed), None)
    plan = case.plan() if refusal is None else None
    reason, explanation = _reason(refusal) if refusal is not None else (None, "")
    if refusal is None and plan is None:
        reason, explanation = "plan_incomplete", "every filter passed but the plan is incomplete"
    record = EntryJudged(
        at=case.situation.now,
        scheduled_at=case.slot,
        reason=reason,
        explanation=explanation,
        filters=verdicts,
        price=case.price,
        pin=None if case.pin is None else case.pin.strike,
        vix=case.vix,
    )
    return EntryJudgement(record, plan, () if plan is None else tuple(_warnings(case)))


def _warnings(case: EntryCase) -> Iterator[Warn]:
    """A stop inside bid and ask, whether or not the filter is on. Rule: CS-368."""
    if case.stop_inside_quotes is not None and case.stop_inside_quotes.is_inside:
        detail = f"{case.stop_inside_quotes} {case.stop_inside_quotes.limit}: bid and ask alone would stop it"
        yield Warn("stop_inside_quotes", detail, case.position)


def _reason(refusal: FilterVerdict) -> tuple[str, str]:
    verdict = refusal.verdict
    if verdict.outcome is Outcome.NOT_JUDGED:
        return f"{refusal.name}_unknown", f"skip {refusal.name}: could not be judged"
    return verdict.reason or refusal.name, str(verdict)
