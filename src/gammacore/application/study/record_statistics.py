"""Compute the statistics of a record: the sessions of its range from the calendar, the draws handed in. ST-301..312."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from attrs import fields, frozen

from gammacore.domain.study.bootstrap import Draws
from gammacore.domain.study.documents import canonical, statistics_document
from gammacore.domain.study.record import ClosedTrade, trade_row
from gammacore.domain.study.statistics import SessionsOfRecord, StatisticsRules, StudyStatistics, study_statistics
from gammacore.domain.study.warnings import RunFacts
from gammacore.frames import Columns, Framed, rows_as_columns
from gammacore.ports.clock import Calendar

Draw = Callable[[int, int, int], Draws]
"""Blocks of resamples for so many clusters, resamples, and a seed. Rule: ST-004."""
ONE_DAY = dt.timedelta(days=1)


@frozen(repr=False)
class RecordStatistics(StudyStatistics, Framed):
    """The statistics of a record, with what a notebook wants of them. Its repr shows the warnings. Rule: ST-802."""

    def to_json(self) -> str:
        """The document of result.json, canonical. Rule: ST-213."""
        return canonical(statistics_document(self))

    def columns(self) -> Columns:
        """The trades, a row each."""
        rows = ({**trade_row(trade), "net": trade.net, "flags": ";".join(sorted(trade.flags))} for trade in self.record)
        return rows_as_columns(rows)

    def __repr__(self) -> str:
        counted = self.net.counted
        head = f"RecordStatistics({counted.trades} trades, net {counted.total:.2f}, {len(self.warnings)} warnings)"
        return "\n".join([head, *(f"  {warning}" for warning in self.warnings)])


@frozen
class ComputeStatistics:
    """Statistics of a record of closed trades."""

    calendar: Calendar
    draw: Draw

    def __call__(
        self,
        record: Sequence[ClosedTrade],
        rules: StatisticsRules,
        sessions: Sequence[dt.date] | None = None,
        facts: RunFacts | None = None,
    ) -> RecordStatistics:
        """The statistics; `sessions` of a run's range, else those from the first date with a trade to the last.

        Raises:
            MissingData: a date lies outside what the calendar covers.
        """
        days = self._days(record, sessions)
        dates = None if days is None else {trade.booked_on for trade in record}
        clusters = len(record) if dates is None else len(dates)
        draws = self.draw(clusters, rules.resamples, rules.seed) if clusters > 1 else ()
        computed = study_statistics(record, rules, days, draws, facts)
        return RecordStatistics(**{one.name: getattr(computed, one.name) for one in fields(StudyStatistics)})

    def _days(self, record: Sequence[ClosedTrade], sessions: Sequence[dt.date] | None) -> SessionsOfRecord | None:
        """None where a trade has no date. Rule: ST-304."""
        dates = {trade.booked_on for trade in record}
        known = sorted(date for date in dates if date is not None)
        if len(known) < len(dates):
            return None
        if not known:
            return SessionsOfRecord(tuple(sessions or ()))
        closed = tuple(date for date in known if self.calendar.session(date) is None)
        if sessions is None:
            span = (known[-1] - known[0]).days
            range_ = (known[0] + ONE_DAY * number for number in range(span + 1))
            sessions = tuple(date for date in range_ if self.calendar.session(date) is not None)
        return SessionsOfRecord(tuple(sessions), closed)
