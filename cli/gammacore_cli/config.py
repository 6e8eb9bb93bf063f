"""`gammacore config check|show|init`: the configuration, validated, with where each value came from."""

from __future__ import annotations

from pathlib import Path

import click

from gammacore.errors import ConfigurationError
from gammacore_cli.frame import DEFAULT_FILE, Frame, common_options
from gammacore_cli.output import emit


@click.group("config")
def config() -> None:
    """Check, show or write the configuration."""


@config.command("check")
@common_options
def check(frame: Frame) -> None:
    """Validate every key of every layer, and the names that only others know: market, underlying, gamma sources."""
    from gammacore.wiring import MarketSource
    from gammacore.wiring.regime_feeds import regime_feeds

    settings, count = frame.settings, len(frame.configuration.given)
    MarketSource.parse(settings.market.source)
    settings.underlying(settings.market.underlying)
    regime_feeds(settings.hedging)
    document: dict[str, object] = {"ok": True, "keys": count}
    keys = "1 key" if count == 1 else f"{count} keys"
    emit(document, frame.as_json, lambda: f"configuration is valid: {keys} given, the rest are defaults")


@config.command("show")
@common_options
def show(frame: Frame) -> None:
    """Each value with where it came from; secrets as ***."""
    from gammacore.wiring.credentials import credential_rows

    rows = [*frame.configuration.rows(), *credential_rows(frame.credentials)]
    document: dict[str, object] = {key: {"value": value, "source": source} for key, value, source in rows}

    def table() -> object:
        from rich.table import Column, Table
        from rich.text import Text

        view = Table(Column("key", no_wrap=True), *(Column(name, overflow="fold") for name in ("value", "from")))
        for row in rows:
            view.add_row(*map(Text, row))  # letter by letter: a list begins like markup
        return view

    emit(document, frame.as_json, table)


@config.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=DEFAULT_FILE)
@common_options
def init(frame: Frame, path: Path) -> None:
    """Write a commented sample; an existing file is never overwritten."""
    from gammacore.configuration import sample_toml

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(sample_toml())
    except FileExistsError as wrong:
        raise ConfigurationError(f"{path}: exists and is left as it is; name another file") from wrong
    except OSError as wrong:
        raise ConfigurationError(f"{path}: cannot be written ({wrong.strerror})") from wrong
    emit({"written": str(path)}, frame.as_json, lambda: f"{path} written: every key commented out, with its default")
