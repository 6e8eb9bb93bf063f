"""What a service reports, as lines of its log. Implements `gammacore.ports.service.Operator`."""

from __future__ import annotations

import logging

from attrs import frozen

from gammacore.domain.service.alerts import ServiceAlert
from gammacore.domain.service.endings import Level

SEVERITY = {
    Level.CRITICAL: logging.CRITICAL,
    Level.WARNING: logging.WARNING,
    Level.NOTICE: logging.INFO,
    Level.INFO: logging.INFO,
}


@frozen
class OperatorLog:
    """One line an alert, with its code as `event`; control characters of a broker's words stay within the line."""

    logger: logging.Logger

    def report(self, alert: ServiceAlert) -> None:
        text = " ".join(str(alert).split())
        self.logger.log(SEVERITY[alert.level], "%s", text, extra={"event": alert.code})
