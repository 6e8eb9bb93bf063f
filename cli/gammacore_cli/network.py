"""--wait-for-network S: shared by `trade`, `record` and `gex --every`. Rule: OP-202."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from gammacore.application.wait_for_network import WaitForNetwork
    from gammacore.domain.ledger import Mode
    from gammacore.ports.clock import Clock
    from gammacore_cli.frame import Frame

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


def waiting(seconds: float, alert: Callable[[str], None] = log.error) -> WaitForNetwork:
    """Tries what it is given, with one line a failure and one alert after five minutes."""
    from gammacore.application.wait_for_network import WaitForNetwork

    return WaitForNetwork(waiting_clock(), seconds, log.warning, alert)


def alerting(frame: Frame, mode: Mode) -> Callable[[str], None]:
    """Reports to the log and to the channels of an account whose day is not opened yet."""

    def alert(text: str) -> None:
        from gammacore.wiring.alerts.notices import report_once

        code, _, words = text.partition(": ")
        report_once(frame.settings, mode, frame.credentials, code, words)

    return alert
