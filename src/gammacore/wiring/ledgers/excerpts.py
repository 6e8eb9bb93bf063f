"""One day of a ledger as lines, to be shown to others: with `anonymous` nothing in it says whose it is. OP-902.

Prices, strikes, times, rules and reasons stay, for they are what a fault is found by. Every account is called alike,
ids are numbered anew (one id is the same id throughout), the balance is 20,000 dollars, and of free text what may name
a person, an account, a host or a place on a disk is left out.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

from attrs import define, field

from gammacore.adapters.codec.records import encode
from gammacore.configuration import Settings
from gammacore.domain.instruments import contract_of
from gammacore.domain.ledger import DayStarted, HistoryImported, LedgerOpened
from gammacore.domain.sessions import new_york_date
from gammacore.errors import MissingData
from gammacore.wiring.controls import events_of
from gammacore.wiring.ledgers.storage import LedgerPlace

HIDDEN = "***"
BALANCE = "20000"
WORDS_OF_A_PERSON = {"Halted": "reason", "Resumed": "note", "FlattenRequested": "reason"}
KNOWN_WORDS = re.compile(r"[a-z_]+|halted by hand|flattened by hand|resumed by hand|restored.*")
_OUR_ID = re.compile(r"gc-[0-9a-f]{25}")
_PRIVATE = re.compile(
    r"\w+://\S+|\S+@\S+\.\S+|(?<![\w.])[~.]{0,2}/[^\s,;()]+"
    r"|(?<![\w.,-])(?=[A-Za-z0-9-]*\d[A-Za-z0-9-]*\d[A-Za-z0-9-]*\d)[A-Za-z0-9-]{6,}\b"
)
_FIGURE = re.compile(r"-?\d+\.\d+|-?\d{1,6}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T.*)?|20\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])")
_HOLDING = re.compile(r"(shares-)*[A-Z]{1,6}-\d{8}-\d+|(shares-)+\S+")


def excerpt(settings: Settings, place: LedgerPlace, date: dt.date, *, anonymous: bool) -> list[str]:
    """The opening of a ledger and the events of one New York date, as lines of canonical JSON.

    Raises:
        MissingData: the ledger has no event of that date.
        StorageError: it cannot be read.
    """
    events = events_of(settings, place)
    chosen = [event for event in events if new_york_date(event.at) == date and not isinstance(event, LedgerOpened)]
    if not chosen:
        days = sorted({event.date for event in events if isinstance(event, DayStarted)})
        known = f"; its days are {days[0]} to {days[-1]}" if days else ""
        raise MissingData(f"{place}: nothing happened on {date}{known}")
    opening = [event for event in events if isinstance(event, LedgerOpened)]
    if not anonymous:
        return [encode(event) for event in (*opening, *chosen)]
    mask = _Mask()
    return [mask.line(encode(event)) for event in (*opening, *chosen) if not isinstance(event, HistoryImported)]


MONEY = {"minimum_account", "buying_power", "concurrent_risk", "day_trades", "equity_unknown"}
"""Checks whose figures are those of the account."""


@define
class _Mask:
    _shift: Decimal = Decimal(0)
    _orders: dict[str, str] = field(factory=dict)
    _brokers: dict[str, str] = field(factory=dict)

    def line(self, record: str) -> str:
        document = json.loads(record)
        kind, body = document["type"], document["body"]
        if kind == "LedgerOpened":
            self._shift = Decimal(BALANCE) - Decimal(body["starting_balance"])
        body["filters"] = [
            [*one[:2], *(HIDDEN for _ in one[2:])] if one[1] in MONEY else one for one in body.get("filters", ())
        ]
        if not body["filters"]:
            del body["filters"]
        if (words := WORDS_OF_A_PERSON.get(kind)) is not None and not KNOWN_WORDS.fullmatch(body[words]):
            body[words] = HIDDEN
        document["body"] = {name: self._value(kind, name, value) for name, value in body.items()}
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def _value(self, kind: str, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._text(key): self._value(kind, key, inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._value(kind, name, inner) for inner in value]
        if not isinstance(value, str):
            return value
        if kind == "LedgerOpened" and name in _OPENING:
            return _OPENING[name]
        if kind == "AccountRecorded" and name in ("digest", "ending"):
            return "0" * len(value) if name == "digest" else HIDDEN
        if name == "balance":
            return str(Decimal(value) + self._shift)
        if name == "broker_id" and value:
            return self._brokers.setdefault(value, f"broker-{len(self._brokers) + 1}")
        if name == "market":
            return _market(value)
        return value if _FIGURE.fullmatch(value) else self._text(value)

    def _text(self, text: str) -> str:
        text = _OUR_ID.sub(lambda found: self._order(found[0]), text)
        return _PRIVATE.sub(lambda found: found[0] if _is_public(found[0]) else HIDDEN, text)

    def _order(self, known: str) -> str:
        return self._orders.setdefault(known, f"gc-{'0' * 8}{len(self._orders) + 1:017x}")


_OPENING = {"account": "account", "lineage": "0" * 16, "starting_balance": BALANCE}


def _market(label: str) -> str:
    """What kind of market it was, without the name of a file."""
    kind, _, rest = label.partition(" ")
    return label if kind == "simulated" or not rest else f"{kind} {HIDDEN}"


def _is_public(word: str) -> bool:
    """A contract, a date, an id numbered here, a holding's name, or a figure says nothing of a person."""
    return bool(
        contract_of(word) is not None
        or _OUR_ID.fullmatch(word)
        or _DATE.fullmatch(word)
        or _HOLDING.fullmatch(word)
        or re.fullmatch(r"[0-9a-f]{12}|[0-9a-f]{16}|[A-Z]{1,2}-?\d{1,4}", word)
    )
