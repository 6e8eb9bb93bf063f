"""What a day hands to the next of the same ledger: the same events as a ledger folded anew each day. Rule: ST-208."""

import datetime as dt
import pickle
from pathlib import Path
from typing import Any

import pytest

from gammacore.adapters.codec.records import encode
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.configuration import Configuration, configure
from gammacore.domain.book.book import Book
from gammacore.errors import InvalidInput, StorageError
from gammacore.wiring import wire_day
from gammacore.wiring.carry import Carry

DATES = (dt.date(2026, 3, 3), dt.date(2026, 3, 4), dt.date(2026, 3, 5))
HEDGED = {
    "trade.strategy": "delta-hedge", "market.underlying": "SPY", "sizing.starting_capital": "60000",
    "guards.drawdown": "0.5", "market.step_seconds": 120,
}  # fmt: skip


def _configured(date: dt.date, given: dict[str, Any]) -> Configuration:
    return configure([{"market.seed": 57, **given, "market.date": date}])


def _handed_over(given: dict[str, Any]) -> list[str]:
    records: list[str] = []
    carry: Carry | None = None
    for date in DATES:
        day = wire_day(_configured(date, given), carry=carry)
        day.trade()
        records += [encode(event) for event in day.storage.events(0 if carry is None else carry.book.version)]
        carry = pickle.loads(pickle.dumps(day.carry()))
        day.close()
    return records


@pytest.mark.parametrize("given", [{}, HEDGED], ids=["credit-spread", "delta-hedge"])
def test_days_that_hand_their_book_over_give_the_ledger_of_days_that_fold_it_anew(
    given: dict[str, Any], tmp_path: Path
) -> None:
    ledger = tmp_path / "days.sqlite"
    for date in DATES:
        day = wire_day(_configured(date, given), ledger, grouped=True)
        day.trade()
        folded_anew = [encode(event) for event in day.storage.events()]
        day.close()

    assert _handed_over(given) == folded_anew


def test_a_day_changes_nothing_of_what_it_was_handed() -> None:
    first = wire_day(_configured(DATES[0], {}))
    first.trade()
    carry = first.carry()

    def traded() -> list[str]:
        day = wire_day(_configured(DATES[1], {}), carry=carry)
        day.trade()
        return [encode(event) for event in day.storage.events(carry.book.version)]

    assert traded() == traded()
    assert carry.book.version == Book.of(first.storage.events()).version


def test_a_day_is_handed_a_book_or_folds_a_ledger_but_not_both(tmp_path: Path) -> None:
    day = wire_day(_configured(DATES[0], {}))
    day.trade()

    with pytest.raises(InvalidInput, match="carry"):
        wire_day(_configured(DATES[1], {}), tmp_path / "days.sqlite", carry=day.carry())


def test_a_ledger_in_memory_that_goes_on_from_elsewhere_gives_no_events_it_does_not_keep() -> None:
    storage = MemoryStorage(MemoryLedger(before=3))

    assert (storage.version, list(storage.events(3)), storage.append([], 3)) == (3, [], 3)
    with pytest.raises(StorageError, match="first 3 events"):
        storage.events()
