"""A record of closed trades told whole: warnings first, then figures, groups, costs, intervals. ST-301..312.

Pure: sessions come from a calendar and draws from a generator outside.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from attrs import evolve, field, frozen

from gammacore.domain.study.bootstrap import Bootstrap, Draws, bootstrap_of
from gammacore.domain.study.costs import Costs, Excursions, costs_of, excursions_of
from gammacore.domain.study.figures import Basis, Figures, figures_of
from gammacore.domain.study.groups import Group, groups_of
from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.domain.study.warnings import RunFacts, StudyWarning, is_implausible, warnings_of
from gammacore.errors import InvalidInput

RESAMPLES = 10_000
"""Of the bootstrap. Ours."""
SEED = 1
"""Ours. Rule: ST-004."""


class DaysCounted(StrEnum):
    """Which days the daily ratios are of: every session of the range, or only dates with trades. Rule: ST-304."""

    SESSIONS = "sessions"
    TRADE_DATES = "trade-dates"


@frozen
class StatisticsRules:
    """What statistics are computed with: dollars at the start, a yearly risk-free rate as a fraction, and the draws.

    >>> StatisticsRules(Decimal(-1))
    Traceback (most recent call last):
    gammacore.errors.InvalidInput: starting_capital: -1 is not valid; give dollars above 0
    """

    starting_capital: Decimal = Decimal(20_000)
    risk_free: Decimal = Decimal(0)
    days: DaysCounted = DaysCounted.SESSIONS
    resamples: int = RESAMPLES
    seed: int = SEED

    def __attrs_post_init__(self) -> None:
        if not (self.starting_capital.is_finite() and self.starting_capital > 0):
            raise InvalidInput("starting_capital", self.starting_capital, "give dollars above 0")
        if not (self.risk_free.is_finite() and abs(self.risk_free) < 1):
            raise InvalidInput("risk_free", self.risk_free, "give a yearly rate as a fraction: 0.04 is 4 %")
        if self.resamples < 1:
            raise InvalidInput("resamples", self.resamples, "give 1 or more")
        if self.seed < 0:
            raise InvalidInput("seed", self.seed, "give 0 or more")


@frozen
class SessionsOfRecord:
    """The sessions of the range of a record, and the dates with trades on which the exchange was closed. ST-304."""

    sessions: tuple[dt.date, ...]
    no_session: tuple[dt.date, ...] = ()


@frozen
class StudyStatistics:
    """All that is said of a record. `warnings` come first wherever it is shown. Rule: ST-006."""

    rules: StatisticsRules
    record: tuple[ClosedTrade, ...]
    warnings: tuple[StudyWarning, ...]
    assumptions: tuple[str, ...]
    net: Figures
    gross: Figures
    groups: Mapping[str, tuple[Group, ...]]
    bootstrap: Bootstrap
    costs: Costs
    excursions: Excursions
    no_session: tuple[dt.date, ...] = ()
    skipped: Mapping[str, int] = field(factory=dict)
    unknown_by_filter: Mapping[str, int] = field(factory=dict)


def study_statistics(
    record: Sequence[ClosedTrade],
    rules: StatisticsRules,
    days: SessionsOfRecord | None,
    draws: Draws,
    facts: RunFacts | None = None,
) -> StudyStatistics:
    """The statistics of a record in order of closing.

    `days` are its sessions, None where dates are unknown; `draws` are `rules.resamples` rows of one position for each
    date with trades (each trade where dates are unknown), drawn from `rules.seed`. Rules: ST-301..312.
    """
    flagged = tuple(_flagged(trade) for trade in record)
    known = RunFacts() if facts is None else facts
    if days is not None and rules.days is DaysCounted.TRADE_DATES:
        days = evolve(days, sessions=())
    sessions = None if days is None else days.sessions
    no_session = () if days is None else days.no_session
    risk_free = float(rules.risk_free)
    net, gross = (
        figures_of(flagged, basis, rules.starting_capital, sessions, risk_free) for basis in (Basis.NET, Basis.GROSS)
    )
    bootstrap = bootstrap_of(
        flagged, [trade.net for trade in flagged], draws, resamples=rules.resamples, seed=rules.seed
    )  # fmt: skip
    costs = costs_of(flagged)
    return StudyStatistics(
        rules=rules,
        record=flagged,
        warnings=warnings_of(flagged, net, bootstrap, costs, no_session, known),
        assumptions=(*(known.assumptions or assumptions_of(flagged)), *_readings(net)),
        net=net,
        gross=gross,
        groups=groups_of(flagged),
        bootstrap=bootstrap,
        costs=costs,
        excursions=excursions_of(flagged),
        no_session=no_session,
    )


def _flagged(trade: ClosedTrade) -> ClosedTrade:
    """With the flag of implausible figures, which a foreign record does not carry. Rule: ST-003."""
    return evolve(trade, flags=trade.flags | {TradeFlag.IMPLAUSIBLE}) if is_implausible(trade) else trade


def assumptions_of(record: Sequence[ClosedTrade]) -> tuple[str, ...]:
    """What has to be believed of a record that was not made here, in sentences. Rule: ST-006."""
    if not record:
        return ()
    told = ["Fills: as the record says; whether the market gave them is not known."]
    charged = sum(trade.fees != 0 for trade in record)
    if charged:
        told.append(f"Fees: as the record says, on {charged} of {len(record)} trades.")
    else:
        told.append("Fees: the record has none; net equals gross, and both are too good by every fee that was paid.")
    priced = sum(trade.mid_pnl is not None for trade in record)
    told.append(
        f"Slippage: split from the quotes on {priced} of {len(record)} trades."
        if priced
        else "Slippage: not known; the record has no quotes of its fills."
    )
    settled = sum(TradeFlag.SETTLED in trade.flags for trade in record)
    told.append(f"Settlement: {settled} trades are marked as settled; the others count as closed at their price.")
    vix = sum(trade.vix is not None for trade in record)
    told.append(f"VIX: as the record says, on {vix} of {len(record)} trades.")
    told.append("Sizing: contracts as traded; they move with the balance where the record's sizing did.")
    names = {
        "time of entry": "opened", "time of closing": "closed", "credit": "credit", "maximum risk": "max_risk",
        "price": "price", "pin": "pin", "quotes while held": "mae",
    }  # fmt: skip
    absent = [name for name, field_name in names.items() if all(getattr(one, field_name) is None for one in record)]
    if absent:
        told.append(f"Not known of this record: {', '.join(absent)}.")
    if "time of closing" in absent:
        told.append("Order: without times of closing trades count in the order of the file.")
    return tuple(told)


def _readings(net: Figures) -> tuple[str, ...]:
    """How figures are counted where another page counts otherwise. Rule: ST-301."""
    if not net.counted.flats:
        return ()
    return (f"Win rate: flats ({net.counted.flats}) count neither way here; sizing counts them as losses (CS-602).",)
