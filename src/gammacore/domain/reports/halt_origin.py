"""Since when trading is halted, and what halted it. A fold of the ledger. Rule: OP-106."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import assert_never

from attrs import evolve, field, frozen

from gammacore.domain.ledger import AlarmRaised, Event, FlattenRequested, Halted, Resumed

HALT, FLATTEN = "halt", "flatten"
Relevant = FlattenRequested | Halted | Resumed | AlarmRaised


@frozen
class HaltOrigin:
    """`since` and `by` are None while nothing is halted; `by` is the command `halt` or `flatten` (so is the file that
    asks for it), else the code of the rule's alarm.

    >>> at = dt.datetime(2026, 3, 3, 15, tzinfo=dt.UTC)
    >>> HaltOrigin().after([AlarmRaised(at, "ledger_behind", "forgot 2 orders"), Halted(at, "reconcile")]).by
    'ledger_behind'
    >>> HaltOrigin().after([FlattenRequested(at, "drill"), Halted(at, "drill"), Resumed(at, "")]).by is None
    True
    """

    since: dt.datetime | None = None
    by: str | None = None
    _alarm: AlarmRaised | None = field(default=None, repr=False)

    def after(self, events: Iterable[Event]) -> HaltOrigin:
        """The origin after more events."""
        known = self
        for event in (one for one in events if isinstance(one, Relevant)):
            match event:
                case FlattenRequested():
                    known = HaltOrigin(event.at, FLATTEN)
                case Halted():
                    is_rule = known._alarm is not None and known._alarm.at == event.at
                    by = known._alarm.code if is_rule and known._alarm is not None else HALT
                    known = HaltOrigin(event.at, FLATTEN if known.by == FLATTEN else by)
                case Resumed():
                    known = HaltOrigin()
                case AlarmRaised():
                    known = evolve(known, alarm=event)
                case _:
                    assert_never(event)
        return known
