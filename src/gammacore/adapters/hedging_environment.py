"""The hedging desk's environment variables: settings, and the kill switch. Section 1.5, DH-1001."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.domain.written_figures import read_figure
from gammacore.errors import ConfigurationError, StorageError
from gammacore.ports.clock import Clock
from gammacore.ports.storage import Request, RequestKind

ON, OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})
CLOSE = dt.timedelta(hours=16)
KILL_SWITCH = "EXECUTION_HALTED or EXECUTION_HALTED_FILE"
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def hedging_environment(
    environment: Mapping[str, str | None], source: str = "environment"
) -> dict[str, tuple[str, Any]]:
    """Setting and value by variable, of the variables that are set; an empty one counts as unset.

    `source` is where they stand, as an error tells it.

    Raises:
        ConfigurationError: a value that cannot be; names the variable and the fix.

    >>> hedging_environment({"EXIT_TIME_ET": "15:30", "GEX_VALUE": ""})
    {'EXIT_TIME_ET': ('exit_before_close', Decimal('1800'))}
    """
    found: dict[str, tuple[str, Any]] = {}
    for variable, (setting, read) in _VARIABLES.items():
        if text := (environment.get(variable) or "").strip():
            found[variable] = (setting, read(f"{source} {variable}", text))
    return found


@frozen
class EnvironmentKillSwitch:
    """EXECUTION_HALTED, or the first line of EXECUTION_HALTED_FILE; a file that cannot be read halts. DH-1001."""

    halted: bool
    file: Path | None

    @classmethod
    def of(cls, environment: Mapping[str, str | None]) -> EnvironmentKillSwitch:
        """The switch of these variables.

        Raises:
            ConfigurationError: EXECUTION_HALTED is neither on nor off; a mistyped switch must not read as off.
        """
        text, file = (environment.get("EXECUTION_HALTED") or "").strip(), environment.get("EXECUTION_HALTED_FILE")
        if text.lower() not in ON | OFF:
            raise ConfigurationError(f"EXECUTION_HALTED: {text!r} is not valid; give 1, true, yes, on, or 0 or nothing")
        return cls(text.lower() in ON, Path(file) if file else None)

    @property
    def is_set_up(self) -> bool:
        """Whether there is anything to look at before each decision."""
        return self.halted or self.file is not None

    def __call__(self) -> bool:
        if self.halted or self.file is None:
            return self.halted
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return True
        return bool(lines) and lines[0].strip().lower() in ON


class KillSwitchInbox:
    """The kill switch as an inbox of the day loop: a request to halt, as soon as it is seen on. Rules: DH-1001, R10.

    Implements `gammacore.ports.storage.Inbox`. Like a kill file it is obeyed once while it stays on: the halt is
    latched in the ledger, and the next start halts again. Nobody can post to it.
    """

    def __init__(self, switch: EnvironmentKillSwitch, clock: Clock) -> None:
        self._switch = switch
        self._clock = clock
        self._obeyed = False

    def post(self, request: Request) -> None:
        """It reads its variables alone. See `Inbox.post`."""
        raise StorageError(f"{request.kind}: nothing is posted to a variable; set EXECUTION_HALTED, or use the inbox")

    def pending(self) -> Sequence[Request]:
        """The request to halt, from when the switch is on until it is obeyed. See `Inbox.pending`."""
        if not self._switch():
            self._obeyed = False
            return ()
        if self._obeyed:
            return ()
        return (Request(RequestKind.HALT, self._clock.now(), KILL_SWITCH),)

    def done(self, request: Request) -> None:
        """It was obeyed; the switch stays as it is. See `Inbox.done`."""
        self._obeyed = self._obeyed or request.reason == KILL_SWITCH

    def close(self) -> None:
        """Nothing is held. See `Inbox.close`."""


def _number(wanted: str, holds: Callable[[Decimal], bool]) -> Callable[[str, str], Decimal]:
    def read(where: str, text: str) -> Decimal:
        number = read_figure(text)
        if not isinstance(number, Decimal) or not holds(number):
            raise ConfigurationError(f"{where}: {text!r} is not valid; give {wanted}")
        return number

    return read


def _multiplier(where: str, text: str) -> int:
    return int(_number("a whole number above 0", lambda n: n > 0 and n == n.to_integral_value())(where, text))


def _exit_time(where: str, text: str) -> Decimal:
    """Seconds before a 16:00 close of a New York wall-clock time. 1 minute to 6 hours."""
    match = _TIME.fullmatch(text)
    if match is not None:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        before = CLOSE - dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if minutes < 60 and seconds < 60 and dt.timedelta(minutes=1) <= before <= dt.timedelta(hours=6):
            return Decimal(int(before.total_seconds()))
    raise ConfigurationError(f"{where}: {text!r} is not valid; give HH:MM or HH:MM:SS, 10:00 to 15:59")


_ABOVE_0 = _number("a number above 0", lambda number: number > 0)
_FROM_0 = _number("a number, 0 or above", lambda number: number >= 0)
_FINITE = _number("a finite number", lambda _: True)

_VARIABLES: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "GEX_VALUE": ("gex_fallback", _FINITE),
    "HEDGING_THRESHOLD": ("threshold", _ABOVE_0),
    "HEDGING_THRESHOLD_NEGATIVE_GEX": ("threshold_negative_gex", _ABOVE_0),
    "HEDGE_MIN_INTERVAL_SECONDS": ("min_interval", _FROM_0),
    "EXIT_TIME_ET": ("exit_before_close", _exit_time),
    "OPTIONS_CONTRACT_MULTIPLIER": ("multiplier_default", _multiplier),
    "STRATEGY_EVENT_MAX_AGE_SECONDS": ("max_age", _FROM_0),
    "STRATEGY_EVENT_MAX_FUTURE_SKEW_SECONDS": ("max_skew", _FROM_0),
}
