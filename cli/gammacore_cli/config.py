"""`gammacore config check|show|init`: the configuration, validated, with where each value came from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click

from gammacore.configuration import Configuration, OwnStrategy, SettingError
from gammacore.errors import ConfigurationError
from gammacore_cli.frame import DEFAULT_FILE, Frame, common_options
from gammacore_cli.output import emit
from gammacore_cli.secrecy import kept_back


@click.group("config")
def config() -> None:
    """Check, show or write the configuration."""


@config.command("check")
@common_options
def check(frame: Frame) -> None:
    """Validate file, .env and environment, and list every error with its place and fix. Exit code 2 if there is one.

    Also checked are the names that a single setting cannot judge: market source, underlying, strategy, sources
    of gamma.
    """
    configuration, errors = frame.every_error()
    if configuration is not None:
        errors += _names(configuration)
    count = 0 if configuration is None else len(configuration.given)
    document: dict[str, object] = {"ok": not errors, "keys": count, "errors": [_error(one) for one in errors]}
    keys = "1 key" if count == 1 else f"{count} keys"
    if not errors:
        emit(document, frame.as_json, lambda: f"configuration is valid: {keys} given, the rest are defaults")
        return
    if frame.as_json:
        emit(document, as_json=True, render=lambda: None)
    if len(errors) == 1:
        raise errors[0]
    for one in errors:
        click.echo(f"  {kept_back(str(one))}", err=True)
    raise ConfigurationError(f"the configuration has {len(errors)} errors, listed above")


def _names(configuration: Configuration) -> list[ConfigurationError]:
    """Errors in names that a setting's own class does not know."""
    from gammacore.wiring import MarketSource, load_strategy
    from gammacore.wiring.alerts.channels import refuse_bad_channels
    from gammacore.wiring.regime_feeds import regime_feeds

    settings, errors = configuration.settings, list[ConfigurationError]()
    chosen = settings.trade.strategy
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("market.source", lambda: MarketSource.parse(settings.market.source)),
        ("market.underlying", lambda: settings.underlying(settings.market.underlying)),
        ("trade.strategy", lambda: isinstance(chosen, OwnStrategy) and load_strategy(chosen)),
        ("hedging.gex_sources", lambda: regime_feeds(settings.hedging)),
        ("alerts.channels", lambda: refuse_bad_channels(settings)),
    )
    for key, ask in checks:
        try:
            ask()
        except ConfigurationError as wrong:
            given = configuration.given.get(key)
            source, (problem, _, fix) = "default" if given is None else given.source, str(wrong).partition("; ")
            errors.append(SettingError(source, key, problem, fix))
    return errors


_LINE = re.compile(r"(?P<source>.*), line (?P<line>\d+)")


def _error(wrong: ConfigurationError) -> dict[str, object]:
    """An error as JSON. `line` and `key` are null where it is not about one; `fix` is "" where `message` says it."""
    key: str | None = None
    if isinstance(wrong, SettingError):
        source, key, message, fix = wrong.source, wrong.key, wrong.problem, wrong.fix
    else:
        source, _, rest = str(wrong).partition(": ")
        message, _, fix = rest.partition("; ")
    place = _LINE.fullmatch(source)
    line = None if place is None else int(place["line"])
    source = source if place is None else place["source"]
    return {"source": source, "line": line, "key": key, "message": kept_back(message), "fix": kept_back(fix)}


@config.command("show")
@common_options
def show(frame: Frame) -> None:
    """Show each value with where it came from; secrets as ***."""
    from gammacore.wiring.service.arming import credential_rows

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
