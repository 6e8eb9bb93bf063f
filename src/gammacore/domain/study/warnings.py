"""What the figures of a study cannot carry: each warning with its numbers and what it means. Rules: ST-006, ST-312.

They come first on every table, page and document and cannot be switched off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from gammacore.domain.dollars import dollars, signed_dollars
from gammacore.domain.reports.trade_figures import LARGEST_CREDIT, LARGEST_PL
from gammacore.domain.study.bootstrap import Bootstrap
from gammacore.domain.study.costs import Costs
from gammacore.domain.study.daily import results_by_date
from gammacore.domain.study.figures import Figures
from gammacore.domain.study.record import ClosedTrade, TradeFlag

FEWEST_TRADES = 100
"""Ours."""
FEWEST_DATES = 60
"""Ours."""
MOST_UNKNOWN = 0.10
"""Of entries at which a filter was unknown. Ours. Rule: ST-202."""
MOST_OF_TOTAL = Decimal("0.5")
"""Of the whole result that one date or one trade may bring. Ours."""


@frozen
class StudyWarning:
    """One thing the figures cannot carry: its code, a sentence, and the numbers in it."""

    code: str
    text: str
    numbers: Mapping[str, Any] = field(factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@frozen
class Simulated:
    """The simulated market a record was traded on: how hard it pulls to the pin, and what it realises of implied."""

    pin_strength: float = 0.4
    realised: float = 0.9


@frozen
class RunFacts:
    """What is known of how a record came about, besides its trades; all empty of a foreign record.

    `partial_days` have their flags, `failed_days` their errors; `unknown_filters` is by filter the share of entries at
    which it was unknown; `look_ahead` counts the differences that the check found. `assumptions` are sentences.
    """

    missing_days: Sequence[dt.date] = ()
    partial_days: Mapping[dt.date, Sequence[str]] = field(factory=dict)
    failed_days: Mapping[dt.date, str] = field(factory=dict)
    unknown_filters: Mapping[str, float] = field(factory=dict)
    look_ahead: int = 0
    simulated: Simulated | None = None
    assumptions: Sequence[str] = ()


def is_implausible(trade: ClosedTrade) -> bool:
    """Whether its figures are beyond the bounds of CS-623, or it was flagged so; it counts all the same."""
    if TradeFlag.IMPLAUSIBLE in trade.flags or abs(trade.gross) > LARGEST_PL:
        return True
    return trade.credit is not None and not 0 <= trade.credit <= LARGEST_CREDIT


def warnings_of(
    record: Sequence[ClosedTrade],
    net: Figures,
    bootstrap: Bootstrap,
    costs: Costs,
    no_session: Sequence[dt.date],
    facts: RunFacts,
) -> tuple[StudyWarning, ...]:
    """All that apply, what was run first, then what the sample is worth, then what single trades are."""
    return (*_of_the_run(facts), *_of_the_sample(record, net, bootstrap, no_session), *_of_trades(record, costs))


def _of_the_run(facts: RunFacts) -> Iterator[StudyWarning]:
    """Rules: ST-111, ST-201, ST-202, ST-211."""
    if facts.look_ahead:
        yield StudyWarning(
            "look_ahead",
            f"the check for look-ahead found {_count(facts.look_ahead, 'difference')} on these settings: some "
            "decisions used what was not known yet, and no figure here can be traded",
            {"differences": facts.look_ahead},
        )
    if facts.simulated is not None:
        pull, realised = facts.simulated.pin_strength, facts.simulated.realised
        yield StudyWarning(
            "simulated_edge",
            f"the market is simulated: its price is pulled to the pin ({pull}) and moves {realised} of what options "
            "price in, so selling premium at the pin earns money by construction; this says nothing of a real market",
            {"pin_strength": pull, "realised_of_implied": realised},
        )
    if facts.failed_days:
        dates = _dates(list(facts.failed_days))
        yield StudyWarning(
            "failed_days",
            f"{_count(len(facts.failed_days), 'day')} ended with an error and counts nowhere in the figures: {dates}",
            {"days": len(facts.failed_days)},
        )
    if facts.missing_days:
        count = len(facts.missing_days)
        yield StudyWarning(
            "missing_days",
            f"no data of {_count(count, 'session')} of the range, which were not traded: {_dates(facts.missing_days)}; "
            "what would have happened then is not known",
            {"days": count},
        )
    if facts.partial_days:
        count = len(facts.partial_days)
        yield StudyWarning(
            "partial_days",
            f"holes, a late start or an early end on {_count(count, 'day')}: {_dates(list(facts.partial_days))}; "
            "stops and targets were not seen in the gaps",
            {"days": count},
        )
    unknown = {name: share for name, share in sorted(facts.unknown_filters.items()) if share > MOST_UNKNOWN}
    if unknown:
        named = ", ".join(f"{name} {share:.0%}" for name, share in unknown.items())
        yield StudyWarning(
            "unknown_filters",
            f"filters that could not be judged at more than {MOST_UNKNOWN:.0%} of the entries: {named}; with their "
            "data the same rules take other trades",
            unknown,
        )


def _of_the_sample(
    record: Sequence[ClosedTrade], net: Figures, bootstrap: Bootstrap, no_session: Sequence[dt.date]
) -> Iterator[StudyWarning]:
    counted, has_dates = net.counted, all(trade.booked_on is not None for trade in record)
    results = [trade.net for trade in record]
    if counted.trades < FEWEST_TRADES:
        yield StudyWarning(
            "few_trades",
            f"{_count(counted.trades, 'trade')}, fewer than {FEWEST_TRADES}: a rate or a mean of so few is mostly luck",
            {"trades": counted.trades, "limit": FEWEST_TRADES},
        )
    if not has_dates:
        yield StudyWarning(
            "dates_unknown",
            "the record has no dates: trades are drawn one by one, as if those of a day were independent; they are "
            "not, and the true intervals are wider",
            {"trades": counted.trades},
        )
    elif record:
        by_date = results_by_date(record, results)
        if len(by_date) < FEWEST_DATES:
            yield StudyWarning(
                "few_days",
                f"{_count(len(by_date), 'date')} with trades, fewer than {FEWEST_DATES}: one kind of market at most",
                {"dates": len(by_date), "limit": FEWEST_DATES},
            )
        if len(by_date) == 1:
            yield StudyWarning("one_day", "all trades are of one date: nothing is known of any other day", {"dates": 1})
        best_date, best = max(((date, sum(day, Decimal(0))) for date, day in by_date.items()), key=lambda pair: pair[1])
        if _makes_result(best, counted.total):
            yield StudyWarning(
                "day_makes_result",
                f"{best_date} brought {signed_dollars(best)} of {signed_dollars(counted.total)}: without that one date "
                f"{signed_dollars(counted.total - best)} are left",
                {"date": best_date, "pnl": best, "total": counted.total, "without": counted.total - best},
            )
    if results and _makes_result(best := max(results), counted.total):
        name = next(trade.id for trade in record if trade.net == best)
        yield StudyWarning(
            "trade_makes_result",
            f"trade {name} brought {signed_dollars(best)} of {signed_dollars(counted.total)}: without that one trade "
            f"{signed_dollars(counted.total - best)} are left",
            {"trade": name, "pnl": best, "total": counted.total, "without": counted.total - best},
        )
    if bootstrap.mean is not None and bootstrap.mean[0] <= 0 <= bootstrap.mean[1]:
        low, high = bootstrap.mean
        yield StudyWarning(
            "edge_unproven",
            f"the mean P/L a trade lies between {low:.2f} and {high:.2f} dollars (95 %): zero is among them, so this "
            "record does not show that the rules earn anything",
            {"low": low, "high": high},
        )
    if counted.trades and not counted.losses:
        text = f"none of {_count(counted.trades, 'trade')} lost: the record does not show what a loss costs"
        yield StudyWarning("no_losses", text, {"trades": counted.trades})
    if counted.trades and not counted.wins:
        text = f"none of {_count(counted.trades, 'trade')} won: nothing in this record speaks for the rules"
        yield StudyWarning("no_wins", text, {"trades": counted.trades})
    if counted.trades > 1 and not net.sd:
        yield StudyWarning("zero_variance", "every trade came to the same: no market does that", {"sd": 0})
    if no_session:
        yield StudyWarning(
            "no_session",
            f"trades on {_count(len(no_session), 'date')} on which the exchange was closed: {_dates(no_session)}; "
            "this is not a record of a market",
            {"dates": len(no_session)},
        )
    vix = {trade.vix for trade in record}
    if len(record) > 1 and has_dates and len({trade.booked_on for trade in record}) > 1 and len(vix) == 1:
        (level,) = vix
        if level is not None:
            yield StudyWarning(
                "constant_vix",
                f"VIX is {level:f} at every entry: filters and widths by VIX were never tried",
                {"vix": level},
            )


def _of_trades(record: Sequence[ClosedTrade], costs: Costs) -> Iterator[StudyWarning]:
    implausible = [trade for trade in record if is_implausible(trade)]
    if implausible:
        yield StudyWarning(
            "implausible",
            f"{_count(len(implausible), 'trade')} with a credit outside 0..{LARGEST_CREDIT} points or more than "
            f"{dollars(LARGEST_PL)} won or lost: {_ids(implausible)}; they count in every figure",
            {"trades": len(implausible)},
        )
    if costs.inside:
        yield StudyWarning(
            "fills_inside_spread",
            f"{costs.inside} of {costs.trades} trades were filled better than the quotes gave: nobody is promised that",
            {"trades": costs.inside, "of": costs.trades},
        )
    flagged = {
        flag: [trade for trade in record if flag in trade.flags]
        for flag in (TradeFlag.STOP_INSIDE_QUOTES, TradeFlag.UNWATCHED, TradeFlag.ESTIMATED)
    }
    if inside := flagged[TradeFlag.STOP_INSIDE_QUOTES]:
        share = len(inside) / len(record)
        yield StudyWarning(
            "stop_inside_quotes",
            f"{len(inside)} of {len(record)} trades ({share:.0%}) had their stop inside the bid-ask of the spread at "
            "the entry: the quotes alone can stop them, whatever the market does",
            {"trades": len(inside), "of": len(record), "share": share},
        )
    if unwatched := flagged[TradeFlag.UNWATCHED]:
        yield StudyWarning(
            "unwatched",
            f"{_count(len(unwatched), 'trade')} without a usable quote for more than 600 s before the end: "
            f"{_ids(unwatched)}; no stop could be seen, so a win there is not a win",
            {"trades": len(unwatched)},
        )
    if estimated := flagged[TradeFlag.ESTIMATED]:
        yield StudyWarning(
            "estimated_settlement",
            f"{_count(len(estimated), 'trade')} ended at an estimated price, no official one was known: "
            f"{_ids(estimated)}",
            {"trades": len(estimated)},
        )


def _makes_result(best: Decimal, total: Decimal) -> bool:
    """Whether a positive total is gone without its best part, or that part is more than half of it. Rule: ST-312."""
    return total > 0 and (total - best <= 0 or best > total * MOST_OF_TOTAL)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _dates(dates: Sequence[dt.date]) -> str:
    return _some([str(date) for date in sorted(dates)])


def _ids(trades: Sequence[ClosedTrade]) -> str:
    return _some([trade.id for trade in trades])


def _some(names: Sequence[str]) -> str:
    """The first ten of a list, and how many more."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
