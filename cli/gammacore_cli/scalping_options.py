"""The switches of the scalping strategies as one table, and the notices before they trade. SC-801, SC-802, cli.md."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from gammacore_cli.frame import Frame, variables
from gammacore_cli.options import DECIMAL

if TYPE_CHECKING:
    from gammacore.wiring.checks.preflight import Preflight

log = logging.getLogger("gammacore")

SHARES = frozenset({"st0cka", "hybrid"})
"""The strategies that may trade ST0CKA."""
STRADDLES = frozenset({"gamma-scalping", "hybrid"})
"""Those that may hold a straddle."""


@frozen
class Switch:
    """An option of `gammacore trade`. `value` is what a flag sets; None: the option takes a value of `kind`."""

    option: str
    key: str
    strategies: frozenset[str]
    help: str
    value: object = None
    kind: click.ParamType[Any] | None = None

    @property
    def parameter(self) -> str:
        return self.option.removeprefix("--").replace("-", "_")

    def added_to(self, command: Callable[..., Any]) -> Callable[..., Any]:
        if self.kind is None:
            return click.option(self.option, is_flag=True, default=None, help=self.help)(command)
        return click.option(self.option, type=self.kind, help=self.help)(command)


SWITCHES = (
    Switch("--volatility-off", "scalping.st0cka.use_volatility_sizing", SHARES,
           "ST0CKA: least size and base target; the hybrid still reads volatility.", value=False),
    Switch("--mean-reversion", "scalping.st0cka.use_mean_reversion", SHARES,
           "ST0CKA: enter only well below VWAP.", value=True),
    Switch("--profile", "scalping.st0cka.profile", SHARES,
           "ST0CKA: one share (original), size by volatility (enhanced, the default), five positions (advanced).",
           kind=click.Choice(["original", "enhanced", "advanced"])),
    Switch("--smart-entry", "scalping.st0cka.smart.smart_entry", SHARES,
           "ST0CKA: enter on signals of bars, quotes or ticks.", kind=click.Choice(["off", "bars", "quotes", "ticks"])),
    Switch("--power-hour", "scalping.st0cka.power_hour", SHARES, "ST0CKA: buy again in the last hour.", value=True),
    Switch("--init-mode", "scalping.gamma.init_mode", STRADDLES,
           "Gamma scalping: close what is held at the start (init) or take it over (resume).",
           kind=click.Choice(["init", "resume"])),
    Switch("--min-dte", "scalping.gamma.min_dte", STRADDLES, "Gamma scalping: nearest expiry bought, calendar days.",
           kind=click.IntRange(min=0)),
    Switch("--max-dte", "scalping.gamma.max_dte", STRADDLES, "Gamma scalping: furthest expiry bought, calendar days.",
           kind=click.IntRange(min=0)),
    Switch("--delta-threshold", "scalping.gamma.delta_threshold", STRADDLES,
           "Gamma scalping: hedge above this net delta, shares a straddle.", kind=DECIMAL),
    Switch("--max-contracts", "scalping.gamma.max_contracts", STRADDLES,
           "Gamma scalping: contracts of each leg at most.", kind=click.IntRange(min=1)),
    Switch("--trigger-profile", "scalping.gamma.trigger_profile", STRADDLES,
           "Gamma scalping: how often it looks and hedges.", kind=click.Choice(["st0ck", "alpaca"])),
    Switch("--keep-overnight", "scalping.gamma.flatten_before_close", STRADDLES,
           "Gamma scalping: keep the straddle over the night.", value=False),
)  # fmt: skip


def scalping_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the switches and take them into the settings. Stands below `common_options`."""

    @functools.wraps(command)
    def asked(frame: Frame, **options: Any) -> Any:
        for switch in SWITCHES:
            given = options.pop(switch.parameter)
            if given is not None:
                value = given if switch.kind is not None else switch.value
                frame.choose({switch.key: value}, {switch.key: switch.option})
        return command(frame, **options)

    added: Callable[..., Any] = asked
    for switch in reversed(SWITCHES):
        added = switch.added_to(added)
    return added


def before_the_start(frame: Frame) -> None:
    """Say what of variables and switches changes nothing, and everything that is missing at a real broker.

    Rules: SC-707, SC-801, SC-802.

    Raises:
        ConfigurationError: without what is missing no day can begin.
    """
    from gammacore import wiring
    from gammacore.configuration import unused_variables

    strategy = str(frame.settings.trade.strategy)
    if unused := unused_variables(variables()):
        log.info("known from older programs and not used: %s", ", ".join(unused))
    for switch in SWITCHES:
        if frame.option_given(switch.key) is not None and strategy not in switch.strategies:
            log.warning("%s changes nothing: %s does not read it, only %s", switch.option, strategy,
                        " and ".join(sorted(switch.strategies)))  # fmt: skip
    for check in wiring.missing_pieces(frame.configuration, frame.credentials):
        log.warning("before the start: %s", wiring.in_words(check))


def show_preflight(found: Preflight | None, *, quiet: bool) -> None:
    """The table of capital on stderr, unless `quiet`; then each remark as a line of the log. Rules: SC-616, SC-617."""
    if found is None:
        return
    if not quiet:
        for line in _capital_table(found):
            click.echo(line, err=True)
    for sentence in found.practice:
        log.warning("before real money: %s", sentence)
    for sentence in found.remarks:
        log.warning("%s", sentence)


def _capital_table(found: Preflight) -> Iterator[str]:
    from gammacore.domain.dollars import dollars

    price = "price not known yet" if found.price is None else f"price {found.price}"
    equity = "equity not known" if found.equity is None else f"equity {dollars(found.equity)}"
    yield f"Capital before the start, advice only: {price}, {equity}; needed = by the {found.share:.0%} position cap"
    rows = [
        (one.strategy, one.description, one.advised, f"risk {one.risk}", f"needed: {need.words}")
        for one, need in found.rows
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        mark = ">" if row[0] == found.chosen else " "
        yield f"{mark} " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for one, _ in found.rows:
        if one.strategy == found.chosen and one.remark:
            yield f"  {one.strategy}: {one.remark}"
