"""A spread watched before it is sold: the loop goes on meanwhile, the slot is judged when the watch is over. CS-334."""

from __future__ import annotations

import datetime as dt

from builders_cli import PINNED
from gammacore.configuration import Sourced, configure
from gammacore.domain.ledger import EntryJudged, OrderIntended
from gammacore.wiring import wire_day


def judged(**given: str) -> list[EntryJudged]:
    figures = {"market.seed": str(PINNED), "market.date": "2026-03-03", "market.step_seconds": "10", **given}
    day = wire_day(configure([{key: Sourced(value, "test") for key, value in figures.items()}]))
    day.trade()
    events = list(day.storage.events())
    day.close()
    assert any(isinstance(event, OrderIntended) for event in events)
    return [event for event in events if isinstance(event, EntryJudged)]


def test_entries_that_would_pass_are_watched_for_ninety_seconds_first() -> None:
    """CS-361: refusals come at once; what would be sold is judged 90 s later, with what was seen."""
    at_once = {each.scheduled_at: each.reason for each in judged()}
    watched = judged(**{"entries.observation.on": "true"})

    assert [each.scheduled_at for each in watched] == sorted(at_once)
    for each in watched:
        late = each.at - each.scheduled_at
        verdict = next(line.verdict for line in each.filters if line.name == "observation")
        assert late <= dt.timedelta(seconds=90)  # a filter that says no meanwhile ends the watch
        if each.reason is None:
            assert late == dt.timedelta(seconds=90)
            assert "looks in 90 s, quiet" in verdict.value
    assert any(each.at - each.scheduled_at == dt.timedelta(seconds=90) for each in watched)
