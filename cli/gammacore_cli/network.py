"""--wait-for-network S: shared by `trade`, `record` and `gex --every`. Rule: OP-202."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gammacore.application.wait_for_network import WaitForNetwork
    from gammacore.ports.clock import Clock

log = logging.getLogger("gammacore")

network_option = click.option(
    "--wait-for-network",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="S",
    help="Ask an unreachable broker again for so many seconds (default: 0, once); a refused token is not waited for.",
)


def waiting_clock() -> Clock:
    """The time the wait goes by: the machine's, whatever the day's is."""
    from gammacore import wiring

    return wiring.system_clock()


def waiting(seconds: float) -> WaitForNetwork:
    """Tries what it is given, with one line a failure and one alert after five minutes."""
    from gammacore.application.wait_for_network import WaitForNetwork

    return WaitForNetwork(waiting_clock(), seconds, log.warning, log.error)
