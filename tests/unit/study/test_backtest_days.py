"""Many days in batches: passes, workers that die, days that fail. Rules: ST-203..206, ST-210, ST-211."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders_study import InThisProcess, sessions, simulated
from extent import WHOLE, many
from gammacore.application.study.backtest import Backtest, DayDone, Progress
from gammacore.application.watch_equity import RecordedEquity
from gammacore.configuration import Configuration
from gammacore.domain.ledger import LedgerOpened, Mode, OrderAccepted
from gammacore.domain.risk.opening_limits import EquityPoint, EquityWatch, OpeningGuards
from gammacore.domain.study.days import DayResult, DayStatus
from gammacore.domain.study.record import ClosedTrade
from gammacore.wiring.study.days import ALONE, CarryIn
from gammacore.wiring.study.proofs import Taken, proved
from gammacore.wiring.study.tasks import DayTask

CARRIED = sessions(many(6, 60))


def ran(
    configuration: Configuration, dates: Sequence[dt.date], *, workers: int = 1, carries: bool = True, batch: int = 2,
    executor: InThisProcess | None = None, stops_on_error: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[Backtest[CarryIn], list[DayDone]]:  # fmt: skip
    kept: list[DayDone] = []

    def keep(day: DayDone) -> DayDone:
        kept.append(day)
        return day

    task = DayTask(configuration, carries=carries, keeps_events=True)
    backtest = Backtest(
        task, executor or InThisProcess(workers), keep, batch=batch, stops_on_error=stops_on_error,
        on_progress=on_progress,
    )  # fmt: skip
    backtest(dates, (), ALONE)
    return backtest, kept


def told(days: Sequence[DayDone]) -> list[tuple[DayResult, Any]]:
    return [(day.result, day.events) for day in days]


@pytest.mark.parametrize("workers", [2, 4] if WHOLE else [3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"sizing.sizing": False},
        {"sizing.first_trades": 0, "sizing.policy": "bootstrap-stats"},
    ][: many(1, 3)],
)
def test_carry_on_many_workers_gives_the_days_of_one_event_by_event(workers: int, settings: dict[str, Any]) -> None:
    configuration = simulated(**settings)
    _, alone = ran(configuration, CARRIED)
    backtest, together = ran(configuration, CARRIED, workers=workers)

    assert told(together) == told(alone)
    assert sum(len(day.result.trades) for day in alone) > 2
    assert backtest.passes.passes >= 2


def test_a_day_that_takes_over_what_was_expected_is_not_traded_again() -> None:
    quiet = simulated(**{"market.vix": "25"})  # nothing is ever entered, so every carry-in reads alike
    executor = InThisProcess(3)
    backtest, days = ran(quiet, CARRIED[:6], executor=executor)

    assert len(executor.submitted) == 3
    assert (backtest.passes.passes, backtest.passes.reruns) == (1, 0)
    assert [day.result.date for day in days] == CARRIED[:6]


GUARDS = OpeningGuards(drawdown=Decimal("0.05"))
OPENED = LedgerOpened(dt.datetime(2026, 1, 5, 14, 30, tzinfo=dt.UTC), "a", Mode.STUDY, "one", Decimal(20_000))


def carried(watch: EquityWatch, guards: OpeningGuards | None = GUARDS) -> CarryIn:
    """The same ledger whatever the guards remember."""
    opened = CarryIn(guards=guards).after((OPENED,), None)
    return CarryIn(opened.book, None, guards, RecordedEquity(1, Decimal(20_000), watch))


@pytest.mark.parametrize(
    "other",
    [
        {"high_water": Decimal(21_000)},
        {"points": (EquityPoint(dt.datetime(2026, 1, 6, 4, 55, tzinfo=dt.UTC), Decimal(19_000)),)},
        {"losses": (dt.datetime(2026, 1, 6, 4, 55, tzinfo=dt.UTC),)},
        {"paused_until": dt.datetime(2026, 1, 6, 15, tzinfo=dt.UTC)},
    ],
)
def test_a_day_does_not_stand_where_its_guards_remember_otherwise(other: dict[str, Any]) -> None:
    """ST-206: a guard that looks back on a higher account halts a day that the same balance alone would trade."""
    date = dt.date(2026, 1, 6)
    was, true = carried(EquityWatch()), carried(EquityWatch(**other))
    taken = Taken.of(was, date)
    assert taken is not None
    day = DayDone(DayResult(date, DayStatus.TRADED, carry_in=was.hash), taken=(taken.switches, taken.numbers))

    assert proved(day, true) is None
    assert proved(day, was) is not None
    assert Taken.of(carried(EquityWatch(**other), None), date) == Taken.of(carried(EquityWatch(), None), date)


def test_what_the_windows_of_the_guards_have_passed_does_not_count() -> None:
    """ST-206: a loss, a pause of yesterday are read by nothing; a mark only as what the account was worth."""
    yesterday = dt.datetime(2026, 1, 5, 20, tzinfo=dt.UTC)
    point = EquityPoint(yesterday, Decimal(20_000))
    old = EquityWatch(points=(point,), losses=(yesterday,), paused_until=yesterday)
    bare = EquityWatch(points=(evolve(point, at=OPENED.at),))

    assert Taken.of(carried(old), dt.date(2026, 1, 6)) == Taken.of(carried(bare), dt.date(2026, 1, 6))


def test_without_sizing_and_limits_days_alone_and_days_that_carry_trade_alike() -> None:
    """ST-205's proof: balances that no verdict of CS-339..343 can meet, days that end flat with nothing left over."""
    rich = simulated(**{"sizing.sizing": False, "sizing.starting_capital": "100000000", "limits.daily_loss": "1000000"})
    _, carried = ran(rich, CARRIED)
    _, alone = ran(rich, CARRIED, carries=False)

    def trades(days: Sequence[DayDone]) -> list[ClosedTrade]:
        return [trade for day in days for trade in day.result.trades]

    assert trades(carried) == trades(alone)
    assert len(trades(alone)) > 2


def test_a_day_alone_starts_with_the_same_balance_whatever_came_before() -> None:
    _, days = ran(simulated(), CARRIED, carries=False)

    assert {day.result.opening_balance for day in days} == {Decimal(20_000)}
    assert {(day.result.carry_in, day.result.carry_out) for day in days} == {("", "")}


def test_days_come_in_order_once_whatever_order_workers_end_in() -> None:
    _, days = ran(simulated(), CARRIED, workers=3, carries=False)

    assert [day.result.date for day in days] == CARRIED


@pytest.mark.parametrize("carries", [True, False])
def test_a_batch_whose_worker_died_runs_again(carries: bool) -> None:
    _, undisturbed = ran(simulated(), CARRIED[:4], carries=carries)
    twice = InThisProcess(1, dies=lambda submission: submission <= 2)
    _, days = ran(simulated(), CARRIED[:4], carries=carries, executor=twice)

    assert told(days) == told(undisturbed)


def test_a_batch_that_kills_three_workers_fails_with_its_days_and_the_run_goes_on() -> None:
    first = InThisProcess(1, dies=lambda submission: submission <= 3)
    _, days = ran(simulated(), CARRIED[:4], executor=first)

    assert [day.result.status for day in days] == [DayStatus.FAILED] * 2 + [DayStatus.TRADED] * 2
    assert "died, 3 times" in days[0].result.error


def test_a_day_that_raises_is_failed_and_carries_nothing_on(monkeypatch: pytest.MonkeyPatch) -> None:
    fails = CARRIED[2]
    break_market_on(monkeypatch, fails)
    _, days = ran(simulated(), CARRIED[:5])

    assert [day.result.status for day in days].count(DayStatus.FAILED) == 1
    assert days[2].result.error == "RuntimeError: no quotes today"
    assert days[2].result.carry_in == days[2].result.carry_out == days[3].result.carry_in
    assert days[2].events == ()


def test_the_first_failed_day_may_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    break_market_on(monkeypatch, CARRIED[2])
    backtest, days = ran(simulated(), CARRIED[:5], stops_on_error=True)

    assert backtest.stopped
    assert [day.result.date for day in days] == CARRIED[:3]


def break_market_on(monkeypatch: pytest.MonkeyPatch, date: dt.date) -> None:
    from gammacore.adapters.simulated.market import SimulatedMarket

    honest = SimulatedMarket.snapshot

    def snapshot(market: SimulatedMarket, at: dt.datetime) -> Any:
        if market.session.date == date and at > market.session.open + dt.timedelta(hours=1):
            raise RuntimeError("no quotes today")
        return honest(market, at)

    monkeypatch.setattr(SimulatedMarket, "snapshot", snapshot)


def test_time_left_is_the_median_of_the_last_twenty_days_over_the_workers() -> None:
    seconds = (100.0, *(float(second) for second in range(1, 21)))
    done = [DayResult(date, DayStatus.TRADED) for date in CARRIED[:4]]

    assert Progress(done, 10, 2, seconds[-20:]).seconds_left == 10.5 * 6 / 2
    assert Progress([], 10, 2).seconds_left is None


def test_progress_counts_up_to_all_days() -> None:
    seen: list[Progress] = []
    ran(simulated(), CARRIED[:3], on_progress=seen.append)

    assert (seen[0].done, seen[-1].done, seen[-1].days) == (0, 3, 3) or seen[0].finished is seen[-1].finished


def test_the_ledger_of_a_carried_run_numbers_broker_orders_anew_each_day() -> None:
    _, days = ran(simulated(), CARRIED)
    firsts = [
        next((event.broker_id for event in day.events if isinstance(event, OrderAccepted)), None) for day in days
    ]  # fmt: skip

    assert {first for first in firsts if first is not None} == {"paper-000001"}
    assert evolve(days[0].result, ledger_events=1) != days[0].result
