"""`gammacore hedge`: a filter, market events in and order intents out, both ndjson of wire protocol v1."""

from __future__ import annotations

import logging
import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

import click

from gammacore.adapters.metrics_text import MetricsFile
from gammacore.adapters.system_clock import SystemClock
from gammacore.domain.hedge_filter.protocol import Level, LogMessage
from gammacore.domain.hedging.settings import LineMode, Profile, ProtocolLogs
from gammacore.errors import ConfigurationError
from gammacore_cli.frame import Frame, common_options, variables
from gammacore_cli.market_options import choose_market, market_options
from gammacore_cli.options import DECIMAL, LEDGER

if TYPE_CHECKING:
    from gammacore.adapters.ndjson.lines import Line
    from gammacore.wiring import LedgerPlace

OPTIONS = {
    "profile": "hedging.profile",
    "gex": "hedging.gex_override",
    "session_gate": "hedging.session_gate",
    "scale_hedges": "hedging.scale_hedges",
    "freshness": "hedging.freshness",
}
"""Which setting an option gives."""

SWITCH = click.Choice(["on", "off"])
REPLAY_GROUP = 100
"""Inputs that emit nothing are journaled in groups of so many when they come from a file: it can be read again."""
PAUSE_SECONDS = 0.5


@click.command("hedge")
@click.argument("events", required=False, type=click.Path(path_type=Path), metavar="[EVENTS]")
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    help="Which set of rules hedges (default: standard).",
)
@click.option("--gex", type=DECIMAL, metavar="G", help="Dealer gamma given by hand; wins over every source.")
@click.option("--macro", type=click.Path(path_type=Path), metavar="FILE", help="Market-regime document, a JSON file.")
@click.option("--assume-fills", is_flag=True, help="Take every intent as filled at once.")
@click.option("--session-gate", type=SWITCH, help="Hedge only from the open on (default: by profile).")
@click.option("--scale-hedges", type=SWITCH, help="Scale hedges down in macro events (default: by profile).")
@click.option(
    "--freshness",
    type=click.Choice(["off", "live"]),
    help="live: refuse old events by the wall clock (default: off, time is the events').",
)
@click.option("--strict/--lenient", default=None, help="End at the first bad line (default), or skip bad lines.")
@click.option(
    "--metrics", type=click.Path(path_type=Path), metavar="FILE", help="Write counters and gauges as Prometheus text."
)
@click.option("--ledger", type=LEDGER, metavar="LEDGER", help="Ledger to keep (default: none is kept).")
@market_options
@partial(
    common_options,
    json_help="Changes no line: stdout is ndjson anyway, one intent a line. An error is its last line.",
)
def hedge(
    frame: Frame, events: Path | None, macro: Path | None, metrics: Path | None, ledger: LedgerPlace | None,
    **given: Any,
) -> None:  # fmt: skip
    """Delta-hedge: MarketEvent v1 and order_update lines in (file or stdin), OrderIntent v1 lines out.

    The figures are those of the configuration, [hedging]. Where a market is named, its chains are a source of dealer
    gamma, after Firestore and the --macro file. Ctrl-C lets the line at hand finish; with --ledger the same input goes
    on where it stopped.
    """
    try:
        _run(frame, events, macro, metrics, ledger, given)
    except KeyboardInterrupt:
        raise click.Abort(_how_to_go_on(ledger)) from None


def _how_to_go_on(ledger: LedgerPlace | None) -> str:
    """What an interrupted run leaves behind; part of the one sentence on stderr. Rules: DH-143, DH-711."""
    if ledger is None:
        return "nothing was kept: the next run starts from nothing; with --ledger it could go on"
    return f"nothing is lost: the same input with --ledger {quote(str(ledger))} goes on where it stopped"


def _run(
    frame: Frame, events: Path | None, macro: Path | None, metrics: Path | None, ledger: LedgerPlace | None,
    given: dict[str, Any],
) -> None:  # fmt: skip
    from gammacore.wiring.hedging import wire_configured_hedging

    _choose(frame, given)
    configuration = frame.configuration
    settings = configuration.settings.hedging
    if macro is not None and not macro.is_file():
        raise ConfigurationError(f"--macro {macro}: no such file; give the market-regime document as JSON")
    level = logging.getLevelName(logging.getLogger().level).lower()
    log = _LogLines(level, sys.stdout if settings.protocol_logs is ProtocolLogs.STDOUT else sys.stderr)
    with _opened(events) as source:
        desk = wire_configured_hedging(
            configuration,
            write=_stdout_writer(),
            log=log,
            macro_file=macro,
            ledger=ledger,
            environment=variables(),
            assume_fills=given["assume_fills"],
            verbose=level == "debug",
            group=REPLAY_GROUP if source.is_file else 1,
            timer=None if metrics is None else time.perf_counter,
        )
        reported = None if metrics is None else MetricsFile(metrics, time.perf_counter)

        def is_over() -> bool:
            if reported is not None:
                reported.offer(desk.stream.metrics)
            return interrupted.asked

        try:
            with _interruptible() as interrupted:
                desk.stream.run(source.inputs(), is_over)
        except BrokenPipeError:
            # no process reads us any more: not our failure; what was not written is written after a restart
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        finally:
            desk.close()
            if reported is not None:
                reported.write(desk.stream.metrics())
    if interrupted.asked:
        raise KeyboardInterrupt


def _choose(frame: Frame, given: dict[str, Any]) -> None:
    """The options into the settings; they win over environment, .env and file. Section 1.5."""
    choose_market(frame, given)
    strict = {None: None, True: LineMode.STRICT, False: LineMode.LENIENT}[given["strict"]]
    named = {key: "--" + option.replace("_", "-") for option, key in OPTIONS.items()}
    chosen = {key: given[option] for option, key in OPTIONS.items()}
    frame.choose({**chosen, "hedging.mode": strict}, {**named, "hedging.mode": "--strict/--lenient"})


class _LogLines:
    """LogMessage lines from a level up; on stdout the host is notified first that we are ready. Rule: DH-121."""

    RANKS: ClassVar[dict[str, int]] = {"debug": 10, "info": 20, "warn": 30, "error": 40}

    def __init__(self, level: str, stream: TextIO) -> None:
        self._from = self.RANKS.get("warn" if level == "warning" else level, 20)
        self._stream = stream.buffer  # UTF-8 whatever the terminal's encoding is (DH-140)
        if stream is sys.stdout:
            self(LogMessage(SystemClock().now(), Level.INFO, "ready"))

    def __call__(self, message: LogMessage) -> None:
        if self.RANKS[message.level.value] >= self._from:
            self._stream.write((message.body() + "\n").encode(errors="backslashreplace"))
            self._stream.flush()


def _stdout_writer() -> Any:
    from gammacore.adapters.ndjson.lines import LineWriter

    return LineWriter(sys.stdout.buffer)


class _Source:
    """Where the lines come from; closes what it opened."""

    def __init__(self, path: Path | None) -> None:
        try:
            self._stream = sys.stdin.buffer if path is None else path.open("rb")
        except OSError as wrong:
            raise ConfigurationError(f"{path}: cannot be read ({wrong.strerror}); give a file of events") from wrong
        self._owned = path is not None
        self.is_file = stat.S_ISREG(os.fstat(self._stream.fileno()).st_mode)

    def inputs(self) -> Any:
        from gammacore.adapters.ndjson.inputs import read_inputs
        from gammacore.adapters.ndjson.lines import file_lines, pipe_lines

        lines: Iterator[Line] = (
            file_lines(self._stream) if self.is_file else pipe_lines(self._stream.fileno(), PAUSE_SECONDS)
        )
        return read_inputs(lines)

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self._stream.close()


def _opened(path: Path | None) -> _Source:
    return _Source(None if path is not None and str(path) == "-" else path)


class _interruptible:  # noqa: N801  # used as `with _interruptible()`
    """SIGINT and SIGTERM let the current line finish; a closed output is an error we see, not our end. Rule: DH-143."""

    def __init__(self) -> None:
        self.asked = False
        self._before: list[tuple[signal.Signals, Any]] = []

    def __enter__(self) -> _interruptible:
        self._before = [
            (signal.SIGINT, signal.signal(signal.SIGINT, self._ask)),
            (signal.SIGTERM, signal.signal(signal.SIGTERM, self._ask)),
            (signal.SIGPIPE, signal.signal(signal.SIGPIPE, signal.SIG_IGN)),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
