"""What every command shares: --config, --json, --log-level, --debug, --quiet, the settings and the ledger paths."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError
from gammacore_cli.log_keeping import keep_log, obey_log_settings, set_level, sign_log, stamp_log
from gammacore_cli.secrecy import kept_back
from gammacore_cli.terminal import LineFormatter, stderr_handler

if TYPE_CHECKING:
    from gammacore.configuration import Configuration, Settings, Sourced
    from gammacore.ports.clock import Clock
    from gammacore.ports.credentials import CredentialStore
    from gammacore.wiring import LedgerPlace
    from gammacore.wiring.service.arming import Armed
import signal
from collections.abc import Iterator
from contextlib import contextmanager

DEFAULT_FILE = Path("gammacore.toml")
DOTENV = Path(".env")
QUIET_LIBRARIES = ("apprise", "matplotlib", "PIL", "exchange_calendars", "httpx", "httpcore", "urllib3", "websockets")
"""They log only warnings, at --debug too: some print URLs and what is sent. Rule: OP-304."""


class Frame:
    """One command's surroundings. Settings are read when they are first asked for."""

    def __init__(
        self, *, config: Path | None, as_json: bool, quiet: bool, debug: bool, log_level: str | None,
        log_file: Path | None = None, log_format: str = "text",
    ) -> None:  # fmt: skip
        self.as_json = as_json
        self.quiet = quiet
        self.debug = debug
        self.log_level = log_level
        self._log_file = log_file
        self._log_format = log_format
        self._config = config
        self._options: dict[str, tuple[object, str]] = {}
        self._live: tuple[bool, str] = (False, "")

    def choose(self, options: Mapping[str, object], names: Mapping[str, str] | None = None) -> None:
        """Values given as options, by dotted key; None was not given. They win over every other layer.

        `names` has the option of a key where it is not called like it.
        """
        given = {key: value for key, value in options.items() if value is not None}
        self._options |= {key: (value, (names or {}).get(key) or _option_of(key)) for key, value in given.items()}

    @property
    def config_arguments(self) -> tuple[str, ...]:
        """The option that gives a child process the same configuration file."""
        return () if self._config is None else ("--config", str(self._config))

    def option_given(self, key: str) -> object | None:
        """What an option gave for a dotted key; None when none did."""
        return self._options[key][0] if key in self._options else None

    def ask_live(self, switch: bool, account: str) -> None:
        """What the command line says of live trading: --live, and the account number typed back."""
        self._live = (switch, account)
        if switch:
            self.choose({"account.paper": False}, {"account.paper": "--live"})

    @cached_property
    def credentials(self) -> CredentialStore:
        """Those of this process; whatever is found is kept out of every line from then on."""
        from gammacore.wiring.service.arming import open_credentials
        from gammacore_cli.secrecy import Overheard

        return Overheard(open_credentials())

    @cached_property
    def configuration(self) -> Configuration:
        """Defaults, TOML, .env, environment and options, merged and validated."""
        configuration = self.configuration_now()
        if not (self.debug or self.quiet or self.log_level):  # an option wins over LOG_LEVEL
            set_level(configuration.settings.log_level)
        obey_log_settings(configuration.settings.log)
        return configuration

    @property
    def config_file(self) -> Path | None:
        """The TOML file that is read; None where there is none."""
        return self._config or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)

    def configuration_now(self) -> Configuration:
        """The configuration as file, `.env` and environment are at this moment."""
        from gammacore.configuration import LiveAsk, configure, read_environment, read_toml

        layers = self._layers(read_toml, lambda variables, source: read_environment(variables(), source))
        configuration = configure(layers, LiveAsk(*self._live))
        settings = configuration.settings
        kept_back.keep_urls((*settings.alerts.urls, *settings.health.urls))
        return configuration

    def use_arming(self) -> None:
        """This process is the loop of a service: the arming is the third lock. Rule: OP-208."""
        from gammacore.wiring.service.live_arming import armed_by_the_service

        self.configuration = armed_by_the_service(self.configuration, self.credentials)

    def _layers(
        self,
        file: Callable[[Path], dict[str, Sourced]],
        environment: Callable[[Callable[[], Mapping[str, str | None]], str], dict[str, Sourced]],
    ) -> list[dict[str, Sourced]]:
        """The layers of settings, weakest first, read by these."""
        from gammacore.configuration import Sourced

        layers = []
        if (path := self.config_file) is not None:
            layers.append(file(path))
        if DOTENV.is_file():
            layers.append(environment(_read_dotenv, str(DOTENV)))
        layers.append(environment(lambda: dict(os.environ), "environment"))
        layers.append({key: Sourced(value, f"option {name}") for key, (value, name) in self._options.items()})
        return layers

    def every_error(self) -> tuple[Configuration | None, list[ConfigurationError]]:
        """The configuration of all that is right in every layer, and an error for all that is not."""
        from gammacore.configuration import LiveAsk, every_error, read_environment, read_toml

        errors: list[ConfigurationError] = []

        def file(path: Path) -> dict[str, Sourced]:
            try:
                return read_toml(path)
            except ConfigurationError as wrong:
                errors.append(wrong)
                return {}

        def environment(variables: Callable[[], Mapping[str, str | None]], source: str) -> dict[str, Sourced]:
            try:
                every = variables()
            except ConfigurationError as wrong:
                errors.append(wrong)
                return {}
            right = {}
            for name, value in every.items():  # one alone: a variable that is refused does not hide the others
                try:
                    read_environment({name: value}, source)
                    right[name] = value
                except ConfigurationError as wrong:
                    errors.append(wrong)
            return read_environment(right, source)

        layers = self._layers(file, environment)
        configuration, more = every_error(layers, LiveAsk(*self._live))
        return configuration, [*errors, *more]

    @property
    def settings(self) -> Settings:
        return self.configuration.settings

    @property
    def is_unconfigured(self) -> bool:
        """Whether no file, variable or option can have set a rule of entries or sizing, or an underlying.

        A command that needs one such rule then takes its default and loads the settings of no other: 0.2 s less.
        """
        files = self._config is not None or DEFAULT_FILE.is_file() or DOTENV.is_file()
        return not (files or self._options or any(name.startswith("GAMMACORE_") for name in os.environ))

    @property
    def home(self) -> Path:
        """Where runs and ledgers are kept: $GAMMACORE_HOME, default ./.gammacore."""
        return self.settings.storage.home

    def new_run(self, name: str) -> Path:
        """A path for a fresh ledger under the home folder, numbered so that none is overwritten.

        It is ours from now on: its lock file stands, so that a run begun at the same moment takes the next number.

        Raises:
            ConfigurationError: the folder cannot be made or written.
        """
        from gammacore.wiring import make_folder

        folder = self.home / "runs"
        make_folder(folder)
        try:
            while True:
                taken = (int(path.name.split("-", 1)[0]) for path in folder.glob("[0-9]*-*"))
                run = folder / f"{1 + max(taken, default=0):04d}-{name}.sqlite"
                with suppress(FileExistsError):
                    run.with_name(f"{run.name}.lock").touch(mode=0o600, exist_ok=False)
                    return run
        except OSError as wrong:
            raise ConfigurationError(f"{folder}: cannot be written ({wrong.strerror}); set GAMMACORE_HOME") from wrong

    def give_back(self, run: LedgerPlace) -> None:
        """A run that never began leaves no file behind."""
        if isinstance(run, Path) and run.parent == self.home / "runs" and not run.exists():
            run.with_name(f"{run.name}.lock").unlink(missing_ok=True)

    def announce(self, armed: Armed) -> None:
        """Say whose money this run trades: one line now, and the mode in every line after it. Rule: CS-609."""
        for formatter in _formatters():
            formatter.mode = armed.mode
        settings = self.settings
        sign_log(armed.mode, settings.account.id, settings.trade.strategy)
        log = logging.getLogger("gammacore")
        log.log(logging.WARNING if armed.mode == "live" else logging.INFO, "%s", armed.banner)

    def follow(self, clock: Clock) -> None:
        """Stamp every line from now on with the time of the traded day. Rule: OP-301."""
        for formatter in _formatters():
            formatter.clock = clock
        stamp_log(clock)

    def start_logging(self) -> logging.Logger:
        """One line format on stderr; --quiet leaves warnings, --debug shows all; LOG_LEVEL counts once it is read."""
        level = "DEBUG" if self.debug else "WARNING" if self.quiet else self.log_level or "INFO"
        logging.basicConfig(handlers=[stderr_handler()], force=True)
        kept_back.begin()
        if self._log_file is not None:
            keep_log(self._log_file, as_json=self._log_format == "json")
        set_level(level.upper())
        for noisy in QUIET_LIBRARIES:
            logging.getLogger(noisy).setLevel("WARNING")
        logging.getLogger("dotenv").setLevel("ERROR")  # a bad line is refused, with its number
        return logging.getLogger("gammacore")


def _formatters() -> list[LineFormatter]:
    return [one.formatter for one in logging.getLogger().handlers if isinstance(one.formatter, LineFormatter)]


def variables() -> dict[str, str | None]:
    """The process's variables over those of `.env`."""
    below = _read_dotenv() if DOTENV.is_file() else {}
    return {**below, **os.environ}


def _read_dotenv() -> dict[str, str | None]:
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    try:
        with DOTENV.open(encoding="utf-8") as lines:
            bad = next((line.original.line for line in parse_stream(lines) if line.error), None)
    except (OSError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(f"{DOTENV}: cannot be read ({wrong}); give lines like NAME=value") from wrong
    if bad is not None:
        raise ConfigurationError(f"{DOTENV}, line {bad}: not understood; give lines like NAME=value, # for comments")
    return dotenv_values(DOTENV)


def _option_of(key: str) -> str:
    """market.step_seconds is --step."""
    return "--" + key.rsplit(".", 1)[-1].removesuffix("_seconds").replace("_", "-")


JSON_HELP = "One JSON document on stdout, also for an error."


def common_options(command: Callable[..., Any], json_help: str = JSON_HELP) -> Callable[..., Any]:
    """Add the options every command has; the command's first argument becomes its Frame."""

    @click.option(
        "--config", type=click.Path(path_type=Path), metavar="FILE", help="TOML file (default: ./gammacore.toml)."
    )
    @click.option("--json", "as_json", is_flag=True, help=json_help)
    @click.option("--quiet", is_flag=True, help="Log only warnings on stderr.")
    @click.option("--debug", is_flag=True, help="Log everything, and show a traceback when something fails.")
    @click.option(
        "--log-format", type=click.Choice(["text", "json"]), default="text", help="How --log-file is written."
    )
    @click.option(
        "--log-file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Also keep the log here."
    )
    @click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
        help="Least severity of the log lines on stderr (default: info, or LOG_LEVEL).",
    )
    @functools.wraps(command)
    def framed(
        *, config: Path | None, as_json: bool, quiet: bool, debug: bool, log_level: str | None, log_file: Path | None,
        log_format: str, **options: Any,
    ) -> Any:  # fmt: skip
        frame = Frame(
            config=config, as_json=as_json, quiet=quiet, debug=debug, log_level=log_level, log_file=log_file,
            log_format=log_format,
        )  # fmt: skip
        frame.start_logging()
        return command(frame, **options)

    return framed


@contextmanager
def leaving_by_sigterm() -> Iterator[None]:
    """While this is open, SIGTERM raises KeyboardInterrupt."""

    def leave(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
