"""Everything gammacore raises, in one tree.

::

    GammacoreError
    ├── ConfigurationError      a setting, option or credential is wrong: which one, where, how to fix it
    ├── InvalidInput            a value from outside breaks a rule: field, value, fix
    │   └── DoesNotFold         a recorded event cannot follow those before it: number, kind, why
    ├── MarketDataError
    │   ├── StreamRefused       a feed of quotes does not let us listen
    │   └── MissingData         it is not there at all
    │       └── NoSession       the exchange is closed that day
    ├── BrokerError
    │   ├── OrderRejected       the broker refused it, for good
    │   ├── BrokerUnavailable   refused before it left: nothing was sent
    │   │   ├── CredentialRefused   the broker does not accept the token or key
    │   │   └── OrderTooOld         decided too long ago: it was kept from leaving
    │   └── OutcomeUnknown      it left and no answer came: look it up, never send it again blindly
    ├── StorageError
    │   ├── CorruptLedger       what was written is not what is read: refused, with the repair command
    │   ├── WriteConflict       another writer holds this ledger or was faster; nothing was written
    │   └── …                   adapters add their own: UnreadableRecord, NewerRecord, StoreUnreachable
    ├── CheckFailed             a check of a study found a fault
    ├── RunEnded                a run was ended by a fault, or not as it should have been
    ├── LoopSilent              a running loop did not obey a request in time; the request stays in its inbox
    ├── StrategyFailed          a user's own strategy raised, or returned what is not a decision
    └── TradingHalted           the kill switch or a guard is latched

An expected "no" (a filter, a limit, a stale quote) is a value with a reason code, never one of these.
"""

from __future__ import annotations

import datetime as dt
import traceback


class GammacoreError(Exception):
    """Root of the tree: whatever gammacore raises on purpose."""


class ConfigurationError(GammacoreError):
    """A setting, option or credential is wrong; the message names it and the fix."""


def missing_extra(extra: str, wanted: str) -> ConfigurationError:
    """An optional library is not installed. gammacore is in no package index: its extras are installed from the clone.

    >>> print(missing_extra("alpaca", "Alpaca's library"))
    Alpaca's library is not installed; in gammacore's folder: .venv/bin/python -m pip install --editable '.[alpaca]'
    """
    return ConfigurationError(
        f"{wanted} is not installed; in gammacore's folder: .venv/bin/python -m pip install --editable '.[{extra}]'"
    )


class InvalidInput(GammacoreError):
    """A value from outside breaks a rule.

    >>> str(InvalidInput("strike", -5, "give a price above 0"))
    'strike: -5 is not valid; give a price above 0'
    """

    def __init__(self, field: str, value: object, fix: str) -> None:
        super().__init__(field, value, fix)
        self.field = field
        self.value = value
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.field}: {self.value} is not valid; {self.fix}"


class DoesNotFold(InvalidInput):
    """A recorded event cannot follow those before it: `number` from 1 on, `kind` its type, `why` the rule it breaks.

    >>> print(DoesNotFold(17, "OrderFilled", "order: gc-1 is not valid"))
    event 17 (OrderFilled) does not follow those before it: order: gc-1 is not valid
    """

    def __init__(self, number: int, kind: str, why: str) -> None:
        super().__init__("event", number, why)
        self.number = number
        self.kind = kind
        self.why = why

    def __str__(self) -> str:
        return f"event {self.number} ({self.kind}) does not follow those before it: {self.why}"


class MarketDataError(GammacoreError):
    """The market cannot be seen well enough to decide."""


class StreamRefused(MarketDataError):
    """A feed does not let us listen: credentials, a plan, or one listener too many."""


class MissingData(MarketDataError):
    """The data is not there: no file, no row, no print."""


class NoSession(MissingData):
    """The exchange is closed on a date; `next` is the next session's open. Rule: OP-004.

    `asked` says that a person or a setting named the date: then it is an error, else an answer.
    """

    def __init__(self, date: dt.date, next_open: dt.datetime, words: str, *, asked: bool) -> None:
        super().__init__(words)
        self.date = date
        self.next = next_open
        self.asked = asked


class BrokerError(GammacoreError):
    """The broker did not do what was asked. Never to be read as "flat" or "nothing happened"."""


class OrderRejected(BrokerError):
    """The broker or exchange refused the order for good; `reason` is its own word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokerUnavailable(BrokerError):
    """The request was refused before it left this machine or was answered "not taken": nothing was sent."""


class CredentialRefused(BrokerUnavailable):
    """The token or keys are wrong, expired or without the right for this: asking again is useless. Rule: OP-004."""


class OrderTooOld(BrokerUnavailable):
    """The order was decided too long ago when its first byte was about to leave: nothing was sent."""


class OutcomeUnknown(BrokerError):
    """The request left and its outcome is not known: the order may or may not exist. Look it up by client id.

    `broker_id` is the broker's own id of the order, where an answer that is no receipt had one; else empty.
    """

    def __init__(self, problem: str, broker_id: str = "") -> None:
        super().__init__(problem)
        self.broker_id = broker_id


class StorageError(GammacoreError):
    """The ledger could not be read or written."""


class CorruptLedger(StorageError):
    """What is read is not what was written; `repair` is the command that fixes it."""

    def __init__(self, problem: str, repair: str) -> None:
        super().__init__(f"{problem}; repair with: {repair}")
        self.problem = problem
        self.repair = repair


class WriteConflict(StorageError):
    """Another writer holds this ledger, or appended first; nothing of ours was written."""


class LoopSilent(GammacoreError):
    """A running loop did not obey a request in time: it may hang or be stopped. The request stays in its inbox."""


class RunEnded(GammacoreError):
    """A run was ended by a fault, or could not be ended as it should; the message names the cause and what is held."""


class CheckFailed(GammacoreError):
    """A check of a study found a fault: the message names where. Rules: ST-602, ST-621."""


class StrategyFailed(GammacoreError):
    """A user's own strategy raised or returned something else than decisions; the message names its file and line."""


class TradingHalted(GammacoreError):
    """The kill switch is latched; clear it with `gammacore resume` once the cause is known."""


def fault_in_words(fault: BaseException) -> str:
    """What failed and where; of a fault that is not ours its kind alone, for its text may hold a secret.

    >>> fault_in_words(StorageError("the disk is full")), fault_in_words(ValueError("sent: token 123"))
    ('the disk is full', 'ValueError')
    """
    if isinstance(fault, GammacoreError):
        return str(fault)
    frames = traceback.extract_tb(fault.__traceback__)
    at = f" at {frames[-1].filename.rpartition('/')[2]}, line {frames[-1].lineno}" if frames else ""
    return f"{type(fault).__name__}{at}"
