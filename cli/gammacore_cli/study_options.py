"""Options of every command that trades many days: the market, sizes and missing days. Rules: ST-101, ST-201..204."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore_cli.options import DECIMAL

if TYPE_CHECKING:
    from gammacore.wiring.backtests import BacktestOptions


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--market, --underlying, --seed, --step, --vix, --mode, --contracts, --sizing, --balance, --history, --missing."""
    for option in (
        click.option("--missing", type=click.Choice(["skip", "fail"]), default="skip", show_default=True,
                     help="What to do about sessions without data."),
        click.option("--history", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     help="Table of trades made before, for sizing."),
        click.option("--balance", type=DECIMAL, metavar="B",
                     help="Starting capital, dollars (default: sizing.starting_capital)."),
        click.option("--sizing", type=click.Choice(["rules"]), help="rules: in mode days too the sizing rules choose."),
        click.option("--contracts", type=click.IntRange(min=1), metavar="N",
                     help="Contracts a trade in mode days (default: 1)."),
        click.option("--mode", type=click.Choice(["carry", "days"]), default="days", show_default=True,
                     help="days: each day alone, for comparing rules; carry: one account over all days."),
        click.option("--vix", type=DECIMAL, help="A constant VIX for data without one, VIX points."),
        click.option("--step", type=click.IntRange(min=1), metavar="SECONDS",
                     help="Step of the simulated market, seconds."),
        click.option("--seed", type=click.IntRange(min=0), help="Seed of the simulated market."),
        click.option("--underlying", metavar="U", help="SPX, NDX, XSP, RUT, SPY, QQQ, IWM or a configured one."),
        click.option("--market", metavar="M",
                     help="simulated, csv:, lean:, recording: or store: with a file, folder or glob."),
    ):  # fmt: skip
        command = option(command)
    return command


def options_of(first: dt.date, last: dt.date, given: dict[str, Any]) -> BacktestOptions:
    """What these options say of a run."""
    from gammacore.wiring.backtests import BacktestOptions, Missing, RunMode

    return BacktestOptions(
        first=first,
        last=last,
        mode=RunMode(given["mode"]),
        contracts=given["contracts"],
        by_rules=given["sizing"] == "rules",
        balance=given["balance"],
        history=given["history"],
        missing=Missing(given["missing"]),
    )
