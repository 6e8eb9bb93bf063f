"""What every command shares: --config, --json, --log-level, --debug, --quiet, the settings and the ledger paths."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError, MissingData

if TYPE_CHECKING:
    from gammacore.configuration import Configuration, Settings
    from gammacore.domain.ledger import Event

DEFAULT_FILE = Path("gammacore.toml")
LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Frame:
    """One command's surroundings. Settings are read when they are first asked for."""

    def __init__(self, *, config: Path | None, as_json: bool, quiet: bool, debug: bool, log_level: str) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.debug = debug
        self.log_level = log_level
        self._config = config
        self._options: dict[str, object] = {}

    def choose(self, options: Mapping[str, object]) -> None:
        """Values given as options, by dotted key; None was not given. They win over every other layer."""
        self._options = {key: value for key, value in options.items() if value is not None}

    @cached_property
    def configuration(self) -> Configuration:
        """Defaults, TOML, .env, environment and options, merged and validated."""
        from dotenv import dotenv_values

        from gammacore.configuration import Sourced, configure, read_environment, read_toml

        layers = []
        if self._config is not None or DEFAULT_FILE.is_file():
            layers.append(read_toml(self._config or DEFAULT_FILE))
        if Path(".env").is_file():
            try:
                layers.append(read_environment(dotenv_values(".env"), ".env"))
            except (OSError, UnicodeDecodeError) as wrong:
                raise ConfigurationError(f".env: cannot be read ({wrong}); give lines like NAME=value") from wrong
        layers.append(read_environment(os.environ))
        names = {key: "--" + key.rsplit(".", 1)[-1].removesuffix("_seconds").replace("_", "-") for key in self._options}
        layers.append({key: Sourced(value, f"option {names[key]}") for key, value in self._options.items()})
        return configure(layers)

    @property
    def settings(self) -> Settings:
        return self.configuration.settings

    @property
    def home(self) -> Path:
        """Where runs and ledgers are kept: $GAMMACORE_HOME, default ./.gammacore."""
        return Path(os.environ.get("GAMMACORE_HOME") or ".gammacore")

    @property
    def paper_ledger(self) -> Path:
        """The configured paper ledger."""
        return self.home / "paper" / f"{self.settings.account.id}.sqlite"

    def ledger_path(self, named: Path | None) -> Path:
        """The ledger to read: the one named, else the newest run.

        Raises:
            MissingData: there is none yet.
        """
        if named is not None:
            if not named.exists():
                raise MissingData(f"{named}: no such ledger")
            return named
        runs = sorted(self.home.glob("runs/*.sqlite"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        if self.paper_ledger.exists():
            runs.append(self.paper_ledger)
        if not runs:
            raise MissingData(f"no ledger under {self.home}; run `gammacore trade` first or name one with --ledger")
        return max(runs, key=lambda path: path.stat().st_mtime_ns)

    def new_run(self, name: str) -> Path:
        """A path for a fresh ledger under the home folder, numbered so that none is overwritten.

        Raises:
            ConfigurationError: the folder cannot be made or written.
        """
        folder = self.home / "runs"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            raise ConfigurationError(f"{folder}: cannot be written ({wrong.strerror}); set GAMMACORE_HOME") from wrong
        number = 1 + max((int(path.stem.split("-", 1)[0]) for path in folder.glob("[0-9]*-*.sqlite")), default=0)
        return folder / f"{number:04d}-{name}.sqlite"

    def open_ledger(self, path: Path) -> list[Event]:
        """All events of a ledger, read without taking the writer's lock."""
        from gammacore.adapters.sqlite import SqliteStorage

        storage = SqliteStorage(path, read_only=True)
        try:
            return list(storage.events())
        finally:
            storage.close()

    def start_logging(self) -> logging.Logger:
        """One line format on stderr; --quiet leaves warnings, --debug shows all."""
        level = "DEBUG" if self.debug else "WARNING" if self.quiet else self.log_level
        logging.basicConfig(level=level.upper(), format=LOG_FORMAT, stream=sys.stderr, force=True)
        for noisy in ("matplotlib", "PIL", "exchange_calendars"):
            logging.getLogger(noisy).setLevel("WARNING")
        return logging.getLogger("gammacore")


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options every command has; the command's first argument becomes its Frame."""

    @click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="TOML file; ./gammacore.toml else.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.option("--quiet", is_flag=True, help="Only warnings on stderr.")
    @click.option("--debug", is_flag=True, help="All log lines, and a traceback when something fails.")
    @click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
        default="info",
        show_default=True,
    )
    @functools.wraps(command)
    def framed(*, config: Path | None, as_json: bool, quiet: bool, debug: bool, log_level: str, **options: Any) -> Any:
        frame = Frame(config=config, as_json=as_json, quiet=quiet, debug=debug, log_level=log_level)
        frame.start_logging()
        return command(frame, **options)

    return framed
