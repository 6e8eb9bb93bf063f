"""Options that choose the market and the day: shared by `trade`, `plan`, `gex` and `record`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from gammacore.domain.broker_facts.dated import REAL_BROKERS
from gammacore.errors import NoSession
from gammacore_cli.frame import Frame
from gammacore_cli.json_values import clock
from gammacore_cli.options import DATE, DECIMAL
from gammacore_cli.output import emit

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
        click.option("--vix", type=DECIMAL, help="A constant VIX for data without one, VIX points."),
        click.option(
            "--step", type=click.IntRange(min=1), metavar="SECONDS", help="Step of the simulated market, seconds."
        ),
        click.option("--seed", type=click.IntRange(min=0), help="Seed of the simulated market."),
        click.option("--date", type=DATE, help="New York date, like 2026-08-19 (default: today at a broker)."),
        click.option("--underlying", metavar="U", help="SPX, NDX, XSP, RUT, SPY, QQQ, IWM or a configured one."),
        click.option(
            "--market", metavar="M", help=f"simulated, csv:FILE, lean:DIR, recording:FILE, store:DIR, {REAL_BROKERS}."
        ),
    ):
        command = option(command)
    return command


def choose_market(frame: Frame, given: dict[str, Any]) -> None:
    """Take the market options out of a command's options and into the settings."""
    frame.choose({key: given.get(option) for option, key in KEYS.items()})


def rests_without_session(command: Callable[..., Any]) -> Callable[..., Any]:
    """Today without a session is an answer: one sentence with the next one, exit 0. Stands below `common_options`.

    A date that a person or a setting named stays an error. Rule: OP-004.
    """

    @functools.wraps(command)
    def resting(frame: Frame, **options: Any) -> Any:
        try:
            return command(frame, **options)
        except NoSession as closed:
            if closed.asked:
                raise
            document: dict[str, object] = {"session": None, "date": closed.date, "next": clock(closed.next)}
            sentence = str(closed)
            emit(document, frame.as_json, lambda: sentence)
            return None

    return resting
