"""The days of every ledger under a home, in order of date. Rule: OP-108."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from attrs import frozen

from gammacore.configuration import Settings
from gammacore.domain.ledger import Mode
from gammacore.domain.reports.day_list import day_line
from gammacore.domain.reports.day_range import DayRange
from gammacore.domain.reports.day_report import DayReport, day_reports
from gammacore.domain.reports.figures import Figures
from gammacore.errors import GammacoreError
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.choice import FoundLedger, every_ledger


@frozen
class DayList:
    """A line a day, by date and ledger; `unread` are ledgers that could not be read, each with the reason."""

    lines: tuple[Figures, ...]
    unread: dict[str, str]


def list_days(settings: Settings, modes: Collection[Mode], days: DayRange) -> DayList:
    """The days meant, of each ledger of one of the modes."""
    found: list[tuple[DayReport, FoundLedger]] = []
    unread: dict[str, str] = {}
    for ledger in every_ledger(settings):
        if ledger.mode is not None and ledger.mode not in modes:
            continue
        try:
            found += [(report, ledger) for report in _reports(settings, ledger, days)]
        except GammacoreError as refusal:
            unread[str(ledger.place)] = str(refusal)
    found.sort(key=lambda pair: (pair[0].date, str(pair[1].place)))
    return DayList(tuple(day_line(report, str(ledger.place)) for report, ledger in found), unread)


def _reports(settings: Settings, ledger: FoundLedger, days: DayRange) -> Iterator[DayReport]:
    reports = day_reports(events_of(settings, ledger.place))
    meant = days.dates([report.date for report in reports])
    yield from (report for report in reports if report.date in meant)
