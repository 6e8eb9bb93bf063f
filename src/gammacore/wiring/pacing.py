"""A study at a pace: its clock, and what it obeys besides. Rule: OP-601."""

from __future__ import annotations

from attrs import evolve

from gammacore.adapters.paced_clock import Pace, PacedClock
from gammacore.domain.ledger import Mode
from gammacore.errors import ConfigurationError, StorageError
from gammacore.ports.storage import Inbox
from gammacore.wiring.service.arming import Armed
from gammacore.wiring.venues import Venue


def refuse_a_pace_at_a_broker(armed: Armed, pace: Pace | None) -> None:
    """A broker's time is everybody's.

    Raises:
        ConfigurationError: it is a real broker.
    """
    if pace is not None and armed.broker.is_real:
        raise ConfigurationError(f"--pace: at {armed.broker} time goes by as it does; it is for simulated and recorded "
                                 "markets, leave it out")  # fmt: skip


def mode_of_kill_files(mode: Mode, pace: Pace | None) -> Mode:
    """HOME/HALT holds for a paced study too, as for the paper account it stands for. Rule: OP-105."""
    return mode if pace is None else Mode.PAPER


def paced(venue: Venue, pace: Pace | None, inbox: Inbox) -> Venue:
    """The venue with its clock at a pace; a request that waits in the inbox ends its waiting. The exchange has its own
    view of the same time."""
    if pace is None:
        return venue

    def woken() -> bool:
        try:
            return bool(inbox.pending())
        except StorageError:
            return True  # the cycle that reads it says what is wrong

    return evolve(venue, clock=PacedClock(venue.clock, pace, woken))
