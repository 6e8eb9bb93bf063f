"""A service in a process of its own, in real time: every date has a session that is on now, and checks are green.

    python tests/service_child.py HOME BROKER STALLED_SECONDS ARGUMENT…

The arguments are the command line of its loop. Each alert is a line of stdout: level, code, text.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from attrs import frozen

from gammacore.adapters.credentials import Variables
from gammacore.adapters.system_clock import SystemClock
from gammacore.application.diagnose import passed
from gammacore.configuration import configure
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.sessions import TradingSession
from gammacore.wiring.service.supervisor import ServiceAsk, run_service


@frozen
class AlwaysOpen:
    """An hour into the session of whatever date is asked."""

    begun: dt.datetime

    def session(self, date: dt.date) -> TradingSession:
        return TradingSession(date, self.begun - dt.timedelta(hours=1), self.begun + dt.timedelta(hours=5))

    def next_session(self, date: dt.date) -> TradingSession:
        return self.session(date + dt.timedelta(days=1))


class Lines:
    def report(self, alert: ServiceAlert) -> None:
        sys.stdout.write(f"{alert.level} {alert}\n")
        sys.stdout.flush()


def main(home: str, broker: str, stalled: str, *command: str) -> int:
    configuration = configure(
        [{"storage.home": Path(home), "account.broker": broker, "service.stalled_after": stalled}]
    )
    clock = SystemClock()
    return run_service(
        configuration, Variables({}, "test"), ServiceAsk(), again=lambda: configuration, clock=clock,
        calendar=AlwaysOpen(clock.now()), operator=Lines(), command=command,
        check=lambda: (passed("broker", "answers"),),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
