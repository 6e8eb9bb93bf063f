"""The statistics of a record as people read them: warnings first; screen and page lay out the same figures. ST-313."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from gammacore.domain.dollars import dollars
from gammacore.domain.reports.figures import Figure, Figures, Section, Tone, Unit, code_text
from gammacore.domain.sessions import NEW_YORK
from gammacore.domain.study.figures import Figures as BasisFigures
from gammacore.domain.study.groups import CUTS, Group
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.statistics import StudyStatistics
from gammacore.domain.study.undefined import Codes
from gammacore.domain.study.warnings import StudyWarning
from gammacore.domain.words import Confidence, Direction

RATIO = Unit.FACTOR
OURS = frozenset({*Direction, *Confidence})


@frozen
class EquityBand:
    """Percentiles of equity after each trade of a Monte Carlo run, dollars; each begins with the start. ST-408."""

    p5: Sequence[float]
    p25: Sequence[float]
    p50: Sequence[float]
    p75: Sequence[float]
    p95: Sequence[float]
    caption: str = ""


@frozen
class StudyView:
    """Everything that is shown of a record, in order: what it cannot carry, its headline, and the tables.

    `figures` has net beside gross; `groups` are by cut; `trades` is every trade.
    """

    title: str
    subtitle: str
    result: Figure
    warnings: tuple[StudyWarning, ...]
    assumptions: tuple[str, ...]
    headline: Figures
    figures: Section
    intervals: Section
    groups: tuple[Section, ...]
    costs: Section
    excursions: Figures
    skipped: Section
    trades: Section


def study_view(statistics: StudyStatistics, title: str = "Statistics of a record") -> StudyView:
    """The view of a record's statistics; `title` names what was studied."""
    net = statistics.net
    return StudyView(
        title=title,
        subtitle=_subtitle(statistics),
        result=Figure.gain("net of fees", net.counted.total),
        warnings=statistics.warnings,
        assumptions=statistics.assumptions,
        headline=_headline(statistics),
        figures=Section("Figures", _net_and_gross(statistics), "statistics"),
        intervals=Section("How sure", _intervals(statistics), "bootstrap"),
        groups=tuple(
            Section(cut.title, tuple(_group(one) for one in statistics.groups[cut.key]), cut.key)
            for cut in CUTS
            if statistics.groups.get(cut.key)
        ),
        costs=Section("Costs", _costs(statistics), "costs"),
        excursions=_excursions(statistics),
        skipped=Section("Entries not taken", _counted(statistics.skipped), "skipped"),
        trades=Section("Every trade", tuple(_trade(trade) for trade in statistics.record), "trades"),
    )


def _subtitle(statistics: StudyStatistics) -> str:
    dates = sorted(trade.booked_on for trade in statistics.record if trade.booked_on is not None)
    span = f"{dates[0]} to {dates[-1]}, " if dates else ""
    count = len(statistics.record)
    return (
        f"{span}{count:,} trade{'' if count == 1 else 's'}, {dollars(statistics.rules.starting_capital)} at the start"
    )


def _headline(statistics: StudyStatistics) -> Figures:
    net, bootstrap = statistics.net, statistics.bootstrap
    counted, codes = net.counted, net.codes
    falls = net.drawdown
    interval = bootstrap.mean
    return (
        Figure("trades", counted.trades, Unit.COUNT, note=f"{counted.wins} won, {counted.losses} lost"),
        _known("win rate", counted.win_rate, Unit.PART, codes, "win_rate"),
        _known("profit factor", counted.profit_factor, RATIO, codes, "profit_factor"),
        _known("mean a trade", counted.mean, Unit.GAIN, codes, "mean")
        if interval is None
        else Figure("mean a trade", counted.mean, Unit.GAIN, note=f"95 %: {interval[0]:.2f} to {interval[1]:.2f}"),
        Figure("deepest drawdown", falls.dollars.dollars, Unit.DOLLARS, note=f"{falls.percent.part:.2%} at most"),
        _known("Sharpe, a year", net.daily.sharpe, RATIO, codes, "sharpe"),
    )


# -- net beside gross --------------------------------------------------------------------------------------------------


def _net_and_gross(statistics: StudyStatistics) -> tuple[Figures, ...]:
    net, gross = _basis(statistics.net), _basis(statistics.gross)
    return tuple(
        (Figure("figure", of_net.label), _column("net", of_net), _column("gross", of_gross))
        for of_net, of_gross in zip(net, gross, strict=True)
    )


def _column(label: str, figure: Figure) -> Figure:
    return evolve(figure, label=label)


def _basis(figures: BasisFigures) -> Figures:
    counted, codes, daily, hold = figures.counted, figures.codes, figures.daily, figures.hold
    falls = figures.drawdown

    def known(label: str, value: Any, unit: Unit, code: str) -> Figure:
        return _known(label, value, unit, codes, code)

    return (
        Figure("balance at the end", figures.end, Unit.DOLLARS),
        Figure.gain("total", counted.total),
        Figure("trades won", counted.wins, Unit.COUNT),
        Figure("trades lost", counted.losses, Unit.COUNT),
        Figure("trades flat", counted.flats, Unit.COUNT),
        known("win rate of won and lost", counted.win_rate, Unit.PART, "win_rate"),
        known("win rate of all", counted.win_rate_of_all, Unit.PART, "win_rate_of_all"),
        known("profit factor", counted.profit_factor, RATIO, "profit_factor"),
        known("average win", counted.average_win, Unit.DOLLARS, "average_win"),
        known("average loss", counted.average_loss, Unit.DOLLARS, "average_loss"),
        known("payoff", counted.payoff, RATIO, "payoff"),
        known("win rate to break even", figures.break_even_win_rate, Unit.PART, "break_even_win_rate"),
        known("mean a trade", counted.mean, Unit.GAIN, "mean"),
        known("mean a contract", figures.mean_per_contract, Unit.GAIN, "mean_per_contract"),
        known("standard deviation a trade", figures.sd, Unit.DOLLARS, "sd"),
        known("largest win", figures.largest_win, Unit.DOLLARS, "largest_win"),
        known("largest loss", figures.largest_loss, Unit.DOLLARS, "largest_loss"),
        Figure("longest run of wins", figures.longest_wins, Unit.COUNT),
        Figure("longest run of losses", figures.longest_losses, Unit.COUNT),
        Figure("deepest drawdown", falls.dollars.dollars, Unit.DOLLARS),
        Figure("deepest drawdown, % of its peak", 100 * falls.percent.part, RATIO),
        known("longest under water, sessions", daily.longest_under_water, Unit.COUNT, "drawdown.longest_under_water"),
        Figure("sessions", daily.sessions or None, Unit.COUNT, note="" if daily.sessions else "dates unknown"),
        known("Sharpe, a year", daily.sharpe, RATIO, "sharpe"),
        known("Sortino, a year", daily.sortino, RATIO, "sortino"),
        known("skewness of days", daily.skewness, RATIO, "skewness"),
        known("kurtosis of days (normal 3)", daily.kurtosis, RATIO, "kurtosis"),
        known("growth a year (CAGR)", daily.cagr, Unit.RETURN, "cagr"),
        known("Calmar", daily.calmar, RATIO, "calmar"),
        known("held, mean", _minutes(hold.mean), Unit.MINUTES, "hold.mean"),
        known("held, median", _minutes(hold.median), Unit.MINUTES, "hold.median"),
        known("held, mean of wins", _minutes(hold.mean_of_wins), Unit.MINUTES, "hold.mean_of_wins"),
        known("held, mean of losses", _minutes(hold.mean_of_losses), Unit.MINUTES, "hold.mean_of_losses"),
    )


def _minutes(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _known(label: str, value: Any, unit: Unit, codes: Codes, code: str) -> Figure:
    """The figure, or a dash with the reason why it does not exist. Rule: ST-005."""
    if value is None:
        return Figure(label, None, unit, Tone.MUTED, note=code_text(codes[code]) if code in codes else "")
    return Figure(label, value, unit, Tone.of(value) if unit is Unit.GAIN else Tone.PLAIN)


# -- the other tables --------------------------------------------------------------------------------------------------


def _intervals(statistics: StudyStatistics) -> tuple[Figures, ...]:
    bootstrap, counted = statistics.bootstrap, statistics.net.counted
    why = {name: code_text(code) for name, code in bootstrap.codes.items()}
    mean, rate, edge = bootstrap.mean, bootstrap.win_rate, bootstrap.probability_of_edge
    drawn = "trades" if any(trade.booked_on is None for trade in statistics.record) else "dates"
    rows = (
        (
            "mean a trade",
            "–" if counted.mean is None else f"{counted.mean:.2f}",
            why.get("mean", "") if mean is None else f"{mean[0]:.2f} to {mean[1]:.2f}",
        ),
        (
            "win rate",
            "–" if counted.win_rate is None else f"{counted.win_rate:.1%}",
            why.get("win_rate", "") if rate is None else f"{rate[0]:.1%} to {rate[1]:.1%}",
        ),
        (
            "chance of a mean above 0",
            why.get("probability_of_edge", "–") if edge is None else f"{edge:.2%}",
            f"{bootstrap.resamples:,} draws of {bootstrap.clusters:,} {drawn}",
        ),
    )
    return tuple(
        (Figure("net", name), Figure("value", value), Figure("95 % interval", interval))
        for name, value, interval in rows
    )


def _group(group: Group) -> Figures:
    counted, interval = group.net, group.interval
    tone = Tone.MUTED if group.is_few else Tone.PLAIN
    gain = Tone.MUTED if group.is_few else Tone.of(counted.total)
    return (
        Figure("group", _name(group.name), tone=tone),
        Figure("n", counted.trades, Unit.COUNT, tone),
        Figure("won", counted.wins, Unit.COUNT, tone),
        Figure("lost", counted.losses, Unit.COUNT, tone),
        Figure("net", counted.total, Unit.GAIN, gain),
        Figure("mean", counted.mean, Unit.GAIN, gain),
        Figure("factor", counted.profit_factor, RATIO, tone),
        Figure("win rate", counted.win_rate, Unit.PART, tone),
        Figure("95 %", None if interval is None else f"{interval[0]:.0%}-{interval[1]:.0%}", tone=tone),
    )


def _costs(statistics: StudyStatistics) -> tuple[Figures, ...]:
    costs = statistics.costs
    signed = (
        ("at the mids of the fills", costs.mid_pnl),
        ("less crossing the quotes", _negative(costs.spread_cost)),
        ("less slippage", _negative(costs.slippage)),
        ("gross", costs.gross),
        ("less fees", _negative(costs.fees)),
        ("net", costs.net),
    )
    known = costs.mid_pnl is not None
    note = f"{costs.trades} of {costs.of} trades" if known else "no quotes of the fills are known"
    return tuple(
        (
            Figure("step", name),
            Figure("dollars", amount, Unit.GAIN, Tone.PLAIN if amount is None else Tone.of(amount)),
            Figure("of", note if amount is None or (known and number == 0) else ""),
        )
        for number, (name, amount) in enumerate(signed)
    )


def _negative(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _excursions(statistics: StudyStatistics) -> Figures:
    found = statistics.excursions
    if not found.trades:
        return ()
    return (
        Figure("trades with marks", found.trades, Unit.COUNT),
        Figure.gain("worst moment, mean (MAE)", found.mean_mae),
        Figure.gain("worst of all", found.worst_mae),
        Figure.gain("best moment, mean (MFE)", found.mean_mfe),
        Figure.gain("best of all", found.best_mfe),
        Figure("MAE of the credit, mean", found.mean_mae_part, Unit.RETURN),
        Figure("MFE of the credit, mean", found.mean_mfe_part, Unit.RETURN),
    )


def _counted(counts: Mapping[str, int]) -> tuple[Figures, ...]:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((Figure("reason", code_text(name)), Figure("entries", count, Unit.COUNT)) for name, count in ordered)


def _trade(trade: ClosedTrade) -> Figures:
    return (
        Figure("trade", trade.id),
        Figure("entry", _when(trade.opened, trade.date)),
        Figure("what", " ".join(filter(None, (_name(trade.strategy), trade.strikes)))),
        Figure("contracts", trade.contracts, Unit.COUNT),
        Figure("credit", trade.credit, Unit.POINTS),
        Figure("held", None if trade.minutes is None else f"{trade.minutes:.0f} min"),
        Figure("exit", _name(trade.exit_reason) or None),
        Figure.gain("net", trade.net),
        Figure("flags", ", ".join(code_text(flag) for flag in sorted(trade.flags))),
    )


def _name(name: str) -> str:
    """Our codes as words; what others wrote as they wrote it."""
    return code_text(name) if "_" in name or name in OURS else name


def _when(opened: dt.datetime | None, date: dt.date | None) -> str | None:
    if opened is not None:
        return f"{opened.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"
    return None if date is None else str(date)
