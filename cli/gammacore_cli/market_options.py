"""Options that choose the market and the day: shared by `trade`, `plan`, `gex` and `record`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from gammacore_cli.frame import Frame
from gammacore_cli.options import DATE, DECIMAL

KEYS = {
    "market": "market.source",
    "underlying": "market.underlying",
    "date": "market.date",
    "seed": "market.seed",
    "step": "market.step_seconds",
    "vix": "market.vix",
}


def market_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--market, --underlying, --date, --seed, --step, --vix."""
    for option in (
        click.option("--vix", type=DECIMAL, help="A constant VIX, for data without one."),
        click.option("--step", type=click.IntRange(min=1), metavar="SECONDS", help="Step of the simulated market."),
        click.option("--seed", type=click.IntRange(min=0), help="Seed of the simulated market."),
        click.option("--date", type=DATE, help="The day, like 2026-08-19."),
        click.option(
            "--underlying", metavar="U", help="SPX, NDX, XSP, RUT, SPY, QQQ, IWM or one of the configuration."
        ),
        click.option("--market", metavar="M", help="simulated, csv:FILE, lean:DIR, recording:FILE, tradier or alpaca."),
    ):
        command = option(command)
    return command


def choose_market(frame: Frame, given: dict[str, Any]) -> None:
    """Take the market options out of a command's options and into the settings."""
    frame.choose({key: given.get(option) for option, key in KEYS.items()})
