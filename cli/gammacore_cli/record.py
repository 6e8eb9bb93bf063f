"""`gammacore record`: write the market's snapshots of a day to a recording that `trade` can replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gammacore.errors import ConfigurationError
from gammacore_cli.frame import Frame, common_options
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.output import emit


@click.command("record")
@click.argument("path", type=click.Path(path_type=Path))
@market_options
@common_options
def record(frame: Frame, path: Path, **market: Any) -> None:
    """Record the configured market's day to PATH, which must be new: no file is ever overwritten."""
    from gammacore import wiring

    choose_market(frame, market)
    if path.exists():
        raise ConfigurationError(f"{path}: exists and is left as it is; name another file")
    snapshots = wiring.record_day(frame.configuration, path)
    document: dict[str, object] = {"recording": str(path), "snapshots": snapshots}
    emit(document, frame.as_json, lambda: f"{snapshots} snapshots in {path}")
