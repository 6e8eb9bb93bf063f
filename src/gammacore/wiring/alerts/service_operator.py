"""Who receives what a service reports, read again while it runs. Implements `ports.service.Operator`. OP-207."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from attrs import define, field, frozen

from gammacore.adapters.notifiers.operator import SeveralOperators
from gammacore.adapters.notifiers.settings import PingSettings, WebhookSettings
from gammacore.configuration import Configuration, Settings
from gammacore.domain.ledger import Mode
from gammacore.domain.service.alerts import ServiceAlert
from gammacore.errors import GammacoreError
from gammacore.ports.credentials import CredentialStore
from gammacore.wiring.alerts.channels import FoundChannel, find_channels, sender_of
from gammacore.wiring.alerts.notices import operator_of


@frozen
class _Asked:
    """What the configuration and the secrets ask for; while it is the same, nothing is opened anew."""

    alerts: WebhookSettings = field(repr=False)
    health: PingSettings = field(repr=False)
    channels: tuple[FoundChannel, ...]


@define(eq=False)
class ServiceOperator:
    """Log, channels and watchdogs of an account's service. Its mode and the files beside the ledger stay.

    Raises:
        ConfigurationError: a channel that cannot be opened.
    """

    settings: Settings
    mode: Mode
    beside: Path
    credentials: CredentialStore
    logger: logging.Logger
    _asked: _Asked = field(init=False)
    _operator: SeveralOperators = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._asked = self._ask(self.settings)
        self._operator = self._open(self.settings)

    def report(self, alert: ServiceAlert) -> None:
        self._operator.report(alert)

    def close(self) -> None:
        self._operator.close()

    def read_again(self, read: Callable[[], Configuration]) -> str:
        """Take the channels of the configuration as it is now; "" or why it is refused, and those that are stay.

        Every URL is tried before a channel is closed. What the old ones could not deliver is in the spool, and what
        quiet hours hold; alarms that stand go to the new ones at once. Waits some seconds for the old ones.
        """
        try:
            settings = read().settings
            asked = self._ask(settings)
            for channel in asked.channels:
                sender_of(channel, settings.alerts.timeout_seconds)
        except GammacoreError as wrong:
            return str(wrong)
        if asked == self._asked:
            return ""
        standing = self._operator.standing()
        self._operator.close()
        try:
            self._operator = self._open(settings)
        except GammacoreError as wrong:  # a secret that went away since it was tried
            self._operator = self._open(self.settings)
            self._operator.carry_on(standing)
            return str(wrong)
        self._operator.carry_on(standing)
        self.settings, self._asked = settings, asked
        return ""

    def _ask(self, settings: Settings) -> _Asked:
        return _Asked(settings.alerts, settings.health, find_channels(settings, self.credentials))

    def _open(self, settings: Settings) -> SeveralOperators:
        return operator_of(settings, self.mode, self.beside, self.credentials, self.logger)
