"""An event that one of its readers has forgotten is a fault, never passed over. mypy names the reader before that."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any, get_args

import pytest
from attrs import frozen

from builders import at
from gammacore.adapters.codec.records import encode
from gammacore.adapters.notifiers.log_lines import LogNotifier
from gammacore.domain.book.book import Book
from gammacore.domain.book.holding_log import HoldingLog
from gammacore.domain.book.order_log import OrderLog
from gammacore.domain.hedge_filter.book import _FOLDS
from gammacore.domain.hedge_filter_events import HedgingEvent
from gammacore.domain.reports.day_report import day_reports
from gammacore.domain.reports.notices import notices
from gammacore.domain.reports.trade_fold import TradeFold
from gammacore.errors import InvalidInput


@frozen
class Forgotten:
    """No member of `gammacore.domain.ledger.Event`."""

    at: dt.datetime


READERS: dict[str, Callable[[Any], object]] = {
    "book": Book().apply,
    "orders": OrderLog().apply,
    "holdings": HoldingLog().apply,
    "log lines": lambda event: LogNotifier(logging.getLogger()).lines(event, Book()),
    "notices": lambda event: notices(event, Book()),
    "day report": lambda event: day_reports([event]),
    "trades of a day": TradeFold(Book()).take,
    "codec": encode,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_an_event_that_a_reader_has_forgotten_is_a_fault(reader: Callable[[Any], object]) -> None:
    with pytest.raises((AssertionError, InvalidInput), match="Forgotten"):
        reader(Forgotten(at("10:00")))


def test_the_hedging_desk_folds_every_event_of_its_own() -> None:
    """Its book passes over what is no event of the desk's; the other readers pass over what is."""
    assert set(get_args(HedgingEvent)) <= set(_FOLDS)
