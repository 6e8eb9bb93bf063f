"""What a run leaves: statistics, result.json, tables, decisions, page, and run.json for the rest. ST-006, ST-213."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve

from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.simulated.model import SimulationModel
from gammacore.adapters.study_files import trades_text
from gammacore.adapters.study_files.run_folder import RUN
from gammacore.adapters.whole_file import write_whole
from gammacore.application.study.record_statistics import ComputeStatistics, RecordStatistics
from gammacore.domain.study.days import DayResult, DayStatus
from gammacore.domain.study.documents import Document, canonical, hash_of, money, statistics_document
from gammacore.domain.study.integrity import DayFlag
from gammacore.domain.study.record import in_order_of_closing, trade_row
from gammacore.domain.study.statistics import StatisticsRules
from gammacore.domain.study.warnings import RunFacts, Simulated
from gammacore.frames import rows_as_columns
from gammacore.wiring.markets import MarketSource
from gammacore.wiring.study.record_statistics import draws

if TYPE_CHECKING:
    from gammacore.wiring.study.backtests import BacktestRun

RESULT, TRADES, PARQUET, DAYS = "result.json", "trades.csv", "trades.parquet", "days.csv"
DECISIONS, PAGE = "decisions.ndjson", "report.html"
GAPS = {DayFlag.LATE_START, DayFlag.EARLY_END, DayFlag.HOLES}
"""Flags of days of which the quotes do not cover every minute."""
ADDED_UP = "days, added up"
DAY_COLUMNS = (
    "date", "status", "trades", "entries", "gross", "fees", "net", "opening_balance", "balance", "flags", "error",
    "market", "data_hash",
)  # fmt: skip


def statistics_of_run(run: BacktestRun) -> RecordStatistics:
    """The statistics of a run's trades over the sessions that were traded, with what is known of how they came about.

    A session that is missing or failed is no session of the daily ratios: nobody knows what it would have brought.
    """
    settings = run.configuration.settings
    record = in_order_of_closing(trade for day in run.results for trade in day.trades)
    traded = [day.date for day in run.results if day.status is DayStatus.TRADED]
    entries = sum(day.entries for day in run.results)
    unknown: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for day in run.results:
        unknown.update(day.unknown)
        skipped.update(day.skipped)
    facts = RunFacts(
        missing_days=run.days.missing,
        partial_days={day.date: day.flags for day in run.results if GAPS.intersection(day.flags)},
        failed_days=run.failed,
        unknown_filters={name: count / entries for name, count in unknown.items()} if entries else {},
        simulated=_simulated(run),
        assumptions=assumptions_of_run(run),
    )
    rules = StatisticsRules(starting_capital=settings.sizing.starting_capital)
    statistics = ComputeStatistics(NyseCalendar(), draws)(record, rules, traded, facts)
    return evolve(
        statistics, skipped=dict(sorted(skipped.items())), unknown_by_filter=dict(sorted(unknown.items()))
    )  # fmt: skip


def _simulated(run: BacktestRun) -> Simulated | None:
    if MarketSource.parse(run.configuration.settings.market.source).kind != "simulated":
        return None
    model = SimulationModel()
    return Simulated(model.pin_strength, model.realised_ratio)


def assumptions_of_run(run: BacktestRun) -> tuple[str, ...]:
    """What has to be believed of trades that this program made, in sentences. Rule: ST-006."""
    settings = run.configuration.settings
    slippage, sizing, vix = settings.broker.slippage, settings.sizing, settings.market.vix
    told = [
        "Fills: at the bid and ask of the first snapshot after the decision, never of the one that decided (CS-419).",
        "Fees: charged by broker.fees on every leg, each way; what settles in cash pays once.",
        f"Slippage: {slippage} points a leg beyond the quotes."
        if slippage
        else "Slippage: none beyond crossing the whole spread.",
        "Settlement: the official price where the data has it, else the last one before the close, flagged estimated.",
        "VIX: as the data says." if vix is None else f"VIX: {vix} where the data has none.",
        f"Sizing: {sizing.contracts} a trade, the rules are off."
        if not sizing.sizing
        else f"Sizing: {sizing.policy.value} Half-Kelly on the balance and the record of this run.",
    ]
    if run.options.mode.value == "days":
        told.append(f"Sums: {ADDED_UP}; each day starts with {sizing.starting_capital} and nothing carries, so this is "
                    "no equity of an account.")  # fmt: skip
    absent = len(run.days.missing) + len(run.failed)
    if absent:
        told.append(f"Days: {absent} sessions of the range were not traded and count in no daily ratio.")
    return tuple(told)


def result_document(run: BacktestRun, statistics: RecordStatistics) -> Document:
    """result.json: no clock, host, path or number of workers. Rules: ST-213, ST-801."""
    by_status = {
        status: {day.date.isoformat(): day for day in run.results if day.status is status} for status in DayStatus
    }
    days = {
        "requested": len(run.days.requested),
        "traded": len(by_status[DayStatus.TRADED]),
        "missing": [date.isoformat() for date in run.days.missing],
        "partial": {day.date.isoformat(): list(day.flags) for day in run.results if day.flags},
        "left_out": list(by_status[DayStatus.LEFT_OUT]),
        "failed": {date: day.error for date, day in by_status[DayStatus.FAILED].items()},
    }
    return statistics_document(
        statistics, kind="backtest", mode=run.options.mode.value, settings=run.settings, days=days,
        data_hash=run.data_hash, settings_hash=hash_of(run.settings),
    )  # fmt: skip


def write_bundle(run: BacktestRun, statistics: RecordStatistics, about: Mapping[str, Any]) -> Document:
    """Write the bundle into the run's folder; `about` goes to run.json. Returns the document of result.json.

    Raises:
        StorageError: a file cannot be written; the run can be resumed, and then is written again.
    """
    document, path = result_document(run, statistics), run.path
    write_whole(path / TRADES, trades_text(statistics.record))
    write_whole(path / DAYS, days_text(run.results))
    write_whole(path / DECISIONS, "".join(f"{_line(one)}\n" for day in run.results for one in day.decisions))
    write_page_of(run, statistics, path / PAGE)
    if find_spec("duckdb") is not None and statistics.record:
        write_parquet_of(statistics, path / PARQUET)
    begun_with = json.loads((path / RUN).read_text("utf-8"))
    noted = {**begun_with, **about, "passes": run.passes.passes, "reruns": run.passes.reruns, "workers": run.workers}
    write_whole(path / RUN, json.dumps(noted, indent=2, sort_keys=True, default=str) + "\n")
    write_whole(path / RESULT, canonical(document))
    return document


SPREAD = ("total", "mean", "win_rate", "profit_factor", "sharpe", "trades")
"""Figures, net, of which the spread over seeds is shown; and the deepest drawdown."""


def seeds_document(results: Mapping[int, Document]) -> Document:
    """One result a seed and their spread; they are never added up: each is another history. Rule: ST-111."""
    first = next(iter(results.values()))
    nets = [one["statistics"]["net"] for one in results.values()]
    figures = {name: [net[name] for net in nets] for name in SPREAD}
    figures["drawdown"] = [net["drawdown"]["dollars"] for net in nets]
    warnings = {warning["code"]: warning for one in results.values() for warning in one["warnings"]}
    return {
        "kind": "backtest_seeds",
        "mode": first["mode"],
        "warnings": list(warnings.values()),
        "assumptions": first["assumptions"],
        "spread": {
            name: spread_of([float(one) for one in values if one is not None]) for name, values in figures.items()
        },
        "seeds": {str(seed): one for seed, one in results.items()},
    }


def spread_of(figures: Sequence[Any]) -> Document:
    """Least, quartiles and greatest of those that exist; of none null."""
    values = [float(one) for one in figures if one is not None]
    names = ("least", "quarter", "median", "three_quarters", "greatest")
    if not values:
        return dict.fromkeys(names) | {"n": 0}
    quartiles = np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0)).tolist()
    return dict(zip(names, quartiles, strict=True)) | {"n": len(values)}


def write_parquet_of(statistics: RecordStatistics, file: Path) -> None:
    """The trades as Parquet, by the columns of trades.csv.

    Raises:
        ConfigurationError: the extra `study` is not installed.
    """
    from gammacore.adapters.duckdb_tables.tables import write_parquet

    rows = ({**trade_row(trade), "flags": ";".join(sorted(trade.flags))} for trade in statistics.record)
    write_parquet(file, rows_as_columns(rows))


def write_page_of(run: BacktestRun, statistics: RecordStatistics, file: Path) -> None:
    """The run as one self-contained page."""
    from gammacore.adapters.html_report import render_study, write_page

    write_page(file, render_study(statistics, title_of(run)))


def title_of(run: BacktestRun) -> str:
    """What a page and a table call the run."""
    settings, options = run.configuration.settings, run.options
    market = settings.market
    source = MarketSource.parse(market.source).kind
    seed = f", seed {market.seed}" if source == "simulated" else ""
    added = f" ({ADDED_UP})" if options.mode.value == "days" else ""
    return (
        f"{settings.trade.strategy} on {market.underlying}, {options.first} to {options.last}, {source}{seed}{added}"
    )  # fmt: skip


def days_text(days: tuple[DayResult, ...]) -> str:
    """days.csv: a row a day, also of those that were not traded."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(DAY_COLUMNS)
    for day in days:
        gross = sum((trade.gross for trade in day.trades), Decimal(0))
        fees = sum((trade.fees for trade in day.trades), Decimal(0))
        is_traded = day.status is DayStatus.TRADED
        amounts = [money(amount) if is_traded else "" for amount in (gross, fees, day.net)]
        balances = [money(day.opening_balance) or "", money(day.balance) or ""]
        counts = [len(day.trades), day.entries] if is_traded else ["", ""]
        rows.writerow([
            day.date, day.status, *counts, *amounts, *balances, ";".join(day.flags), day.error, day.market,
            day.data_hash,
        ])  # fmt: skip
    return lines.getvalue()


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
