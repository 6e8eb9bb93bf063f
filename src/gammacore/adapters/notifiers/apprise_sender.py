"""A message sent through Apprise: 180 services by a URL each; the extra `alerts`. Rules: OP-304, OP-401, OP-403."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from gammacore.adapters.notifiers.https import SERVER_ERROR, TOO_MANY_REQUESTS, NotDelivered
from gammacore.domain.alerts.messages import Message
from gammacore.domain.service.endings import Level as Severity
from gammacore.errors import InvalidInput, missing_extra

EXTRA = "alerts"
_STATUS = re.compile(r"error=(\d{3})")


def require_apprise() -> None:
    """Refuse a configured channel where the library is not installed.

    Raises:
        ConfigurationError: with the line that installs it.
    """
    if find_spec("apprise") is None:
        raise missing_extra(EXTRA, "alerts.channels: Apprise, which sends to them,")


class AppriseSender:
    """Sends to one URL; `kind` is the service's name. Neither the URL nor a part of it is ever logged or raised.

    Raises:
        ConfigurationError: Apprise is not installed.
        InvalidInput: it knows no service with such a URL.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        require_apprise()
        import apprise

        logging.getLogger("apprise").addFilter(_overheard)
        with _overheard.listening():  # what it says of a bad URL holds the URL
            plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if plugin is None:
            raise InvalidInput("url", "***", "give a URL that Apprise knows, like ntfys://ntfy.sh/TOPIC")
        self._plugin = plugin
        self._types = {
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
            Severity.WARNING: apprise.NotifyType.WARNING,
            Severity.NOTICE: apprise.NotifyType.SUCCESS,
            Severity.INFO: apprise.NotifyType.INFO,
        }
        self._seconds = timeout_seconds
        plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout_seconds
        self.kind = str(plugin.service_name)

    def __call__(self, message: Message) -> None:
        """Send it, once.

        Raises:
            NotDelivered: it did not arrive as far as is known; `retry` says whether to try again.
        """
        with _overheard.listening() as said:
            try:
                arrived = self._plugin.notify(
                    body=message.text or message.title,
                    title=message.title,
                    notify_type=self._types[message.level],
                )
            except Exception as fault:  # a plugin of others: its text may hold the URL
                raise NotDelivered(type(fault).__name__, retry=True) from None
        if not arrived:
            raise self._refused(" ".join(said))

    def _refused(self, said: str) -> NotDelivered:
        if status := _STATUS.search(said):
            code = int(status[1])
            return NotDelivered(f"answered {code}", retry=code == TOO_MANY_REQUESTS or code >= SERVER_ERROR)
        if "onnection" in said:
            return NotDelivered(f"no connection, or no answer in {self._seconds:g} s", retry=True)
        return NotDelivered("the service did not take it", retry=True)


class _Overheard(logging.Filter):
    """Takes what Apprise logs in a thread that sends for us: it names hosts, and at DEBUG whole URLs and messages."""

    def __init__(self) -> None:
        super().__init__()
        self._mine = threading.local()

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        said: list[str] = []
        self._mine.said = said
        try:
            yield said
        finally:
            self._mine.said = None

    def filter(self, record: logging.LogRecord) -> bool:
        said: list[str] | None = getattr(self._mine, "said", None)
        if said is None:
            return True
        said.append(record.getMessage())
        return False


_overheard = _Overheard()
