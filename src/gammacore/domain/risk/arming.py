"""Whose money a run trades: paper unless three locks are open, and never by accident. Rules: cli.md, CS-609.

Live needs the switch `--live`, credentials of a live account, and the number of that account typed back. A user who
asks for live trading in any way and lacks one is refused, never quietly given paper; without asking it is paper.
IS_PAPER_TRADING set to anything but an explicit false vetoes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from attrs import frozen

from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode

EXPLICIT_FALSE = frozenset({"false", "0", "no", "off"})


class Typed(StrEnum):
    """What the account number that was typed back is to the account of the credentials.

    UNPROVEN: there is no account to compare it with.
    """

    NOTHING = "nothing"
    ANOTHER = "another"
    THE_ACCOUNT = "the_account"
    UNPROVEN = "unproven"


class Lock(StrEnum):
    """Why it is not live: a lock that is still closed, or a veto. Reason codes."""

    NO_LIVE_ACCOUNT = "no_live_account"
    PAPER_SWITCH = "paper_switch"
    SWITCH_MISSING = "live_switch_missing"
    CREDENTIALS_MISSING = "live_credentials_missing"
    MISPLACED = "credentials_misplaced"
    ANOTHER_ADDRESS = "another_address"
    ACCOUNT_NOT_TYPED = "account_not_typed"
    ACCOUNT_UNPROVEN = "account_unproven"
    ANOTHER_ACCOUNT = "another_account_typed"


@frozen
class LiveRequest:
    """What was asked and what is at hand; secrets stay outside, their comparison comes in.

    `switch` is --live, `setting` says account.paper is false, `vetoed` that IS_PAPER_TRADING says paper, `credentials`
    that every live one is there, `misplaced` that paper credentials stand where live ones belong, or live where paper,
    `elsewhere` that the broker's address was given and is that of the other kind of account.
    """

    broker: BrokerName
    switch: bool = False
    setting: bool = False
    typed: Typed = Typed.NOTHING
    vetoed: bool = False
    credentials: bool = False
    misplaced: bool = False
    elsewhere: bool = False

    @property
    def asks(self) -> bool:
        """Whether live trading was asked for, in whatever way."""
        return self.switch or self.setting or self.typed is not Typed.NOTHING


@frozen
class Arming:
    """The mode to run in, or every lock that stands against live trading."""

    mode: Mode
    locks: tuple[Lock, ...] = ()

    @property
    def refused(self) -> bool:
        """Nothing may run, not even on paper: live was asked for and cannot be, or credentials are misplaced."""
        return bool(self.locks)


def arm(request: LiveRequest) -> Arming:
    """Paper by default, live with all three locks open, else every lock by name at once.

    >>> arm(LiveRequest(BrokerName.TRADIER)).mode.value
    'paper'
    >>> refusal = arm(LiveRequest(BrokerName.TRADIER, switch=True, credentials=True))
    >>> refusal.mode.value, [lock.value for lock in refusal.locks]
    ('paper', ['account_not_typed'])
    """
    unarmed = Mode.PAPER if request.broker.is_real else Mode.STUDY
    if not request.asks:
        return Arming(unarmed, tuple(_anyhow(request)))
    locks = tuple(_locks(request))
    return Arming(unarmed, locks) if locks else Arming(Mode.LIVE)


def _anyhow(request: LiveRequest) -> Iterator[Lock]:
    """What stops a run on paper too."""
    if request.misplaced:
        yield Lock.MISPLACED
    if request.elsewhere:
        yield Lock.ANOTHER_ADDRESS


def _locks(request: LiveRequest) -> Iterator[Lock]:
    if not request.broker.is_real:
        yield Lock.NO_LIVE_ACCOUNT
    if request.vetoed:
        yield Lock.PAPER_SWITCH
    if not request.switch:
        yield Lock.SWITCH_MISSING
    if request.broker.is_real and not request.credentials:
        yield Lock.CREDENTIALS_MISSING
    yield from _anyhow(request)
    if request.typed is not Typed.THE_ACCOUNT:
        yield _UNCONFIRMED[request.typed]


_UNCONFIRMED = {
    Typed.NOTHING: Lock.ACCOUNT_NOT_TYPED,
    Typed.UNPROVEN: Lock.ACCOUNT_UNPROVEN,
    Typed.ANOTHER: Lock.ANOTHER_ACCOUNT,
}


def says_live(switch: str | None) -> bool:
    """Whether the value of IS_PAPER_TRADING is an explicit false; nothing, blanks and misspellings are not.

    >>> says_live("False "), says_live("flase"), says_live("")
    (True, False, False)
    """
    return (switch or "").strip().lower() in EXPLICIT_FALSE
