"""The options that say which days of a ledger a command means: --day, --from and --to, --last. Rule: OP-107."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any

import click

from gammacore_cli.options import DATE


def day_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command receives them as `days`, a `DayRange`. Stands below `common_options`."""

    @functools.wraps(command)
    def ranged(
        *given: Any,
        day: dt.date | None,
        first: dt.date | None,
        last: dt.date | None,
        newest: int | None,
        **options: Any,
    ) -> Any:
        from gammacore.domain.reports.day_range import DayRange

        return command(*given, days=DayRange(day, first, last, newest), **options)

    for option in (
        click.option("--last", "newest", type=int, metavar="N", help="The newest N days."),
        click.option("--to", "last", type=DATE, metavar="D", help="Up to this New York date, included."),
        click.option("--from", "first", type=DATE, metavar="D", help="From this New York date on."),
        click.option("--day", type=DATE, metavar="D", help="One New York date, like 2026-08-19."),
    ):
        ranged = option(ranged)
    return ranged
