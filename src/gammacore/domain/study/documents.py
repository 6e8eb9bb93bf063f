"""result.json: the statistics of a record as plain values: money is strings, ratios numbers. ST-213, ST-801."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from gammacore.domain.study.costs import part_of_credit
from gammacore.domain.study.daily import Day
from gammacore.domain.study.drawdowns import Fall
from gammacore.domain.study.figures import Figures
from gammacore.domain.study.groups import Group
from gammacore.domain.study.histogram import histogram_of
from gammacore.domain.study.record import ClosedTrade, trade_row
from gammacore.domain.study.statistics import StatisticsRules, StudyStatistics
from gammacore.domain.study.undefined import prefixed
from gammacore.domain.study.warnings import StudyWarning

Document = dict[str, Any]
DECIMALS = Decimal("1E-12")


def money(amount: Decimal | None) -> str | None:
    """Dollars or points as a string: exact, cents at least; a mean to twelve digits behind the point.

    >>> money(Decimal(112)), money(Decimal("57.752437599351104")), money(Decimal(1) / 3)
    ('112.00', '57.752437599351', '0.333333333333')
    """
    if amount is None:
        return None
    rounded = amount if int(amount.as_tuple().exponent) >= -12 else amount.quantize(DECIMALS)
    whole, _, part = f"{rounded:f}".partition(".")
    text = f"{whole}.{part.rstrip('0').ljust(2, '0')}"
    return text.removeprefix("-") if not rounded else text


def canonical(document: Mapping[str, Any]) -> str:
    """The bytes of result.json: sorted keys, floats in their shortest form, one line end at the end. Rule: ST-213."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain, indent=1) + "\n"


def hash_of(value: Any) -> str:
    """SHA-256 of a value's canonical text."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return money(value)
        case Fraction():
            return float(value)
        case dt.date():
            return value.isoformat()
        case Enum():
            return value.value
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON")


# -- the whole ---------------------------------------------------------------------------------------------------------


def statistics_document(
    statistics: StudyStatistics, *, kind: str = "stats", mode: str = "record", **more: Any
) -> Document:
    """Everything that is said of a record, warnings first; `more` replaces or adds keys (a run's settings, its days).

    Rules: ST-005, ST-006, ST-801.
    """
    record = statistics.record
    rows = [trade_document(trade) for trade in record]
    settings = settings_document(statistics.rules)
    bootstrap, costs = statistics.bootstrap, statistics.costs
    document: Document = {
        "kind": kind,
        "settings": settings,
        "settings_hash": hash_of(more.get("settings", settings)),
        "data_hash": hash_of(rows),
        "mode": mode,
        "warnings": [warning_document(one) for one in statistics.warnings],
        "assumptions": list(statistics.assumptions),
        "statistics": {
            "net": _basis(statistics, statistics.net),
            "gross": _basis(statistics, statistics.gross),
        },
        "undefined": undefined_document(statistics),
        "groups": {key: [_group(one) for one in groups] for key, groups in statistics.groups.items()},
        "bootstrap": {
            "mean": _pair(bootstrap.mean),
            "win_rate": _pair(bootstrap.win_rate),
            "probability_of_edge": bootstrap.probability_of_edge,
            "clusters": bootstrap.clusters,
            "resamples": bootstrap.resamples,
            "seed": bootstrap.seed,
        },
        "costs": {
            "trades": costs.trades,
            "of": costs.of,
            "mid_pnl": money(costs.mid_pnl),
            "spread_cost": money(costs.spread_cost),
            "slippage": money(costs.slippage),
            "fees": money(costs.fees),
            "gross": money(costs.gross),
            "net": money(costs.net),
            "inside": costs.inside,
            "unexplained": money(costs.unexplained),
        },
        "skipped": dict(statistics.skipped),
        "unknown_by_filter": dict(statistics.unknown_by_filter),
        "equity": equity_document(statistics),
        "trades": rows,
    }
    return document | more


def settings_document(rules: StatisticsRules) -> Document:
    return {
        "starting_capital": money(rules.starting_capital),
        "risk_free": float(rules.risk_free),
        "days": rules.days.value,
        "resamples": rules.resamples,
        "seed": rules.seed,
    }


def warning_document(warning: StudyWarning) -> Document:
    return {"code": warning.code, "text": warning.text, "numbers": _numbers(warning.numbers)}


def _numbers(numbers: Mapping[str, Any]) -> Document:
    return {name: _plain(value) if isinstance(value, Decimal | dt.date) else value for name, value in numbers.items()}


def undefined_document(statistics: StudyStatistics) -> dict[str, str]:
    """Every figure that is null by its path, with its code. Rule: ST-005."""
    codes: dict[str, Any] = {}
    for name, figures in (("net", statistics.net), ("gross", statistics.gross)):
        codes |= prefixed(f"statistics.{name}", figures.codes)
    codes |= prefixed("statistics.net.excursions", statistics.excursions.codes)
    codes |= prefixed("bootstrap", statistics.bootstrap.codes)
    codes |= prefixed("costs", statistics.costs.codes)
    for key, groups in statistics.groups.items():
        for group in groups:
            codes |= prefixed(f"groups.{key}.{group.name}", group.codes)
    return {name: str(code) for name, code in sorted(codes.items())}


# -- its parts ---------------------------------------------------------------------------------------------------------


def _basis(statistics: StudyStatistics, figures: Figures) -> Document:
    counted, daily, hold = figures.counted, figures.daily, figures.hold
    falls = figures.drawdown
    traded = [day for day in daily.days if day.trades]
    document: Document = {
        "trades": counted.trades,
        "wins": counted.wins,
        "losses": counted.losses,
        "flats": counted.flats,
        "contracts": figures.contracts,
        "win_rate": counted.win_rate,
        "win_rate_of_all": counted.win_rate_of_all,
        "total": money(counted.total),
        "won": money(counted.won),
        "lost": money(counted.lost),
        "profit_factor": counted.profit_factor,
        "average_win": money(counted.average_win),
        "average_loss": money(counted.average_loss),
        "payoff": counted.payoff,
        "break_even_win_rate": figures.break_even_win_rate,
        "mean": money(counted.mean),
        "mean_per_contract": money(figures.mean_per_contract),
        "sd": money(figures.sd),
        "largest_win": money(figures.largest_win),
        "largest_loss": money(figures.largest_loss),
        "longest_wins": figures.longest_wins,
        "longest_losses": figures.longest_losses,
        "start": money(figures.start),
        "end": money(figures.end),
        "drawdown": {
            "dollars": money(falls.dollars.dollars),
            "percent": 100 * falls.percent.part,
            "dollars_at": _fall(statistics.record, figures, falls.dollars),
            "percent_at": _fall(statistics.record, figures, falls.percent),
            "longest_under_water": daily.longest_under_water,
        },
        "sessions": daily.sessions,
        "sharpe": daily.sharpe,
        "sortino": daily.sortino,
        "skewness": daily.skewness,
        "kurtosis": daily.kurtosis,
        "cagr": daily.cagr,
        "calmar": daily.calmar,
        "hold": {
            "mean": hold.mean,
            "median": hold.median,
            "mean_of_wins": hold.mean_of_wins,
            "median_of_wins": hold.median_of_wins,
            "mean_of_losses": hold.mean_of_losses,
            "median_of_losses": hold.median_of_losses,
        },
        "best_date": _date(max(traded, key=_pnl, default=None)),
        "worst_date": _date(min(traded, key=_pnl, default=None)),
        "by_date": [
            {
                "date": day.date.isoformat(),
                "pnl": money(day.pnl),
                "trades": day.trades,
                "balance": money(day.balance),
                "return": day.part,
            }
            for day in daily.days
        ],
    }
    if figures is statistics.net:
        found = statistics.excursions
        document["excursions"] = {
            "trades": found.trades,
            "mean_mae": money(found.mean_mae),
            "mean_mfe": money(found.mean_mfe),
            "worst_mae": money(found.worst_mae),
            "best_mfe": money(found.best_mfe),
            "mean_mae_part": found.mean_mae_part,
            "mean_mfe_part": found.mean_mfe_part,
        }
        histogram = histogram_of([trade.net for trade in statistics.record])
        document["histogram"] = {
            "edges": [money(edge) for edge in histogram.edges],
            "counts": list(histogram.counts),
        }
    return document


def _pnl(day: Day) -> Decimal:
    return day.pnl


def _date(day: Day | None) -> Document | None:
    return None if day is None else {"date": day.date.isoformat(), "pnl": money(day.pnl)}


def _fall(record: Sequence[ClosedTrade], figures: Figures, fall: Fall) -> Document:
    return {
        name: None if position is None else _point(record, figures, position)
        for name, position in (("peak", fall.peak), ("trough", fall.trough), ("recovery", fall.recovery))
    }


def _point(record: Sequence[ClosedTrade], figures: Figures, position: int) -> Document:
    trade = record[position - 1] if position else None
    return {
        "trade": None if trade is None else trade.id,
        "date": None if trade is None or trade.booked_on is None else trade.booked_on.isoformat(),
        "equity": money(figures.equity[position]),
    }


def equity_document(statistics: StudyStatistics) -> list[Document]:
    """The start, then one point a close: equity net and gross, and how far below its peak the net one is."""
    points: list[Document] = []
    peak = statistics.net.start
    for position, (net, gross) in enumerate(zip(statistics.net.equity, statistics.gross.equity, strict=True)):
        trade = statistics.record[position - 1] if position else None
        peak = max(peak, net)
        points.append(
            {
                "trade": None if trade is None else trade.id,
                "date": None if trade is None or trade.booked_on is None else trade.booked_on.isoformat(),
                "at": None if trade is None or trade.closed is None else trade.closed.isoformat(),
                "net": money(net),
                "gross": money(gross),
                "drawdown": money(peak - net),
            }
        )
    return points


def _group(group: Group) -> Document:
    return {
        "name": group.name,
        "n": group.net.trades,
        "wins": group.net.wins,
        "losses": group.net.losses,
        "net": money(group.net.total),
        "gross": money(group.gross.total),
        "mean": money(group.net.mean),
        "profit_factor": group.net.profit_factor,
        "win_rate": group.net.win_rate,
        "interval": _pair(group.interval),
        "few": group.is_few,
    }


def trade_document(trade: ClosedTrade) -> Document:
    """A trade in result.json: its row, net of fees, and MAE and MFE as parts of the credit. Rules: ST-214, ST-308."""
    row = {name: _cell(value) for name, value in trade_row(trade).items()}
    row["minutes"] = None if trade.minutes is None else float(trade.minutes)
    return row | {
        "net": money(trade.net),
        "mae_part": part_of_credit(trade, trade.mae),
        "mfe_part": part_of_credit(trade, trade.mfe),
    }


def _cell(value: Any) -> Any:
    return _plain(value) if isinstance(value, Decimal | dt.date) else value


def _pair(pair: Iterable[float] | None) -> list[float] | None:
    return None if pair is None else list(pair)
