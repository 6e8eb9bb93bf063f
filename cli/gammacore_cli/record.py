"""`gammacore record`: write the market's snapshots of a day to a recording that `trade` can replay."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm
from gammacore_cli.market_options import choose_market, market_options, rests_without_session
from gammacore_cli.network import network_option, waiting
from gammacore_cli.output import emit

if TYPE_CHECKING:
    from gammacore.wiring import DayRecorded

log = logging.getLogger("gammacore")


@click.command("record")
@click.argument("path", type=click.Path(path_type=Path))
@network_option
@market_options
@common_options
@rests_without_session
def record(frame: Frame, path: Path, wait_for_network: float, **market: Any) -> None:
    """Record the configured market's day to PATH, which must be new: no file is ever overwritten.

    A broker's feed (--market tradier or alpaca) is recorded from now until it is closed and settled; Ctrl-C and SIGTERM
    end it in order, with what was seen. A recorder that was killed goes on when it is started again with the same PATH.
    """
    from gammacore import wiring

    choose_market(frame, market)
    if path.exists():
        raise ConfigurationError(f"{path}: exists and is left as it is; name another file")
    outside = wiring.Outside(frame.credentials)
    with leaving_by_sigterm():
        day = waiting(wait_for_network)(
            lambda: wiring.record_day(frame.configuration, path, outside=outside, tell=log.warning)
        )
    if not (day.settled or day.interrupted):
        log.warning("the market showed no settlement price; a replay takes the last price, or market.settlement")
    document: dict[str, object] = {"recording": str(path), "snapshots": day.snapshots}
    emit(document, frame.as_json, lambda: _words(path, day))
    if day.interrupted:
        raise click.Abort("the recording ends there and can be replayed")


def _words(path: Path, day: DayRecorded) -> str:
    failed = f", {day.failed_looks} looks without an answer" if day.failed_looks else ""
    return f"{day.snapshots} snapshots in {path}{failed}"
