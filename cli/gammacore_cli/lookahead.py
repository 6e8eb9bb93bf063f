"""`gammacore lookahead`: does anything decided depend on what comes later?"""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import CheckFailed, RunEnded
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm
from gammacore_cli.market_options import choose_market, range_options
from gammacore_cli.options import strategy_option
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.application.study.look_ahead import LookAheadCheck
    from gammacore.domain.study.look_ahead import LookAheadDifference

log = logging.getLogger(__name__)


@click.command("lookahead")
@click.option(
    "--draws", type=click.IntRange(min=0), default=20, show_default=True, help="Instants drawn a day, besides events."
)
@click.option("--draw-seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the instants.")
@strategy_option
@range_options
@common_options
def lookahead(
    frame: Frame,
    first: dt.date,
    last: dt.date,
    draws: int,
    draw_seed: int,
    strategy: str | None,
    **market: Any,
) -> None:
    """Trade each session again on copies whose rows after an instant are absent, scaled or dealt in another order.

    Whatever was decided up to that instant must stay the same, byte for byte; a strategy of your own is checked in the
    same way. Exit code 1 when it does not: the day, the instant, the first event that differs and the input are named.
    """
    from gammacore import wiring

    choose_market(frame, market)
    frame.choose({"trade.strategy": strategy})
    with leaving_by_sigterm():
        found = wiring.check_lookahead(
            frame.configuration, first, last, draws=draws, draw_seed=draw_seed,
            on_day=lambda date: log.info("%s", date),
        )  # fmt: skip
    emit(found.document(), frame.as_json, lambda: _page(found))
    if found.differences:
        one = found.differences[0]
        raise CheckFailed(f"{len(found.differences)} differences; the first: {_sentence(one)}")
    if found.failed:
        date, error = next(iter(found.failed.items()))
        raise RunEnded(f"{len(found.failed)} days could not be traded; first {date}: {error}")


def _page(found: LookAheadCheck) -> object:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    days = Table("day", "instants", "altered runs", "differences")
    for day in found.days:
        days.add_row(str(day.date), str(day.instants), str(day.runs - 1), str(len(day.differences)))
    parts: list[Any] = [days]
    if found.missing:
        parts.append(Text(f"no data: {', '.join(map(str, found.missing))}", style="yellow"))
    for one in found.differences:
        parts += [Text(_sentence(one), style="bold red"), Text(f"  as it was:  {one.as_it_was or '(no event)'}"),
                  Text(f"  as altered: {one.as_altered or '(no event)'}")]  # fmt: skip
    if not found.differences:
        parts.append(Text(f"{found.checked} altered runs: nothing decided depends on what came later"))
    return Group(*parts)


def _sentence(one: LookAheadDifference) -> str:
    from gammacore.domain.sessions import NEW_YORK, new_york_time

    inputs = " or ".join(one.inputs) or "several inputs together"
    return (
        f"{one.date}: with the rows after {new_york_time(one.t)} {one.change}, an event of "
        f"{one.at.astimezone(NEW_YORK):%H:%M:%S} differs; read too early: {inputs}"
    )
