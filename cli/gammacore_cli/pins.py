"""`gammacore pins`: whether price goes to the pin on the days at hand."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

import click

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, range_options
from gammacore_cli.options import TIMES
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.application.study.pins import PinStudy
    from gammacore.domain.study.pin_sensitivity import PinSensitivity
    from gammacore.domain.study.pin_study import PinMark

log = logging.getLogger(__name__)


@click.command("pins")
@click.option("--at", type=TIMES, metavar="T,...", help="New York times to look at (default: 10:00,11:00 to 15:00).")
@click.option(
    "--permutations", type=click.IntRange(min=1), default=10_000, show_default=True, help="Deals of the pins to days."
)
@click.option("--draws", type=click.IntRange(min=0), default=100, show_default=True, help="Draws of open interest.")
@click.option("--draw-seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of both.")
@click.option("--sensitivity/--no-sensitivity", default=True, help="Measure the pin in other ways too (default: yes).")
@range_options
@common_options
def pins(
    frame: Frame,
    first: dt.date,
    last: dt.date,
    at: tuple[dt.time, ...] | None,
    permutations: int,
    draws: int,
    draw_seed: int,
    sensitivity: bool,
    **market: Any,
) -> None:
    """Study whether price goes to the pin on the sessions --from to --to, against what chance alone would show.

    The first time of --at is the one that counts: name it before looking. Nothing is traded.
    """
    from gammacore import wiring
    from gammacore.application.study.pins import MARKS

    choose_market(frame, market)
    study = wiring.study_pins(
        frame.configuration,
        first,
        last,
        at=MARKS if at is None else at,
        permutations=permutations,
        draw_seed=draw_seed,
        draws=draws,
        sensitivity=sensitivity,
        on_day=lambda date: log.info("%s", date),
    )
    emit(study.document(), frame.as_json, lambda: _page(study))


def _page(study: PinStudy) -> object:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    warned = [Text(f"{one.code}: {one.text}", style="yellow") for one in study.warnings]
    marks = Table("mark", "days", "toward", "95 %", "near", "p", "rho", "p rho", "Holm", "rnd*")
    for mark in study.marks:
        marks.add_row(*_cells(mark))
    note = Text(
        "* share of the strikes near price that closed further off than the pin: unfair, those near S are near C."
    )
    parts: list[object] = [
        *warned,
        Text(f"{study.underlying}, {study.market}, {study.days} days"),
        marks,
        note,
        Text(study.conclusion),
    ]
    if study.sensitivity:
        rows = Table("sign", "greeks", "rates", "OI", "same pin", "moved by", "other setup", "flip by")
        for row in study.sensitivity:
            rows.add_row(*_varied(row))
        parts += [Text("\nThe same moments measured in other ways (points where not %)"), rows]
    return Group(*parts, *(Text(f"- {line}") for line in study.assumptions))  # type: ignore[arg-type]  # renderables


def _cells(mark: PinMark) -> list[str]:
    interval = "-" if mark.interval is None else f"{100 * mark.interval[0]:.0f}-{100 * mark.interval[1]:.0f}"
    return [
        f"{mark.mark:%H:%M}",
        str(mark.days),
        f"{mark.toward}/{mark.of}",
        interval,
        _figure(mark.nearness),
        _figure(mark.p_nearness),
        _figure(mark.rho),
        _figure(mark.p_rho),
        _figure(mark.p_holm),
        _share(mark.nearer_than_random),
    ]


def _varied(row: PinSensitivity) -> list[str]:
    rates = row.variant.rates
    carry = "-" if rates is None else "implied" if rates.implied else f"{100 * (rates.rate or 0):g} %"
    return [
        row.variant.sign.value,
        row.variant.greeks.value,
        carry,
        "drawn" if row.variant.drawn else "as is",
        _share(row.same_pin),
        _figure(row.moved_points),
        _share(row.other_setup),
        _figure(row.flip_shift_points),
    ]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
