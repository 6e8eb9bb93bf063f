"""Ask an unreachable broker again before the day begins, instead of ending the day. Rule: OP-202."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from gammacore.errors import BrokerError, BrokerUnavailable, CredentialRefused, GammacoreError, MarketDataError
from gammacore.ports.clock import Clock

Result = TypeVar("Result")
FIRST_SECONDS, LONGEST_SECONDS = 5, 60
"""Asked again after 5, 10, 20, 40, 60, 60 … s (ours)."""
ALERT_SECONDS = 300
"""One alert when it has been away so long (ours)."""


@frozen
class WaitForNetwork:
    """Tries for `seconds` in all; 0: once. `tell` gets one line a failure, `alert` one after five minutes."""

    clock: Clock
    seconds: float
    tell: Callable[[str], None]
    alert: Callable[[str], None]

    def __call__(self, attempt: Callable[[], Result]) -> Result:
        """What `attempt` returns, as soon as the broker answers it.

        Raises:
            CredentialRefused: at once, for asking again is useless; a market that it keeps shut likewise.
            BrokerError, MarketDataError: the last failure, when the time is over; any other error at once.
        """
        began, pause, is_alerted = self.clock.now(), FIRST_SECONDS, False
        until = began + dt.timedelta(seconds=self.seconds)
        while True:
            try:
                return attempt()
            except GammacoreError as fault:
                now = self.clock.now()
                if not is_unreachable(fault) or now >= until:
                    raise
                again = min(until, now + dt.timedelta(seconds=pause))
                self.tell(
                    f"the broker cannot be reached ({fault}); asked again in {(again - now).total_seconds():.0f} s"
                )
                if not is_alerted and (now - began).total_seconds() >= ALERT_SECONDS:
                    is_alerted = True
                    self.alert(
                        f"network_down: the broker could not be reached for {(now - began).total_seconds():.0f} s"
                    )
            self.clock.wait_until(again)
            pause = min(2 * pause, LONGEST_SECONDS)


def is_unreachable(fault: GammacoreError) -> bool:
    """Whether asking again may help: nothing answered, or not in time; not where a token was refused.

    >>> is_unreachable(BrokerUnavailable("no route")), is_unreachable(CredentialRefused("401"))
    (True, False)
    """
    cause = fault.__cause__
    if isinstance(fault, CredentialRefused) or isinstance(cause, CredentialRefused):
        return False
    return isinstance(fault, BrokerUnavailable) or (
        isinstance(fault, BrokerError | MarketDataError) and isinstance(cause, BrokerUnavailable)
    )
