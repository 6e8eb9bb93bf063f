"""Two ledgers of the same days, entry by entry: the first filter that differs, and why. Rule: ST-621."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from gammacore.domain.judged_entry import EntryOutcome, JudgedEntry
from gammacore.domain.ledger import DayStarted, Event, HistoryImported, LedgerOpened, Mode
from gammacore.domain.reports.day_report import DayReport, day_reports
from gammacore.domain.sessions import new_york_date
from gammacore.domain.verdicts import FilterVerdict


class Why(StrEnum):
    """Where a difference comes from."""

    SETTINGS = "settings"
    """The rule's figures differ."""
    DATA = "data"
    """What the rule looked at differs."""
    STATE = "state"
    """It follows from an earlier difference: other trades, another balance, a halt."""
    CODE = "code"
    """Same settings, same inputs, another answer: a fault of the program."""


OF_STATE = frozenset({
    "halted", "otm_limit", "entry_spacing", "position_limit", "daily_loss", "minimum_account", "safety_halt",
    "concurrent_risk", "buying_power", "strike_conflict", "two_desks",
})  # fmt: skip
"""Filters that look at the account, not at the market."""
OUTSIDE = frozenset({"halted", "buying_power", "two_desks"})
"""Those of them that look at what a person, the broker or another process does: never a fault of the program alone."""


@frozen
class LedgerSide:
    """One of the two ledgers: its days, what it began with, and by which configuration each day was traded."""

    mode: Mode
    lineage: str
    starting_balance: Decimal
    record: tuple[Decimal, ...]
    days: dict[dt.date, DayReport]
    configurations: dict[dt.date, str]

    @classmethod
    def of(cls, events: Iterable[Event]) -> LedgerSide:
        """The fold of a ledger's events."""
        every = tuple(events)
        opened = next((event for event in every if isinstance(event, LedgerOpened)), None)
        imported = [event for event in every if isinstance(event, HistoryImported)]
        return cls(
            Mode.STUDY if opened is None else opened.mode,
            "" if opened is None else opened.lineage,
            Decimal(0) if opened is None else opened.starting_balance,
            imported[-1].results if imported else (),
            {report.date: report for report in day_reports(every)},
            {new_york_date(one.at): one.configuration for one in every if isinstance(one, DayStarted)},
        )


@frozen
class SettingDifference:
    """A setting, or what the ledgers show of one, that is not the same in both; None where it is not known."""

    key: str
    live: str | None
    replay: str | None


@frozen
class FilterDifference:
    """The first filter that differs, with both verdicts; None of a side that does not have it."""

    live: FilterVerdict | None
    replay: FilterVerdict | None

    @property
    def name(self) -> str:
        found = self.live or self.replay
        return "" if found is None else found.name

    @property
    def is_of_outcome(self) -> bool:
        """Whether they answer differently, not only on other values."""
        if self.live is None or self.replay is None:
            return True
        one, other = self.live.verdict, self.replay.verdict
        return (one.outcome, one.reason, one.blocks) != (other.outcome, other.reason, other.blocks)


@frozen
class SlotCompared:
    """One scheduled entry of one day in both ledgers; None of a side where it was never judged. Rule: ST-621.

    `why` is None where nothing differs. `first` is None where every filter agrees and the order's fate alone differs.
    """

    date: dt.date
    slot: dt.datetime
    strategy: str
    live: JudgedEntry | None
    replay: JudgedEntry | None
    first: FilterDifference | None
    why: Why | None


def settings_apart(
    live: LedgerSide, replay: LedgerSide, slots: Sequence[SlotCompared]
) -> tuple[SettingDifference, ...]:
    """What differs before any entry: account, strategy, market, configuration; then limits the filters show of it."""
    found = [
        SettingDifference(key, str(one), str(other))
        for key, one, other in (
            ("mode", live.mode, replay.mode),
            ("starting_balance", live.starting_balance, replay.starting_balance),
            ("record of earlier trades", len(live.record), len(replay.record)),
        )
        if one != other
    ]
    for date in both(live, replay):
        one, other = live.days[date], replay.days[date]
        found += [
            SettingDifference(f"{name} on {date}", str(left), str(right))
            for name, left, right in (
                ("underlying", one.underlying, other.underlying),
                ("strategy", one.strategy, other.strategy),
                ("market", one.market, other.market),
                ("configuration", live.configurations.get(date), replay.configurations.get(date)),
            )
            if left != right
        ]
    limits: dict[str, SettingDifference] = {}
    for slot in slots:
        if slot.why is Why.SETTINGS and slot.first is not None:
            texts = [None if side is None else side.verdict.limit for side in (slot.first.live, slot.first.replay)]
            if texts[0] != texts[1]:
                limits.setdefault(slot.first.name, SettingDifference(f"limit of {slot.first.name}", *texts))
    return (*found, *limits.values())


def both(live: LedgerSide, replay: LedgerSide) -> tuple[dt.date, ...]:
    """The days both ledgers hold, oldest first."""
    return tuple(sorted(live.days.keys() & replay.days.keys()))


def compare_slots(
    live: LedgerSide, replay: LedgerSide, trades_apart: Sequence[dt.datetime]
) -> tuple[SlotCompared, ...]:
    """Every entry that either ledger judged on a day of both, in order. Rule: ST-621.

    `trades_apart` are the instants at which trades began to differ: what is judged later may follow from them.
    """
    began_apart = (live.starting_balance, live.record) != (replay.starting_balance, replay.record)
    apart = list(trades_apart)
    found = []
    for date in both(live, replay):
        one, other = live.days[date], replay.days[date]
        left, right = ({entry.scheduled_at: entry for entry in day.scheduled} for day in (one, other))
        same_settings = live.configurations.get(date) == replay.configurations.get(date)
        is_proven = same_settings and _same_market(live, replay, date)
        for slot in sorted(left.keys() | right.keys()):
            pair = left.get(slot), right.get(slot)
            judged = max(entry.at for entry in pair if entry is not None)
            earlier = began_apart or any(at < judged for at in apart)
            first, why = _judge(*pair, same_settings=same_settings, earlier=earlier, is_proven=is_proven)
            if why is not None:
                apart.append(judged)
            strategy = one.strategy if pair[0] is not None else other.strategy
            found.append(SlotCompared(date, slot, strategy, *pair, first, why))
    return tuple(found)


def _same_market(live: LedgerSide, replay: LedgerSide, date: dt.date) -> bool:
    """Whether both were traded on the very same market: a study's lineage is a hash of its first day's inputs."""
    if live.mode is not Mode.STUDY or replay.mode is not Mode.STUDY or live.lineage != replay.lineage:
        return False
    return date == min(live.days) == min(replay.days)


def _judge(
    live: JudgedEntry | None, replay: JudgedEntry | None, *, same_settings: bool, earlier: bool, is_proven: bool
) -> tuple[FilterDifference | None, Why | None]:
    """The first difference of one slot, and why. `is_proven`: both were traded on the very same market."""
    if live is None or replay is None:
        if not same_settings:
            return None, Why.SETTINGS
        return None, Why.STATE if earlier else Why.CODE if is_proven else Why.DATA
    first = _first_difference(live, replay)
    if first is None:
        if _fate(live) == _fate(replay):
            return None, None
        if not same_settings:
            return None, Why.SETTINGS
        return None, Why.STATE if earlier else Why.CODE if is_proven else Why.DATA
    return first, _why(first, _seen(live) == _seen(replay), same_settings, earlier, is_proven)


def _why(first: FilterDifference, same_market: bool, same_settings: bool, earlier: bool, is_proven: bool) -> Why:
    one, other = first.live, first.replay
    if one is None or other is None:
        return Why.CODE if same_settings else Why.SETTINGS  # a table of other filters
    same_value = one.verdict.value == other.verdict.value
    if first.name in OF_STATE and earlier:
        return Why.STATE
    if not same_settings and (same_value or one.verdict.limit != other.verdict.limit):
        return Why.SETTINGS
    if first.name in OF_STATE and not (same_value and same_market):
        return Why.STATE if first.name in OUTSIDE or not same_settings else Why.CODE
    if same_value and same_market:
        return Why.CODE
    if is_proven:
        return Why.STATE if earlier else Why.CODE
    return Why.DATA


def _first_difference(live: JudgedEntry, replay: JudgedEntry) -> FilterDifference | None:
    """The first filter with another outcome; where all agree in that, the first with another value or limit."""
    left, right = ({one.name: one for one in entry.filters} for entry in (live, replay))
    names = dict.fromkeys([*left, *right])
    apart = [FilterDifference(left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)]
    return next((pair for pair in apart if pair.is_of_outcome), apart[0] if apart else None)


def _seen(entry: JudgedEntry) -> tuple[Decimal | None, ...]:
    return entry.record.price, entry.record.pin, entry.record.vix


def _fate(entry: JudgedEntry) -> tuple[str | None, EntryOutcome]:
    return entry.reason, entry.outcome
