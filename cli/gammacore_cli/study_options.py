"""Options of every command that trades many days: the market, sizes, days that are left out. ST-101, ST-201..204."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError
from gammacore_cli.market_options import range_options
from gammacore_cli.options import DECIMAL

if TYPE_CHECKING:
    from gammacore.wiring.study.backtests import BacktestOptions


def run_options(mode: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The days and the market, --seeds, --mode, sizes, and what days may read or are left out; `mode` by default."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option("--require-whole", is_flag=True,
                         help="Leave out days whose data has a flag (early_end, holes, ...)."),
            click.option("--missing", type=click.Choice(["skip", "fail"]), default="skip", show_default=True,
                         help="What to do about sessions without data."),
            click.option("--warm-up", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
                         help="Sessions before --from that are read and not traded."),
            click.option("--history", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                         help="Table of trades made before, for sizing."),
            click.option("--balance", type=DECIMAL, metavar="B",
                         help="Starting capital, dollars (default: sizing.starting_capital)."),
            click.option("--sizing", type=click.Choice(["rules"]),
                         help="rules: in mode days too the sizing rules choose."),
            click.option("--contracts", type=click.IntRange(min=1), metavar="N",
                         help="Contracts a trade in mode days (default: 1)."),
            click.option("--mode", type=click.Choice(["carry", "days"]), default=mode, show_default=True,
                         help="carry: one account over all days; days: each day alone, for comparing rules."),
            click.option("--seeds", metavar="A..B", help="One simulated history a seed, and their spread."),
        ):  # fmt: skip
            command = option(command)
        return range_options(command)

    return decorated


def options_of(first: dt.date, last: dt.date, given: dict[str, Any], **more: Any) -> BacktestOptions:
    """What these options say of a run; `more` are fields that one command alone has options for."""
    from gammacore.wiring.study.backtests import BacktestOptions, Missing, RunMode

    return BacktestOptions(
        first=first,
        last=last,
        mode=RunMode(given["mode"]),
        contracts=given["contracts"],
        by_rules=given["sizing"] == "rules",
        balance=given["balance"],
        history=given["history"],
        warm_up=given["warm_up"],
        missing=Missing(given["missing"]),
        whole_days_only=given["require_whole"],
        **more,
    )


def seeds_of(given: dict[str, Any], source: str) -> Sequence[int]:
    """The seeds of --seeds A..B, both included; none where it is not given. Rule: ST-111.

    Raises:
        ConfigurationError: no such range, a seed as well, a market that is not simulated, or one copy for all of them.
    """
    text: str | None = given["seeds"]
    if text is None:
        return ()
    if given["seed"] is not None:
        raise ConfigurationError("--seed and --seeds both choose the simulated history; leave one out")
    if any(given.get(name) is not None for name in ("page", "table", "parquet")):
        raise ConfigurationError("--seeds: each history has a folder of its own; leave --html, --csv and --parquet out")
    first, dots, last = text.partition("..")
    if not (dots and first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise ConfigurationError(f"--seeds {text}: is not valid; give A..B, like 1..10")
    if source != "simulated":
        raise ConfigurationError("--seeds draws simulated histories; leave it out with a recorded --market")
    return range(int(first), int(last) + 1)
