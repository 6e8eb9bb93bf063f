"""`gammacore backtest`: many days by the loop that trades one, in a folder that can be resumed. Rules: ST-201..213."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError, RunEnded
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm
from gammacore_cli.market_options import KEYS
from gammacore_cli.options import DATE, DECIMAL, strategy_option
from gammacore_cli.output import emit
from gammacore_cli.study_progress import study_progress

if TYPE_CHECKING:
    from gammacore.wiring.backtests import BacktestOptions, BacktestRun

log = logging.getLogger("gammacore")


@click.command("backtest")
@strategy_option
@click.option("--from", "first", type=DATE, required=True, help="First New York date.")
@click.option("--to", "last", type=DATE, required=True, help="Last New York date.")
@click.option("--market", metavar="M", help="simulated, csv:, lean:, recording: or store: with a file, folder or glob.")
@click.option("--underlying", metavar="U", help="SPX, NDX, XSP, RUT, SPY, QQQ, IWM or a configured one.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the simulated market.")
@click.option("--seeds", metavar="A..B", help="One simulated history a seed, and their spread.")
@click.option("--step", type=click.IntRange(min=1), metavar="SECONDS", help="Step of the simulated market, seconds.")
@click.option("--vix", type=DECIMAL, help="A constant VIX for data without one, VIX points.")
@click.option("--mode", type=click.Choice(["carry", "days"]), default="carry", show_default=True,
              help="carry: one account over all days; days: each day alone, for comparing rules.")  # fmt: skip
@click.option(
    "--contracts", type=click.IntRange(min=1), metavar="N", help="Contracts a trade in mode days (default: 1)."
)
@click.option("--sizing", type=click.Choice(["rules"]), help="rules: in mode days too the sizing rules choose.")
@click.option(
    "--balance", type=DECIMAL, metavar="B", help="Starting capital, dollars (default: sizing.starting_capital)."
)
@click.option("--history", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Table of trades made before, for sizing.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes (default: processors less one).")
@click.option("--warm-up", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Sessions before --from that are read and not traded.")  # fmt: skip
@click.option("--missing", type=click.Choice(["skip", "fail"]), default="skip", show_default=True,
              help="What to do about sessions without data.")  # fmt: skip
@click.option("--require-whole", is_flag=True, help="Leave out days whose data has a flag (early_end, holes, ...).")
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
    from gammacore.wiring import backtests
    from gammacore.wiring.backtest_results import new_study, study_name

    frame.choose({**{key: given.get(option) for option, key in KEYS.items()}, "trade.strategy": strategy})
    options = _options(first, last, given)
    resume: Path | None = given["resume"]
    if resume is not None and given["out"] is not None:
        raise ConfigurationError("--resume names the folder of the run already; leave --out out")
    began = wiring.system_clock().now()
    seeds = _seeds(given["seeds"], given["seed"])
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
    from gammacore.errors import ConfigurationError
    from gammacore.wiring import backtests, study_bundles
    from gammacore.wiring.markets import MarketSource

    if MarketSource.parse(frame.settings.market.source).kind != "simulated":
        raise ConfigurationError("--seeds draws simulated histories; leave it out with a recorded --market")
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


def _seeds(text: str | None, seed: int | None) -> Sequence[int]:
    """A..B, both included."""
    if text is None:
        return ()
    if seed is not None:
        raise ConfigurationError("--seed and --seeds both choose the simulated history; leave one out")
    first, dots, last = text.partition("..")
    if not (dots and first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise ConfigurationError(f"--seeds {text}: is not valid; give A..B, like 1..10")
    return range(int(first), int(last) + 1)


def _options(first: dt.date, last: dt.date, given: dict[str, Any]) -> BacktestOptions:
    from gammacore.wiring.backtests import BacktestOptions, Missing, RunMode

    balance: Decimal | None = given["balance"]
    return BacktestOptions(
        first=first,
        last=last,
        mode=RunMode(given["mode"]),
        contracts=given["contracts"],
        by_rules=given["sizing"] == "rules",
        balance=balance,
        history=given["history"],
        workers=given["workers"],
        warm_up=given["warm_up"],
        missing=Missing(given["missing"]),
        whole_days_only=given["require_whole"],
        keeps_ledgers=given["keep_ledgers"],
        stops_on_error=given["on_error"] == "stop",
    )


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
    from gammacore.wiring import study_bundles, system_clock

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
