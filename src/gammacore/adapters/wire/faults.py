"""What can go wrong between us and a broker, the error it becomes by one table, and when a question is asked again.

The same trouble means different things for a question and for an order: a lost answer to a question may be asked for
again, a lost answer to an order may be an order. Rules: R4, R5, CS-572.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import ClassVar, TypeVar

from attrs import frozen

from gammacore.adapters.wire.deadline import is_over, within
from gammacore.domain.loop_limits import RequestDeadlines
from gammacore.domain.parameters import parameter
from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, OrderRejected, OutcomeUnknown
from gammacore.ports.broker import SendGate, always_open
from gammacore.ports.clock import Clock

SERVER_GAVE_UP = 408
TOO_MANY = 429


class RequestRefused(BrokerUnavailable):
    """The broker understood the request and will not: nothing was done, and asking again is useless."""


class UnreadableAnswer(BrokerUnavailable):
    """The broker answered a question with something we cannot read: to be taken as no answer, never as "none"."""


class Asked(StrEnum):
    """What a request was for: what its failure means depends on it."""

    READ = "read"
    ORDER = "order"
    CANCEL = "cancel"
    """Sent once too: whether the order stands, the next look says."""


class Trouble(StrEnum):
    """What happened on the wire."""

    NOT_CONNECTED = "not_connected"
    """No connection, or no free one: not a byte of the request left."""
    NO_ANSWER = "no_answer"
    """It left (or some of it), and the time-out came first or the connection broke."""
    BESIDE_AN_ID = "beside_an_id"
    """An error beside the id of an order: the broker may well have taken it. Rule: CS-408."""
    UNREADABLE = "unreadable"
    """A success whose body is cut, no JSON, an HTML page or not what was expected."""
    BROKEN = "broken"
    """5xx: something behind the gateway failed, before or after it did what was asked."""
    BUSY = "busy"
    """429: over the rate limit, turned away at the gateway."""
    CREDENTIALS = "credentials"
    """The token or the keys are not accepted, under whatever status the broker says so."""
    ABSENT = "absent"
    """404: no such path, or nothing there."""
    REFUSED = "refused"
    """The broker's verdict on the request."""
    TURNED_AWAY = "turned_away"
    """Any other 4xx: not taken, without a verdict."""

    @property
    def passes(self) -> bool:
        """Whether the same question may well be answered a moment later."""
        return self in _PASSING


_PASSING = frozenset({Trouble.NOT_CONNECTED, Trouble.NO_ANSWER, Trouble.UNREADABLE, Trouble.BROKEN, Trouble.BUSY})

_READ: Mapping[Trouble, type[BrokerError]] = {
    Trouble.NOT_CONNECTED: BrokerUnavailable,
    Trouble.NO_ANSWER: BrokerUnavailable,
    Trouble.BESIDE_AN_ID: UnreadableAnswer,
    Trouble.UNREADABLE: UnreadableAnswer,
    Trouble.BROKEN: BrokerUnavailable,
    Trouble.BUSY: BrokerUnavailable,
    Trouble.CREDENTIALS: CredentialRefused,
    Trouble.ABSENT: RequestRefused,
    Trouble.REFUSED: RequestRefused,
    Trouble.TURNED_AWAY: RequestRefused,
}
_LEFT_WITHOUT_ANSWER: Mapping[Trouble, type[BrokerError]] = {
    Trouble.NO_ANSWER: OutcomeUnknown,
    Trouble.BESIDE_AN_ID: OutcomeUnknown,
    Trouble.UNREADABLE: OutcomeUnknown,
    Trouble.BROKEN: OutcomeUnknown,
}
_ERRORS: Mapping[Asked, Mapping[Trouble, type[BrokerError]]] = {
    Asked.READ: _READ,
    Asked.ORDER: {**_READ, **_LEFT_WITHOUT_ANSWER, Trouble.REFUSED: OrderRejected},
    Asked.CANCEL: {**_READ, **_LEFT_WITHOUT_ANSWER},
}
"""The table: what our side reports, by what was asked and what went wrong."""


class WireTrouble(Exception):
    """A trouble on its way from the wire to the table; it never leaves the broker's package.

    `broker_id` is the broker's own id of the order that the answer is about, where it had one.
    """

    vendor: ClassVar[str] = "the broker"
    credentials_remedy: ClassVar[str] = ""

    def __init__(self, trouble: Trouble, words: str, broker_id: str = "") -> None:
        super().__init__(trouble, words)
        self.trouble = trouble
        self.words = words
        self.broker_id = broker_id

    @property
    def remedy(self) -> str:
        """What a person can do about it; empty where nothing is known to help."""
        if self.trouble is Trouble.CREDENTIALS:
            return self.credentials_remedy
        if self.trouble is Trouble.UNREADABLE:
            return f"check the network for a proxy or a login page that answers in {self.vendor}'s place"
        return ""

    def to_broker_error(self, asked: Asked, place: str) -> BrokerError:
        """The error of our tree; an order's refusal is the broker's own word, alone."""
        kind = _ERRORS[asked][self.trouble]
        if kind is OrderRejected:
            return OrderRejected(self.words)
        reported = "; ".join(filter(None, (f"{place}: {self.words}", self.remedy)))
        return OutcomeUnknown(reported, self.broker_id) if kind is OutcomeUnknown else kind(reported)


def trouble_of_status(status: int) -> Trouble | None:
    """The trouble of a status that says nothing of the request itself, at any broker; None: the broker's own to read.

    >>> trouble_of_status(429), trouble_of_status(503), trouble_of_status(400)
    (<Trouble.BUSY: 'busy'>, <Trouble.BROKEN: 'broken'>, None)
    """
    if status == TOO_MANY:
        return Trouble.BUSY
    return Trouble.BROKEN if status == SERVER_GAVE_UP or status >= 500 or status < 200 else None


@contextmanager
def as_broker_error(asked: Asked, place: str) -> Iterator[None]:
    """Turn a trouble of the wire into the error of our tree; `place` is what a message calls the request.

    Raises:
        BrokerError: by the table.
    """
    try:
        yield
    except WireTrouble as trouble:
        raise trouble.to_broker_error(asked, place) from None


Answer = TypeVar("Answer")


@frozen
class Repeats:
    """How often a question is asked, and how long between."""

    deadlines: RequestDeadlines = RequestDeadlines()
    attempts: int = parameter(4, "Times a question is asked; an order is sent once whatever stands here.", at_least=1)
    pause_seconds: float = parameter(0.5, "Before a question is asked again; doubled each time.", at_least=0)
    longest_pause_seconds: float = parameter(8.0, "However often it was doubled.", at_least=0)

    def ask(self, question: Callable[[], Answer], clock: Clock) -> Answer:
        """The answer. The pauses go through the clock: a simulated one does not wait.

        All repeats together have one deadline, so nothing is asked again once it is over.

        Raises:
            WireTrouble: the last of the repeats failed, or a trouble that does not pass.
        """
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

        repeats = Retrying(
            sleep=lambda seconds: clock.wait_until(clock.now() + dt.timedelta(seconds=float(seconds))),
            stop=lambda state: is_over() or stop_after_attempt(self.attempts)(state),
            wait=wait_exponential(self.pause_seconds, max=self.longest_pause_seconds),
            retry=retry_if_exception(lambda fault: isinstance(fault, WireTrouble) and fault.trouble.passes),
            reraise=True,
        )
        with within(self.deadlines.read_seconds):
            answer: Answer = repeats(question)
            return answer

    def send(self, order: Callable[[], Answer], gate: SendGate = always_open) -> Answer:
        """The answer to an order or a cancel, sent once, under its deadline; `gate` is asked before its first byte."""
        with within(self.deadlines.order_seconds, gate):
            return order()
