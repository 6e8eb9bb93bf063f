"""The ledgers of `tests/fixtures/format_1`: their records, what commit 6b8436f made of them, and how they go on."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve, frozen

from builders import a_session
from builders_world import TERMS, Scripted, World
from fakes import NO_FEES, BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.codec.records import decode
from gammacore.adapters.fake.account import BookFile
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock, MemoryLedger
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.book.book import Book
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.holdings.holding import AnyHolding
from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.ledger import Event
from gammacore.domain.sessions import new_york_date

FOLDER = Path(__file__).parent / "fixtures" / "format_1"
NAMES = tuple(sorted(path.name.removesuffix(".ndjson.gz") for path in FOLDER.glob("*.ndjson.gz")))

Document = dict[str, Any]

# -- what is compared --------------------------------------------------------------------------------------------------


def project(book: Book, dates: Iterable[dt.date]) -> Document:
    """What a fold holds, in words that belong to no model of it; `dates` are those a P/L is asked of. Rules: R14.

    These functions are the one place that reads the fold: point them at another model here.
    """
    return {
        "balance": amount(book.balance),
        "realised": {str(date): amount(book.realised_on(date)) for date in sorted(dates) if book.realised_on(date)},
        "fees": amount(book.total_fees),
        "total_trades": book.total_trades,
        "holdings": dict(sorted(book.expected_holdings().items())),
        "quarantined": dict(sorted(book.quarantined.items())),
        "halted": book.halted,
        "flatten": book.flatten,
        "breaker": None if book.breaker_tripped_at is None else book.breaker_tripped_at.isoformat(),
        "open": {holding.id: held_under(holding) for holding in book.live_holdings if holding.has_filled},
    }


def held_under(holding: AnyHolding) -> Document:
    """Dollars in less dollars out; of a spread its units and their price, points, of anything else its lots."""
    held = {
        "held": dict(sorted(holding.quantities.items())),
        "cash": amount(round(holding.cash, 6)),
        "fees": amount(holding.fees),
    }
    if holding.plan is not None:
        unit = amount(round(holding.credit, 6))
        return {**held, "contracts": holding.contracts, "unit_price": unit, "exit": holding.exit_reason}
    lots = {
        symbol: [[lot.quantity, amount(round(lot.price, 6))] for lot in one.lots]
        for symbol, one in sorted(holding.lots.items())
        if one.lots
    }
    return {**held, "lots": lots}


def without_the_unfilled(then: Document) -> Document:
    """What 6b8436f held, less inventories that had an order and no fill: they are over with their last order now."""
    nothing = {"held": {}, "cash": "0", "lots": {}, "fees": "0"}
    return {**then, "open": {name: held for name, held in then["open"].items() if held != nothing}}


def results(book: Book) -> list[str]:
    """Gross dollars a contract of the trades that are over, oldest first."""
    return [amount(result) for result in book.results]


def amount(dollars: Decimal) -> str:
    """Exact, and the same however many noughts were calculated."""
    return format(dollars.normalize(), "f")


# -- what is there -----------------------------------------------------------------------------------------------------


@frozen(slots=False)
class Ledger:
    """One ledger of format 1. `prefixes` are the projections of 6b8436f after each record, `end` what it reported."""

    name: str
    records: tuple[str, ...]
    prefixes: tuple[Document, ...]
    end: Document
    cuts: tuple[Document, ...]
    takes_fees: bool

    @classmethod
    def read(cls, name: str) -> Ledger:
        beside = json.loads(_unpacked(FOLDER / f"{name}.json.gz"))
        records = _unpacked(FOLDER / f"{name}.ndjson.gz").splitlines()
        prefixes: list[Document] = []
        for changed in beside["prefixes"]:
            prefixes.append({**(prefixes[-1] if prefixes else {}), **changed})
        return cls(name, tuple(records), tuple(prefixes), beside["end"], tuple(beside["cuts"]), beside["fees"])

    @cached_property
    def events(self) -> tuple[Event, ...]:
        return tuple(decode(record) for record in self.records)

    @property
    def dates(self) -> set[dt.date]:
        return {new_york_date(event.at) for event in self.events}

    def write(self, path: Path) -> Path:
        """A ledger file that holds the records byte for byte as they were written then."""
        storage = SqliteStorage(path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gammacore.adapters.sqlite.storage.encode", lambda record: record)
            storage.append(cast(Sequence[Event], self.records), 0)
        storage.close()
        return path


def _unpacked(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode("utf-8")


# -- how it goes on ----------------------------------------------------------------------------------------------------

FIRST_LOOKS = (5, 10, 15, 30, 45, 60, 90, 120, 180, 240, 300, 360)
"""Seconds after the restart: an order's waits, 2 s to 300 s, each end at one of them or before the next."""
LATER_LOOKS = tuple(dt.timedelta(hours=hour) for hour in range(10, 16)) + tuple(
    dt.timedelta(hours=15, minutes=minute) for minute in (30, 31, 32, 35, 45, 46, 47, 55, 56, 57, 58, 59)
)
"""New York times."""


def taken_up(ledger: Ledger, cut: Mapping[str, Any], folder: Path) -> World:
    """A new process over the first records of a ledger and the exchange as it stood when the old one died.

    The quotes of that moment go on to the close, and its price of the underlying is the settlement.
    """
    events = list(ledger.events[: cut["records"]])
    book = Book.of(events)
    assert book.opened is not None
    assert book.day is not None
    now, date = dt.datetime.fromisoformat(cut["at"]), book.day.date
    market, clock = _market(cut["market"], now, date), FakeClock(now)
    exchange = FakeExchange(
        market, clock, FakeCalendar(), fees=FeeSchedule() if ledger.takes_fees else NO_FEES,
        account_number=book.opened.account,
    )  # fmt: skip
    (folder / "exchange.json").write_text(json.dumps(cut["exchange"]), "utf-8")
    kept = BookFile(folder / "exchange.json").read()
    assert kept is not None
    exchange._book = kept  # in memory from here on: a file that is synced after every change costs half the time
    desk = cast(Scripted, DeltaHedgeDesk()) if book.day.strategy == "delta-hedge" else Scripted()
    terms = evolve(TERMS, account=book.opened.account, mode=book.opened.mode)
    return World(
        clock, market, exchange, a_session(date=date), desk, medium=MemoryLedger(events), terms=terms,
        underlying=book.day.underlying, is_compared=False,
    )  # fmt: skip


def the_morning_after(world: World, cut: Mapping[str, Any]) -> World:
    """Another process on the next day: what was delivered overnight can be sold at yesterday's price."""
    date = world.session.date + dt.timedelta(days=1)
    world.restart()
    world.session = a_session(date=date)
    for seconds in (0, *FIRST_LOOKS):
        moment = world.session.open + dt.timedelta(seconds=seconds)
        world.market.show(moment, {}, spot=Decimal(cut["market"]["spot"]), vix=Decimal(15))
    world.market.step = dt.timedelta(hours=1)
    world.market.settle(date, cut["market"]["spot"])
    return world


def _market(seen: Mapping[str, Any], now: dt.datetime, date: dt.date) -> FakeMarket:
    session, spot = a_session(date=date), Decimal(seen["spot"])
    market = FakeMarket(seen["underlying"], step=300)
    midnight = session.open - dt.timedelta(hours=9, minutes=30)
    looks = {now + dt.timedelta(seconds=seconds) for seconds in (0, *FIRST_LOOKS)}
    looks |= {midnight + time for time in LATER_LOOKS if midnight + time > now}
    for moment in sorted(looks):
        if moment < session.close:
            market.show(moment, dict(_quotes(seen)), spot=spot, vix=Decimal(15))
    market.settle(date, spot)
    for printed, price in seen["prints"].items():
        market.settle(dt.date.fromisoformat(printed), price)
    return market


def _quotes(seen: Mapping[str, Any]) -> Iterator[tuple[OptionContract, BidAsk]]:
    listed = REGISTRY[seen["underlying"]]
    for strike, is_call, expiry, bid, ask in seen["quotes"]:
        right = Right.CALL if is_call else Right.PUT
        yield listed.contract(dt.date.fromisoformat(expiry), right, Decimal(str(strike))), (bid, ask)
