"""Every named policy can be set in a TOML file and acts: the default simulated day, its first order's plan.

Nothing stands in for anything: file, configuration, wiring, exchange and ledger are those of `gammacore trade`.
"""

from __future__ import annotations

import datetime as dt
import logging
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from attrs import frozen

from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import configure, read_toml
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.holding import sold_spreads
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.ledger import AlarmRaised, EntryJudged, HistoryImported, LedgerOpened, Mode, OrderIntended
from gammacore.domain.sessions import new_york
from gammacore.wiring import wire_day

CREDIT = Decimal("2.50")
ROOMY = '[entries.momentum]\nagainst = "50"\nfive_minutes = "50"\none_minute = "50"\n'
LONG_AGO = new_york(dt.date(2026, 1, 5), dt.time(9, 30))
EVEN_RECORD = tuple(map(Decimal, (100, -90) * 10))
"""Kelly (0.5 × 100 - 0.5 × 90)/100 = 5 %: of $20,000, half of it is $500 at risk."""


@frozen
class Morning:
    """A simulated day until its first order, or its end."""

    judged: tuple[EntryJudged, ...]
    plans: tuple[SpreadPlan, ...]
    warned: list[str]
    first_limit: Decimal | None

    @property
    def plan(self) -> SpreadPlan:
        """What the first order was for."""
        assert self.plans, [entry.explanation for entry in self.judged]
        return self.plans[0]


def morning(folder: Path, toml: str, record: tuple[Decimal, ...] = (), logger: logging.Logger | None = None) -> Morning:
    """The default simulated day under a configuration file, with a record of earlier trades."""
    (folder / "gammacore.toml").write_text(toml)
    configuration = configure([read_toml(folder / "gammacore.toml")])
    ledger, settings = folder / "run.sqlite", configuration.settings
    if record:
        storage = SqliteStorage(ledger)
        capital = settings.sizing.starting_capital
        opened = LedgerOpened(LONG_AGO, settings.account.id, Mode.STUDY, "f00d", capital)
        storage.append([opened, HistoryImported(LONG_AGO, record, len(record), "a test")], 0)
        storage.close()
    day = wire_day(configuration, ledger, logger=logger)
    try:
        day.trade.run_until(lambda book: bool(book.orders))
        events = tuple(day.storage.events())
        plans = tuple(spread.plan for spread in sold_spreads(Book.of(events).holdings.values()))
    finally:
        day.close()
    return Morning(
        judged=tuple(event for event in events if isinstance(event, EntryJudged)),
        plans=plans,
        warned=[event.code for event in events if isinstance(event, AlarmRaised)],
        first_limit=next((event.ticket.limit for event in events if isinstance(event, OrderIntended)), None),
    )


@pytest.mark.parametrize(
    ("preset", "stop", "emergency", "target", "grace"),
    [("standard", "2.75", "3.50", "1.25", 60), ("swept", "2.75", "3.50", "1.25", 180),
     ("head", "2.88", "3.13", "1.25", 540)],
)  # fmt: skip
def test_a_preset_of_the_stops_is_the_policy_of_the_order(
    preset: str, stop: str, emergency: str, target: str, grace: int, tmp_path: Path
) -> None:
    """CS-512, CS-531: advertised for a credit of 2.50 at HIGH confidence, 10 or 15 % and 40 or 25 %."""
    plan = morning(tmp_path, f'[stops]\npreset = "{preset}"\n').plan

    policy = plan.policy
    assert (policy.preset, policy.grace_seconds) == (preset, grace)
    assert policy.advertised_stop(CREDIT) == Decimal(stop)
    assert policy.advertised_emergency(CREDIT) == Decimal(emergency)
    assert policy.advertised_target(CREDIT, plan.confidence) == Decimal(target)


def test_source_000_is_one_entry_at_9_36_with_a_fixed_target_and_version_a(tmp_path: Path) -> None:
    """CS-534: one name for schedule, target and size."""
    day = morning(tmp_path, f'[stops]\npreset = "source-000"\n{ROOMY}')

    assert day.plan.scheduled_at == new_york(day.plan.scheduled_at.date(), dt.time(9, 36))
    assert day.plan.policy.advertised_target(CREDIT, day.plan.confidence) == Decimal("1.00")
    assert day.plan.contracts == 3


def test_who_names_the_preset_may_still_choose_its_parts(tmp_path: Path) -> None:
    day = morning(tmp_path, f'[stops]\npreset = "source-000"\n[sizing]\npolicy = "rolling"\n{ROOMY}')

    assert day.plan.contracts == 1
    assert day.plan.policy.fixed_target == Decimal("0.60")


def test_volatility_stops_fix_the_stop_of_the_entrys_vix(tmp_path: Path) -> None:
    """CS-532: VIX from 15 to below 20 is 15 %; grace and emergency stay."""
    plan = morning(tmp_path, "[stops]\nvolatility_stops = true\n").plan

    assert 15 <= plan.vix < 20
    assert plan.policy.advertised_stop(CREDIT) == Decimal("2.88")
    assert plan.policy.advertised_emergency(CREDIT) == Decimal("3.50")


@pytest.mark.parametrize(("preset", "skips"), [("stop-outside-quotes", True), ("standard", False)])
def test_stop_outside_quotes_sells_nothing_that_bid_and_ask_would_stop(
    preset: str, skips: bool, tmp_path: Path
) -> None:
    """CS-368: a stop of 1 % lies inside any quotes; without the policy it is sold, with a warning."""
    day = morning(tmp_path, f'[stops]\npreset = "{preset}"\nstop = "0.01"\n')

    assert day.judged[0].reason == ("stop_inside_quotes" if skips else None)
    assert day.warned == ([] if skips else ["stop_inside_quotes"])


@pytest.mark.parametrize("toml", ['[stops]\npreset = "walk"\n', "[entries.limit]\nwalk = true\n"])
def test_walk_asks_for_the_mid_first(toml: str, tmp_path: Path) -> None:
    """CS-421: the plan keeps the least it is sold for."""
    day = morning(tmp_path, toml)
    nickels = (day.plan.expected_credit * 20).to_integral_value("ROUND_FLOOR") / 20

    assert day.first_limit == nickels > day.plan.limit
    assert day.plan.limit >= Decimal("1.30")


@pytest.mark.parametrize(
    ("hours", "target"), [(Fraction(2), "1.25"), (Fraction(3, 2), "1.50"), (Fraction(1, 2), "1.75")]
)
def test_time_weighted_targets_replace_those_by_age(hours: Fraction, target: str, tmp_path: Path) -> None:
    """CS-533: .50, .40 and .30 by the hours to the close, however long it is held."""
    plan = morning(tmp_path, "[stops]\ntime_weighted_targets = true\n").plan

    held = 6 - hours
    assert plan.policy.advertised_target(CREDIT, plan.confidence, held, hours) == Decimal(target)


@pytest.mark.parametrize(
    ("rules", "record", "contracts"),
    [
        ("", (), 1),  # CS-604: fewer than ten trades
        ('policy = "bootstrap-stats"', (), 3),  # CS-605: 27.38 before the cap
        ('policy = "bootstrap-stats"\nsizing = false', (), 1),  # CS-607
        ('policy = "bootstrap-stats"\nstarting_capital = "10000"', (), 3),  # 13.69 before the cap
        ('policy = "bootstrap-stats"\nstarting_capital = "10000"\ncaps_by_account = true', (), 2),  # CS-607
        ("confidence_size = true", (), 2),  # CS-607: HIGH, twice
        ("", EVEN_RECORD, 1),  # $500 over ($10 - credit) × 100
        ('basis = "table"', EVEN_RECORD, 2),  # CS-606: $500 over $250
        ('basis = "table"\nfraction = "1"', EVEN_RECORD, 3),  # CS-602, CS-023: $1,000 over $250, at most 3
    ],
)
def test_a_rule_of_sizing_is_the_size_of_the_order(
    rules: str, record: tuple[Decimal, ...], contracts: int, tmp_path: Path
) -> None:
    plan = morning(tmp_path, f"[sizing]\n{rules}\n", record).plan

    assert plan.contracts == contracts


def test_full_kelly_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """CS-602."""
    morning(tmp_path, '[sizing]\nfraction = "1"\n', logger=logging.getLogger("gammacore.test.kelly"))

    assert [record.levelname for record in caplog.records if "full Kelly" in record.message] == ["WARNING"]


def test_half_kelly_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    morning(tmp_path, "", logger=logging.getLogger("gammacore.test.kelly"))

    assert "full Kelly" not in caplog.text


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ('[entries.setup]\nvix_ceiling = "17"\n', "vix_ceiling"),
        ('[entries.adx]\nstrongest = "1"\n', "adx"),
        ('[entries.minimum]\nvertical = "9"\ncondor = "9"\n', "minimum_credit"),
        ("[entries.schedule]\nwindow_to_minutes = 30\n", "entry_window"),
    ],
)
def test_a_limit_of_the_entries_refuses_by_its_own_name(toml: str, reason: str, tmp_path: Path) -> None:
    """Section 3: the default day enters at 10:00; this figure alone forbids it."""
    day = morning(tmp_path, toml)

    assert day.judged[0].reason == reason


def test_the_concession_is_the_limit_of_the_order(tmp_path: Path) -> None:
    """CS-403: part of the mid credit, down to the nickel."""
    plan = morning(tmp_path, '[entries.limit]\nconcession = "0.80"\n').plan

    assert plan.limit == (plan.expected_credit * Decimal("0.80") * 20).to_integral_value("ROUND_FLOOR") / 20


def test_the_schedule_is_the_one_of_the_file(tmp_path: Path) -> None:
    """CS-306."""
    day = morning(tmp_path, '[entries.schedule]\ntimes = ["10:15", "10:45"]\n')

    assert day.judged[0].scheduled_at == new_york(day.judged[0].scheduled_at.date(), dt.time(10, 15))
