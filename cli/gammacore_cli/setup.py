"""`gammacore setup`: what the credit-spread desk would sell, and why."""

from __future__ import annotations

from decimal import Decimal

import click
from rich.console import Group
from rich.table import Table

from gammacore.domain.entries.setup import judge_strikes, select_setup
from gammacore.domain.words import Setup
from gammacore.errors import InvalidInput
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.json_values import number
from gammacore_cli.options import DECIMAL
from gammacore_cli.output import emit


@click.command("setup")
@click.option("--underlying", required=True, metavar="U", help="SPX, NDX, XSP, RUT, SPY, QQQ, IWM or a configured one.")
@click.option("--pin", required=True, type=DECIMAL, metavar="P", help="The GEX pin, points.")
@click.option("--price", required=True, type=DECIMAL, metavar="S", help="Price of the underlying, points.")
@click.option("--vix", required=True, type=DECIMAL, metavar="V", help="VIX, points.")
@common_options
def setup(frame: Frame, underlying: str, pin: Decimal, price: Decimal, vix: Decimal) -> None:
    """Show what the desk would sell with the price this far from the pin, and why."""
    line = frame.settings.underlying(underlying)
    try:
        chosen = select_setup(line, pin, price, vix, frame.settings.entries.setup)
    except InvalidInput as wrong:
        raise click.UsageError(str(wrong)) from wrong
    strikes = judge_strikes(chosen, price, frame.settings.entries.strike_sanity)
    if not strikes.passed:
        chosen = chosen.refused(strikes)
    emit(setup_document(chosen), frame.as_json, lambda: _table(chosen))


def setup_document(chosen: Setup) -> dict[str, object]:
    """A setup as JSON: strikes, distance and width are numbers in points."""
    return {
        "strategy": chosen.tag.value,
        "direction": chosen.direction.value,
        "confidence": chosen.confidence.value,
        "distance": number(chosen.distance),
        "width": None if chosen.width is None else number(chosen.width),
        "legs": [
            {"side": leg.side.value, "right": leg.right.value, "strike": number(leg.strike)} for leg in chosen.legs
        ],
        "reason": chosen.reason,
    }


def _table(chosen: Setup) -> Group | str:
    if chosen.is_skip:
        return f"skip {chosen.reason}: {chosen.detail}"
    distance = f"{chosen.distance:+} points from the pin"
    heading = (
        f"{chosen.tag} {chosen.direction}, confidence {chosen.confidence}: {distance}, width {chosen.width} points"
    )
    table = Table()
    for column in ("side", "right", "strike"):
        table.add_column(column, justify="right" if column == "strike" else "left")
    for leg in chosen.legs:
        table.add_row(leg.side.value, leg.right.name.lower(), f"{leg.strike}")
    return Group(heading, table)
