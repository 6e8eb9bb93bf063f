"""Batches of days as tasks: what goes to a worker and comes back, as JSON. Rules: ST-206, ST-207, ST-506."""

from __future__ import annotations

import base64
import datetime as dt
import json
import pickle
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import field, frozen

from gammacore.adapters.codec.records import decode, encode
from gammacore.adapters.fake.account import account_of_json, account_to_json
from gammacore.adapters.study_files.day_lines import day_of_json, day_to_json
from gammacore.application.study.backtest import DayDone
from gammacore.configuration import Configuration, OwnStrategy, Sourced, configure
from gammacore.domain.judged_entry import JudgedEntry
from gammacore.domain.study.days import DayResult, DayStatus
from gammacore.errors import ConfigurationError
from gammacore.wiring.study.days import ALONE, CarryIn, StudiedDay, opened_by, study_day
from gammacore.wiring.study.proofs import Taken, cash_of, proved, without_known_policies

TASK = "gammacore.wiring.study.tasks:trade_batch"


@frozen(eq=False)
class DayTask:
    """How every day of a run is traded. `start` is what its first day takes over, in mode days every day.

    `read_from` is the first date that may be read at all, None where the past is not cut.

    `keeps_events` has the events of each day come back: for the run's ledger, or a ledger a day.
    """

    configuration: Configuration
    carries: bool
    keeps_events: bool
    whole_days_only: bool = False
    read_from: dt.date | None = None
    start: CarryIn = field(default=ALONE)

    task: str = field(default=TASK, init=False)

    def ask(self, dates: Sequence[dt.date], carry: CarryIn) -> str:
        """The batch as a worker is given it."""
        return json.dumps(
            {
                "settings": settings_to_json(self.configuration),
                "fingerprint": self.configuration.fingerprint(),
                "dates": [date.isoformat() for date in dates],
                "carries": self.carries,
                "keeps_events": self.keeps_events,
                "whole_days_only": self.whole_days_only,
                "read_from": None if self.read_from is None else self.read_from.isoformat(),
                "provable": self.is_provable,
                "carry": carry_to_text(carry),
            }
        )

    @staticmethod
    def answers(answer: str) -> Sequence[DayDone]:
        """The days of a batch, in order."""
        return [
            DayDone(day_of_json(day["result"]), tuple(map(decode, day["events"])), day["seconds"], tuple(day["taken"]))
            for day in json.loads(answer)
        ]

    @staticmethod
    def after(carry: CarryIn, day: DayDone) -> CarryIn:
        """What the next day takes over; of a day that was traded from another carry-in, what it is expected to."""
        result = day.result
        if result.account is None or result.status is not DayStatus.TRADED:
            return carry
        account = account_of_json(result.account)
        if result.carry_in == carry.hash:
            return carry.after(day.events, account)
        assert result.balance is not None
        assert result.opening_balance is not None
        account.cash = (cash_of(carry) or result.opening_balance) + result.balance - result.opening_balance
        return carry.after(without_known_policies(day.events, carry.book), account)

    @property
    def is_provable(self) -> bool:
        """Whether all that a day reads of earlier ones is known: a user's own strategy may read anything."""
        return not isinstance(self.configuration.settings.trade.strategy, OwnStrategy)

    def expected(self, dates: Sequence[dt.date], carry: CarryIn) -> CarryIn:
        """What later days are expected to take over before any was traded: a ledger that the first of them opened."""
        return carry if carry.book.opened is not None else opened_by(self.configuration, dates[0], carry)

    def proved(self, day: DayDone, carry: CarryIn) -> DayDone | None:
        """See `Trading.proved`."""
        return proved(day, carry)


def trade_batch(given: str) -> str:
    """Trade consecutive days in this process: the task of a worker.

    In mode carry each day takes over what the one before it leaves.
    """
    asked: Mapping[str, Any] = json.loads(given)
    configuration = _configuration(json.dumps(asked["settings"], sort_keys=True), asked["fingerprint"])
    carry, done = carry_of_text(asked["carry"]), []
    read_from = None if asked["read_from"] is None else dt.date.fromisoformat(asked["read_from"])
    for text in asked["dates"]:
        begun = time.perf_counter()
        date = dt.date.fromisoformat(text)
        day = study_day(configuration, date, carry=carry, whole_only=asked["whole_days_only"], read_from=read_from)
        result = result_of(day, carries=asked["carries"])
        events = map(encode, day.events) if asked["keeps_events"] and day.error is None else ()
        taken = Taken.of(carry, date) if asked["carries"] and asked["provable"] else None
        done.append(
            {
                "result": day_to_json(result),
                "events": [*events],
                "seconds": time.perf_counter() - begun,
                "taken": ["", ""] if taken is None else [taken.switches, taken.numbers],
            }
        )
        if asked["carries"]:
            carry = day.carry_out
    return json.dumps(done)


def result_of(day: StudiedDay, *, carries: bool) -> DayResult:
    """The day as its run keeps it."""
    taken, handed = (day.carry_in.hash, day.carry_out.hash) if carries else ("", "")
    flags = tuple(flag.value for flag in day.flags)
    if day.error is not None or day.was_left_out:
        status = DayStatus.LEFT_OUT if day.was_left_out else DayStatus.FAILED
        return DayResult(
            day.date, status, day.error or "", market=day.market, data_hash=day.data_hash,
            carry_in=taken, carry_out=handed, flags=flags,
        )  # fmt: skip
    report = day.report
    return DayResult(
        date=day.date,
        status=DayStatus.TRADED,
        market=day.market,
        data_hash=day.data_hash,
        opening_balance=report.starting_balance,
        balance=report.balance,
        trades=day.closed_trades,
        skipped=dict(sorted(Counter(entry.reason for entry in report.scheduled if entry.reason is not None).items())),
        unknown=dict(sorted(report.unknown_by_filter.items())),
        flags=flags,
        entries=len(report.scheduled),
        decisions=tuple(decision_of(day.date, entry) for entry in report.scheduled),
        account=account_to_json(day.account) if carries and day.account is not None else None,
        carry_in=taken,
        carry_out=handed,
    )


def decision_of(date: dt.date, entry: JudgedEntry) -> dict[str, Any]:
    """One judged entry as a line of decisions.ndjson: the outcome and every filter's verdict. Rule: CS-366."""
    record = entry.record
    return {
        "date": date.isoformat(),
        "scheduled_at": record.scheduled_at.isoformat(),
        "at": record.at.isoformat(),
        "outcome": entry.outcome.value,
        "reason": record.reason,
        "sentence": entry.sentence,
        "position": entry.position,
        "price": _text(record.price),
        "pin": _text(record.pin),
        "vix": _text(record.vix),
        "filters": [
            {
                "rule": one.rule,
                "name": one.name,
                "verdict": one.verdict.outcome.value,
                "reason": one.verdict.reason,
                "value": one.verdict.value,
                "limit": one.verdict.limit,
            }
            for one in record.filters
        ],
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


# -- to a worker -------------------------------------------------------------------------------------------------------


def settings_to_json(configuration: Configuration) -> dict[str, Any]:
    """Every setting that was given, as plain values with their places."""
    return {key: [_plain(given.value), given.source] for key, given in sorted(configuration.given.items())}


def _plain(value: object) -> object:
    match value:
        case bool() | int() | None:
            return value
        case Enum():
            return value.value
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case Decimal() | dt.date() | dt.time() | Path():
            return str(value)
        case _:
            return value


@lru_cache(maxsize=4)
def _configuration(settings: str, fingerprint: str) -> Configuration:
    """The configuration as it was sent; read once a process.

    Raises:
        ConfigurationError: it does not come to the same rules here.
    """
    given = {key: Sourced(value, source) for key, (value, source) in json.loads(settings).items()}
    configuration = configure([given])
    if configuration.fingerprint() != fingerprint:
        raise ConfigurationError("the settings come to other rules in the worker than in its parent; report this fault")
    return configuration


def carry_to_text(carry: CarryIn) -> str:
    """What is carried in, for a process of the same code."""
    return base64.b85encode(zlib.compress(pickle.dumps(carry), 1)).decode()


def carry_of_text(text: str) -> CarryIn:
    carry: CarryIn = pickle.loads(zlib.decompress(base64.b85decode(text)))
    return carry
