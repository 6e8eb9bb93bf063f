"""Types of option values: exact numbers and dates, refused with a sentence."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.domain.written_dates import days_of, read_day
from gammacore.domain.written_figures import read_figure
from gammacore.errors import ConfigurationError

if TYPE_CHECKING:
    from gammacore.wiring import LedgerPlace


class DecimalType(click.ParamType[Decimal]):
    """A finite number, exact as typed."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        number = read_figure(str(value))
        if not isinstance(number, Decimal):
            endless = str(value).strip().lower().lstrip("+-") in {"nan", "inf", "infinity"}
            self.fail(
                f"{value!r} {'is not finite' if endless else 'is not a number'}; write it like 6057.25", param, ctx
            )
        return number


class DateType(click.ParamType[dt.date]):
    """A date as 2026-08-19 or 20260819."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        if isinstance(value, dt.date):
            return value
        if (day := read_day(str(value))) is None:
            could_be = " or ".join(map(str, days_of(str(value))))
            why = f"could be {could_be}" if could_be else "is not a date"
            self.fail(f"{value!r} {why}; write it like 2026-08-19", param, ctx)
        return day


class PictureType(click.Path):
    """A file whose ending is a kind of picture we draw."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from gammacore.adapters.html_report.canvas import picture_kind
        from gammacore.errors import InvalidInput

        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        try:
            picture_kind(path)
        except InvalidInput as wrong:
            self.fail(f"{value}: {wrong.fix}", param, ctx)
        return path


class PaceType(click.ParamType[float]):
    """Market seconds a second, or `real`."""

    name = "pace"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        number = read_figure("1" if str(value).strip().lower() == "real" else str(value))
        if not isinstance(number, Decimal) or not 0 < number <= 1_000_000:
            self.fail(f"{value!r} is no pace; give real, or market seconds a second, like 60", param, ctx)
        return float(number)


DECIMAL = DecimalType()
DATE = DateType()
PACE = PaceType()
PICTURE = PictureType()


class InstantType(click.ParamType[dt.datetime | dt.time]):
    """A time of day in New York (10:30), or an instant in ISO 8601 (New York without an offset)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime | dt.time:
        if isinstance(value, dt.datetime | dt.time):
            return value
        text = str(value)
        try:
            return dt.datetime.fromisoformat(text) if "-" in text[:8] else dt.time.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is not a time; write it like 10:30 or 2026-08-19T10:30", param, ctx)


INSTANT = InstantType()


class TimesType(click.ParamType[tuple[dt.time, ...]]):
    """Times of day in New York, joined by commas: 10:00,11:00."""

    name = "times"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[dt.time, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(dt.time.fromisoformat(one.strip()) for one in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of times; write it like 10:00,11:30", param, ctx)


TIMES = TimesType()


class MomentType(click.ParamType[dt.datetime | dt.date | dt.time]):
    """A date, a time of day in New York, or an instant in ISO 8601 (New York without an offset)."""

    name = "date or time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.datetime | dt.date | dt.time:
        if isinstance(value, dt.date | dt.time):
            return value
        if (day := read_day(str(value))) is not None:
            return day
        try:
            return INSTANT.convert(value, param, ctx)
        except click.BadParameter:
            self.fail(
                f"{value!r} is not a date or a time; write it like 2026-08-19, 10:30 or 2026-08-19T10:30", param, ctx
            )


MOMENT = MomentType()


class LedgerType(click.ParamType["LedgerPlace"]):
    """A ledger: a file, or firestore:NAME for one in Firestore."""

    name = "ledger"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> LedgerPlace:
        if not isinstance(value, str) or not value.startswith("firestore:"):
            return Path(value)
        from gammacore.wiring import ledger_named

        try:
            return ledger_named(value)
        except ConfigurationError as wrong:
            self.fail(str(wrong), param, ctx)


LEDGER = LedgerType()

strategy_option = click.option(
    "--strategy",
    metavar="STRATEGY",
    help="credit-spread, delta-hedge, st0cka, st0ckg, gamma-scalping, hybrid, FILE:NAME of your own, or a registered "
    "name (default: credit-spread).",
)
