"""One log line per notable event, always in the same words, so that sizes, premiums and balances are found by grep."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from gammacore.domain.book.book import Book
from gammacore.domain.ledger import Event
from gammacore.domain.reports.notice import Level
from gammacore.domain.reports.notices import notices
from gammacore.domain.sizing.policies import SizingRules

LEVELS: Mapping[Level, int] = {Level.DEBUG: logging.DEBUG, Level.INFO: logging.INFO, Level.WARNING: logging.WARNING}


@frozen
class LogLine:
    """One line and how loud it is; of which event, and its figures, for a log that programs read. Rule: OP-302."""

    text: str
    level: int = logging.INFO
    event: str = field(default="", eq=False)
    figures: Mapping[str, str] = field(factory=dict, eq=False)


@frozen
class LogNotifier:
    """Writes the lines to a logger. `sizing` says over which window and with which fraction. Rules: CS-625, CS-626."""

    logger: logging.Logger
    sizing: SizingRules = field(factory=SizingRules)

    def notify(self, event: Event, book: Book) -> None:
        """Log what happened; a line that cannot be made is itself one, and nothing is raised."""
        try:
            for line in self.lines(event, book):
                told = {"event": line.event, "figures": line.figures, "ledger_version": book.version}
                self.logger.log(line.level, "%s", line.text, extra=told)
        except Exception:  # people are alerted after the fact: never in an order's path
            self.logger.exception("no log line for %s", type(event).__name__)

    def lines(self, event: Event, book: Book) -> tuple[LogLine, ...]:
        """The lines of one event; none for events without a notice. `book` already contains the event."""
        return tuple(self._lines(event, book))

    def _lines(self, event: Event, book: Book) -> Iterator[LogLine]:
        for notice in notices(event, book, self.sizing):
            figures = {figure.label: figure.full_text for figure in notice.figures}
            yield LogLine(notice.line, LEVELS[notice.level], notice.code, figures)
            yield from (LogLine(line, LEVELS[notice.level], notice.code) for line in notice.log)
