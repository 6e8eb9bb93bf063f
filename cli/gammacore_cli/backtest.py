"""`gammacore backtest`: many days by the loop that trades one, in a folder that can be resumed. Rules: ST-201..213."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError, RunEnded
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm
from gammacore_cli.market_options import KEYS
from gammacore_cli.options import strategy_option
from gammacore_cli.output import emit
from gammacore_cli.study_options import options_of, run_options, seeds_of
from gammacore_cli.study_progress import study_progress

if TYPE_CHECKING:
    from gammacore.wiring.study.backtests import BacktestOptions, BacktestRun

log = logging.getLogger("gammacore")


@click.command("backtest")
@strategy_option
@run_options("carry")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes (default: processors less one).")
@click.option("--on-error", type=click.Choice(["go-on", "stop"]), default="go-on", show_default=True,
              help="Whether the first day that fails ends the run.")  # fmt: skip
@click.option("--keep-ledgers", is_flag=True, help="In mode days: keep the ledger of each day.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="RUN",
              help="Folder of the run (default: a new one under $GAMMACORE_HOME/studies).")  # fmt: skip
@click.option("--resume", type=click.Path(path_type=Path, file_okay=False), metavar="RUN",
              help="Go on with a run that was left.")  # fmt: skip
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the page of the run here too.")  # fmt: skip
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write trades.csv here too.")  # fmt: skip
@click.option("--parquet", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the trades as Parquet (needs the extra study).")  # fmt: skip
@common_options
def backtest(frame: Frame, strategy: str | None, first: dt.date, last: dt.date, **given: Any) -> None:
    """Trade every session of a range, and say what came of it and what the figures cannot carry."""
    from gammacore import wiring
    from gammacore.wiring.study import backtests
    from gammacore.wiring.study.backtest_results import new_study, study_name

    frame.choose({**{key: given.get(option) for option, key in KEYS.items()}, "trade.strategy": strategy})
    options = options_of(
        first, last, given, workers=given["workers"], keeps_ledgers=given["keep_ledgers"],
        stops_on_error=given["on_error"] == "stop",
    )  # fmt: skip
    resume: Path | None = given["resume"]
    if resume is not None and given["out"] is not None:
        raise ConfigurationError("--resume names the folder of the run already; leave --out out")
    began = wiring.system_clock().now()
    seeds = seeds_of(given, frame.settings.market.source)
    path = resume or given["out"] or new_study(frame.home, study_name(options))
    if seeds:
        _each_seed(frame, options, path, seeds, given, began)
        return
    try:
        with leaving_by_sigterm(), study_progress(quiet=frame.quiet) as show:
            run = backtests.run_backtest(
                frame.configuration, options, path, resumes=resume is not None, on_progress=show
            )  # fmt: skip
            document, view = _bundled(run, given, began)
    except KeyboardInterrupt as left:
        raise click.Abort(f"finished days stand; go on with: {_resumed(path)}") from left
    finally:
        _give_back(path)
    emit(document, frame.as_json, view)
    if run.failed:
        date, error = next(iter(run.failed.items()))
        raise RunEnded(f"{len(run.failed)} of {len(run.results)} days failed, first {date}: {error}")


def _each_seed(
    frame: Frame, options: BacktestOptions, path: Path, seeds: Sequence[int], given: dict[str, Any], began: dt.datetime
) -> None:
    """One run a seed, each in a folder of its own, and their spread. Rule: ST-111."""
    from gammacore.configuration import Sourced, configure
    from gammacore.domain.study.documents import canonical
    from gammacore.wiring.study import backtests
    from gammacore.wiring.study import bundles as study_bundles

    documents: dict[int, Any] = {}
    failed: list[str] = []
    try:
        with leaving_by_sigterm():
            for seed in seeds:
                own = configure([frame.configuration.given, {"market.seed": Sourced(seed, "option --seeds")}])
                folder = path / f"seed-{seed}"
                with study_progress(quiet=frame.quiet) as show:
                    run = backtests.run_backtest(
                        own, options, folder, resumes=(folder / "run.json").exists(), on_progress=show
                    )  # fmt: skip
                documents[seed], _ = _bundled(run, {**given, "page": None, "table": None, "parquet": None}, began)
                failed += [f"seed {seed}, {date}: {error}" for date, error in run.failed.items()]
    except KeyboardInterrupt as left:
        raise click.Abort(f"finished days stand; go on with: {_resumed(path)}") from left
    finally:
        _give_back(path)
    document = study_bundles.seeds_document(documents)
    (path / study_bundles.RESULT).write_text(canonical(document), encoding="utf-8")
    emit(document, frame.as_json, lambda: _seeds_table(document))
    if failed:
        raise RunEnded(f"{len(failed)} days failed, first {failed[0]}")


def _seeds_table(document: dict[str, Any]) -> object:
    from rich.console import Group
    from rich.table import Table

    warnings = [f"{one['code']}: {one['text']}" for one in document["warnings"]]
    table = Table("seed", "trades", "net", "mean", "win rate", "deepest drawdown", box=None)
    for seed, one in document["seeds"].items():
        net = one["statistics"]["net"]
        rate = "-" if net["win_rate"] is None else f"{net['win_rate']:.1%}"
        table.add_row(
            seed, str(net["trades"]), net["total"], net["mean"] or "-", rate, net["drawdown"]["dollars"]
        )  # fmt: skip
    spread = document["spread"]["total"]
    line = f"net over {spread['n']} histories, never added up: {spread['least']:,.2f} to {spread['greatest']:,.2f}, "
    return Group(*warnings, "", table, "", f"{line}median {spread['median']:,.2f}")


def _give_back(path: Path) -> None:
    """A run that never began leaves no folder behind."""
    with suppress(OSError):
        path.rmdir()


def _typed() -> list[str]:
    return [word for word in sys.argv[1:] if word]


def _resumed(path: Path) -> str:
    """The command line with --resume, as it was typed."""
    words = _typed()
    for option in ("--resume", "--out"):
        while option in words:
            at = words.index(option)
            del words[at : at + 2]
    words = [word for word in words if not word.startswith(("--resume=", "--out="))]
    return " ".join(["gammacore", *map(quote, words), "--resume", quote(str(path))])


def _bundled(
    run: BacktestRun, given: dict[str, Any], began: dt.datetime
) -> tuple[dict[str, object], Callable[[], object]]:
    """The bundle, and the copies that were asked for; the document and what draws the screen."""
    from gammacore.adapters.study_files import write_trades
    from gammacore.domain.study.views import study_view
    from gammacore.wiring import system_clock
    from gammacore.wiring.study import bundles as study_bundles

    statistics = study_bundles.statistics_of_run(run)
    about = {"began": began, "ended": system_clock().now(), "command": _typed()}
    document = study_bundles.write_bundle(run, statistics, about)
    if given["page"] is not None:
        study_bundles.write_page_of(run, statistics, given["page"])
    if given["parquet"] is not None:
        study_bundles.write_parquet_of(statistics, given["parquet"])
    if given["table"] is not None:
        write_trades(given["table"], statistics.record)
    log.info("%s: result.json, trades.csv, days.csv, decisions.ndjson, report.html", run.path)

    def view() -> object:
        from gammacore_cli.study_view import study_screen

        return study_screen(study_view(statistics, study_bundles.title_of(run)))

    return document, view
