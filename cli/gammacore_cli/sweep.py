"""`gammacore sweep`: many settings over the same days, and what the best of them is worth. Rules: ST-501..525."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError, InvalidInput, RunEnded
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm
from gammacore_cli.market_options import KEYS
from gammacore_cli.options import strategy_option
from gammacore_cli.output import emit
from gammacore_cli.study_options import options_of, run_options, seeds_of
from gammacore_cli.study_progress import EVERY, in_words

if TYPE_CHECKING:
    from gammacore.application.study.run_tasks import TasksDone
    from gammacore.application.study.sweep import SweepFindings
    from gammacore.domain.study.grid import Axis
    from gammacore.wiring.study.sweeps import SweepTerms

log = logging.getLogger("gammacore")
OBJECTIVES = ("net", "mean", "sharpe", "sortino", "calmar", "profit_factor", "net_per_drawdown")
FILE = click.Path(path_type=Path, dir_okay=False)


class WindowsType(click.ParamType[tuple[int, int]]):
    """Two numbers of sessions, like 60,20."""

    name = "sessions"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        first, _, second = str(value).partition(",")
        if not (first.isdecimal() and second.isdecimal() and int(first) and int(second)):
            self.fail(f"{value!r} is not two numbers of sessions; write them like 60,20", param, ctx)
        return int(first), int(second)


@click.command("sweep")
@strategy_option
@run_options("days")
@click.option("--set", "axes", multiple=True, metavar="KEY=V",
              help="A key and its values: KEY=a,b,c or KEY=from..to:step. The first key varies slowest.")  # fmt: skip
@click.option("--grid", "grid_file", type=FILE, metavar="FILE", help="TOML file of keys, each with a list or a range.")
@click.option("--random", type=click.IntRange(min=1), metavar="N", help="Try N of the grid, drawn by seed.")
@click.option("--halving", type=click.IntRange(min=2), metavar="ETA",
              help="Try all on few days, keep one in ETA, on more days, and so on.")  # fmt: skip
@click.option("--objective", type=click.Choice(OBJECTIVES), default="sharpe", show_default=True,
              help="What the best is best at.")  # fmt: skip
@click.option("--min-trades", type=click.IntRange(min=0), default=30, show_default=True, metavar="N",
              help="Fewer trades cannot win.")  # fmt: skip
@click.option("--engine", default="local", show_default=True, metavar="E",
              help="local, local:N, dask://HOST:PORT (this machine) or dask+tls://HOST:PORT.")  # fmt: skip
@click.option("--tls-ca", type=FILE, metavar="FILE", help="dask+tls: certificate of the authority (PEM).")
@click.option("--tls-cert", type=FILE, metavar="FILE", help="dask+tls: our certificate (PEM).")
@click.option("--tls-key", type=FILE, metavar="FILE", help="dask+tls: its key (PEM).")
@click.option("--data", type=click.Choice(["shared", "ship"]), default="shared", show_default=True,
              help="shared: every worker sees the files of the market; ship: they are sent.")  # fmt: skip
@click.option("--path", type=click.Choice(["auto", "loop", "columns"]), default="auto", show_default=True,
              help="columns: one pass a day for all exit settings, checked against the loop.")  # fmt: skip
@click.option("--walk-forward", type=WindowsType(), default=(60, 20), metavar="A,B",
              help="Sessions to choose on and sessions to trade the choice on (default: 60,20).")  # fmt: skip
@click.option("--anchored", is_flag=True, help="Every window to choose on begins at the first session.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Folder of the results (default: one for these days under $GAMMACORE_HOME/studies).")  # fmt: skip
@click.option("--html", "page", type=FILE, metavar="FILE", help="Write the page here too.")
@click.option("--csv", "table", type=FILE, metavar="FILE", help="Write every result here too.")
@common_options
def sweep(frame: Frame, strategy: str | None, first: dt.date, last: dt.date, **given: Any) -> None:
    """Try many settings over the same days, and say what the best of so many tries is worth."""
    from gammacore.wiring.study import sweeps

    frame.choose({**{key: given.get(option) for option, key in KEYS.items()}, "trade.strategy": strategy})
    axes = _axes(given["axes"], given["grid_file"])
    terms = _terms(frame, first, last, given)
    if seeds := seeds_of(given, frame.settings.market.source):
        _each_seed(frame, axes, terms, seeds)
        return
    try:
        with leaving_by_sigterm(), tasks_progress(quiet=frame.quiet) as show:
            outcome = sweeps.run_sweep(frame.configuration, axes, terms, on_progress=show)
    except KeyboardInterrupt as left:
        raise click.Abort(f"what is done stands in {terms.folder}; the same command goes on") from left
    document = _written(outcome, terms.folder, (given["table"],), (given["page"],))
    emit(document, frame.as_json, lambda: _screen(outcome, terms.folder))
    if outcome.failed:
        cell, error = next(iter(outcome.failed.items()))
        raise RunEnded(f"{len(outcome.failed)} days under a setting failed, first {cell}: {error}")


def _axes(written: tuple[str, ...], file: Path | None) -> list[Axis]:
    from gammacore.configuration.sources import read_toml
    from gammacore.domain.study.grid import axes_of_table, parse_axis

    try:
        axes = [parse_axis(one) for one in written]
        if file is not None:
            axes += axes_of_table({key: sourced.value for key, sourced in read_toml(file).items()})
    except InvalidInput as wrong:
        raise ConfigurationError(str(wrong)) from wrong
    if not axes:
        raise ConfigurationError("nothing to sweep; name a key with its values: --set stops.stop=0.05..0.30:0.05")
    return axes


def _terms(frame: Frame, first: dt.date, last: dt.date, given: dict[str, Any]) -> SweepTerms:
    from gammacore.adapters.dask_cluster import TlsFiles
    from gammacore.application.study.sweep import Path as SweepPath
    from gammacore.domain.study.sweep_outcome import Objective
    from gammacore.wiring.study.sweeps import SweepTerms, default_folder

    options = options_of(first, last, given)
    folder = given["out"] or default_folder(frame.home, first, last)
    return SweepTerms(
        options=options,
        folder=folder,
        random=given["random"],
        halving=given["halving"],
        objective=Objective(given["objective"]),
        min_trades=given["min_trades"],
        engine=given["engine"],
        path=SweepPath(given["path"]),
        data=given["data"],
        walk_forward=given["walk_forward"],
        anchored=given["anchored"],
        tls=TlsFiles(given["tls_ca"], given["tls_cert"], given["tls_key"]),
    )


@contextmanager
def tasks_progress(*, quiet: bool) -> Iterator[Callable[[TasksDone], None]]:
    """How far the tasks are, on stderr: a bar at a terminal, elsewhere a line every 30 seconds. Rule: ST-510."""
    if quiet:
        yield lambda _: None
        return
    if sys.stderr.isatty():
        from rich.progress import BarColumn, Progress, TextColumn

        from gammacore_cli.terminal import console

        with Progress(BarColumn(), TextColumn("{task.description}"), console=console(), transient=True) as bar:
            task = bar.add_task("", total=None)
            yield lambda done: bar.update(task, total=done.tasks, completed=done.done, description=_line(done))
        return
    newest = time.monotonic()

    def say(done: TasksDone) -> None:
        nonlocal newest
        if time.monotonic() - newest >= EVERY:
            newest = time.monotonic()
            click.echo(_line(done), err=True)

    yield say


def _line(done: TasksDone) -> str:
    left = "time left unknown" if done.seconds_left is None else f"{in_words(done.seconds_left)} left"
    return f"{done.done} of {done.tasks} tasks, {done.workers} workers, {left}"


def _each_seed(frame: Frame, axes: list[Axis], terms: SweepTerms, seeds: Sequence[int]) -> None:
    """One sweep a simulated history, each in a folder of its own: the best of one need not be the best of another."""
    from attrs import evolve

    from gammacore.adapters.whole_file import write_whole
    from gammacore.configuration import Sourced, configure
    from gammacore.domain.study.documents import canonical
    from gammacore.wiring.study import sweeps
    from gammacore.wiring.study.sweep_verdicts import seeds_document
    from gammacore_cli.sweep_view import seeds_screen

    if any(axis.key == "market.seed" for axis in axes):
        raise ConfigurationError("--set market.seed and --seeds both choose the simulated history; leave one out")
    found: dict[int, SweepFindings] = {}
    try:
        with leaving_by_sigterm(), tasks_progress(quiet=frame.quiet) as show:
            for seed in seeds:
                own = configure([frame.configuration.given, {"market.seed": Sourced(seed, "option --seeds")}])
                at = evolve(terms, folder=terms.folder / f"seed-{seed}")
                found[seed] = sweeps.run_sweep(own, axes, at, on_progress=show)
                _written(found[seed], at.folder)
    except KeyboardInterrupt as left:
        raise click.Abort(f"what is done stands in {terms.folder}; the same command goes on") from left
    document = seeds_document(found)
    write_whole(terms.folder / "result.json", canonical(document))
    emit(document, frame.as_json, lambda: seeds_screen(found, terms.folder))
    failed = [f"seed {seed}, {cell}: {error}" for seed, one in found.items() for cell, error in one.failed.items()]
    if failed:
        raise RunEnded(f"{len(failed)} days under a setting failed, first {failed[0]}")


def _written(
    outcome: SweepFindings, folder: Path, tables: Sequence[Path | None] = (), pages: Sequence[Path | None] = ()
) -> dict[str, object]:
    """result.json, results.csv and report.html of the folder, and the copies asked for."""
    from gammacore.adapters.html_report import render_sweep, write_page
    from gammacore.adapters.sweep_results import results_csv
    from gammacore.adapters.whole_file import write_whole

    document: dict[str, object] = outcome.document()
    write_whole(folder / "result.json", outcome.to_json())
    table, page = results_csv(outcome), render_sweep(outcome)
    for path in filter(None, (folder / "results.csv", *tables)):
        write_whole(path, table)
    for path in filter(None, (folder / "report.html", *pages)):
        write_page(path, page)
    log.info("%s: result.json, results.csv, results.ndjson, report.html", folder)
    return document


def _screen(outcome: SweepFindings, folder: Path) -> object:
    from gammacore_cli.sweep_view import sweep_screen

    return sweep_screen(outcome, folder)
