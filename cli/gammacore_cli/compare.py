"""`gammacore compare`: what happened live against what the replay says should have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import CheckFailed
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, look_options
from gammacore_cli.options import LEDGER
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.application.study.compare import RunComparison
    from gammacore.domain.study.comparison import SlotCompared
    from gammacore.domain.study.slippage import Spread
    from gammacore.domain.study.trade_parts import TradeCompared, TradeSide
    from gammacore.wiring import LedgerPlace


@click.command("compare")
@click.argument("live", type=LEDGER)
@click.argument("replay", type=LEDGER)
@click.option("--live-config", type=click.Path(path_type=Path), metavar="FILE", help="What LIVE was traded by (TOML).")
@click.option(
    "--replay-config", type=click.Path(path_type=Path), metavar="FILE", help="What REPLAY was traded by (TOML)."
)
@look_options
@common_options
def compare(
    frame: Frame,
    live: LedgerPlace,
    replay: LedgerPlace,
    live_config: Path | None,
    replay_config: Path | None,
    **market: Any,
) -> None:
    """Compare two ledgers of the same days: LIVE, and REPLAY of what was recorded beside it.

    Settings that differ come first, then each entry with the first filter that differs and why, the parts of the
    difference to the cent, and slippage a leg against the quotes of --market. Exit code 1 when the same settings and
    inputs were decided differently: that is a fault.
    """
    from gammacore import wiring
    from gammacore.configuration import configure, read_toml

    choose_market(frame, market)
    if (live_config is None) != (replay_config is None):
        raise click.UsageError("--live-config and --replay-config: give both, or neither")
    settings = [None if path is None else configure([read_toml(path)]) for path in (live_config, replay_config)]
    compared = wiring.compare_runs(
        frame.configuration, live, replay, live_settings=settings[0], replay_settings=settings[1]
    )
    emit(compared.document(), frame.as_json, lambda: _page(compared))
    if compared.faults:
        first = compared.faults[0]
        name = "the order" if first.first is None else first.first.name
        raise CheckFailed(
            f"{len(compared.faults)} entries differ on the same settings and inputs; the first on {first.date} at "
            f"{_time(first)}: {name}; report it with both ledgers"
        )


def _page(compared: RunComparison) -> object:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = [Text(f"{one.code}: {one.text}", style="yellow") for one in compared.warnings]
    if not compared.differs:
        return Group(*parts, Text(f"no difference in {len(compared.days)} days, {len(compared.slots)} entries and "
                                  f"{len(compared.trades)} trades"))  # fmt: skip
    if compared.settings:
        settings = Table("settings that differ", "live", "replay")
        for row in compared.settings:
            settings.add_row(row.key, row.live or "-", row.replay or "-")
        parts.append(settings)
    slots = Table("entry", "live", "replay", "first filter that differs", "why")
    for slot in compared.slots:
        if slot.why is not None:
            slots.add_row(*_slot(slot))
    trades = Table("trade", "live, net", "replay, net", "entry", "exit", "size", "fees", "whole")
    for trade in compared.trades:
        if trade.is_apart:
            trades.add_row(*_trade(trade))
    total = compared.parts
    whole = total.only_live + total.only_replay
    trades.add_section()
    trades.add_row(
        "all", "", f"{total.total:+.2f}", *(f"{one:+.2f}" for one in (total.entry, total.exit, total.size, total.fees)),
        f"{whole:+.2f}",
    )  # fmt: skip
    for table in (slots, trades):
        for column in table.columns:
            column.overflow = "fold"  # half a name or number is none
    parts += [slots, trades]
    if compared.slippage:
        lost = Table("fills", "legs", "against mid", "natural at decision", "natural when filled")
        for name, groups in compared.slippage.items():
            for group in groups:
                where = "all" if group.hour is None else f"{group.hour}h {group.right} {group.side} {group.kind}"
                lost.add_row(
                    f"{name}, {where}", str(group.legs), _mean(group.mid), _mean(group.natural), _mean(group.filled)
                )
        parts += [
            lost,
            Text(f"broker.slippage that the live fills suggest: {compared.suggested_slippage} points a leg"),
        ]
    return Group(*parts)


def _slot(slot: SlotCompared) -> tuple[str, ...]:
    first = "the order's fate"
    if slot.first is not None:
        values = [
            "-" if side is None else f"{side.verdict.value} {side.verdict.limit}".strip() or str(side.verdict)
            for side in (slot.first.live, slot.first.replay)
        ]
        first = f"{slot.first.name}: {values[0]} / {values[1]}"
    elif slot.live is None or slot.replay is None:
        first = "not judged by one of them"
    verdicts = ["-" if side is None else side.reason or side.outcome.value for side in (slot.live, slot.replay)]
    return f"{slot.date} {_time(slot)}", *verdicts, first, str(slot.why or "")


def _time(slot: SlotCompared) -> str:
    from gammacore.domain.sessions import NEW_YORK

    return f"{slot.slot.astimezone(NEW_YORK):%H:%M}"


def _trade(trade: TradeCompared) -> tuple[str, ...]:
    side = trade.live or trade.replay
    assert side is not None
    parts = trade.parts
    money = [parts.entry, parts.exit, parts.size, parts.fees, parts.only_live + parts.only_replay]
    seen = {None: "", True: "", False: ", mark not in the replay's data"}[trade.mark_visible]
    live = f"{_end(trade.live)}{seen}"
    return (
        f"{trade.date:%m-%d} {side.strategy.replace('_', ' ')}",
        live,
        _end(trade.replay),
        *(f"{one:+.2f}" for one in money),
    )


def _end(side: TradeSide | None) -> str:
    return "-" if side is None else f"{side.net:+.2f} {side.reason.replace('_', ' ')}, {side.minutes} min"


def _mean(spread: Spread | None) -> str:
    return "-" if spread is None else f"{spread.mean:+.4f}"
