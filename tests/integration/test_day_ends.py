"""A day at a broker is compared with it after the close, in dollars, and once more the next morning. Rule: OP-708."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, evolve

from builders_broker_day import CALENDAR, CREDENTIALS, DATE, PLACES, SESSION, a_world, configuration
from builders_days_at_brokers import APPS
from counterparts.serving import serving
from counterparts.world import World
from fakes_service import Diary, JumpingClock
from gammacore.adapters.html_report import render_day
from gammacore.configuration import Configuration, Settings
from gammacore.domain.instruments import parse_occ
from gammacore.domain.ledger import HoldingsQuarantined, Mode
from gammacore.domain.reports.day_report import day_report
from gammacore.domain.service.day_end import CashVerdict, DayEnd
from gammacore.wiring import day_end_lines, events_of, wire_day
from gammacore.wiring.brokers import BrokerPlaces
from gammacore.wiring.ledgers.backup_keeping import backups_in
from gammacore.wiring.ledgers.choice import FoundLedger
from gammacore.wiring.ledgers.whose_ledger import account_of
from gammacore.wiring.service.day_duties import DayDuties
from gammacore.wiring.service.day_ends import end_day, morning_cash, reconciled

STEP = 300


@define
class Account:
    """An account at a broker's counterpart, with its ledger."""

    given: Configuration
    world: World
    places: BrokerPlaces
    ledger: FoundLedger

    def morning(self, date: dt.date = DATE) -> str:
        with account_of(self.given.settings, self.ledger, CREDENTIALS, self.world, self.places) as broker:
            return morning_cash(self.given.settings, self.ledger, broker, date, self.world)

    def trade(self) -> None:
        assert isinstance(self.ledger.place, Path)
        day = wire_day(
            self.given, self.ledger.place, credentials=CREDENTIALS, clock=self.world, places=self.places, listens=False
        )
        try:
            evolve(day.trade, news=None)()
        finally:
            day.close()

    def end(self) -> DayEnd:
        with account_of(self.given.settings, self.ledger, CREDENTIALS, self.world, self.places) as broker:
            return end_day(self.given.settings, self.ledger, broker, DATE, self.world)

    @property
    def lines(self) -> tuple[str, ...]:
        return day_end_lines(self.given.settings, self.ledger.place, DATE)


@pytest.fixture
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    broker = getattr(request, "param", "tradier")
    underlying = {"tradier": "SPX", "alpaca": "SPY"}[broker]
    world = a_world(underlying, 57, STEP)
    given = configuration(broker, underlying, "credit-spread", STEP, {"storage.home": tmp_path})
    with ExitStack() as open_until:
        server = open_until.enter_context(serving(APPS[broker](world)))
        ledger = FoundLedger(tmp_path / "paper" / "paper.sqlite", Mode.PAPER)
        (tmp_path / "paper").mkdir()
        yield Account(given, world, PLACES[broker](server.url), ledger)


def opened(account: Account) -> None:
    """The ledger begins, then the morning's balance is known, then the day is traded."""
    assert isinstance(account.ledger.place, Path)
    day = wire_day(account.given, account.ledger.place, credentials=CREDENTIALS, clock=account.world,
                   places=account.places, listens=False)  # fmt: skip
    day.trade.begin()
    day.close()
    assert account.morning() == ""
    account.trade()


@pytest.mark.parametrize("account", ["tradier", "alpaca"], indirect=True)
def test_a_day_is_reconciled_to_the_cent_and_so_is_the_next_morning(account: Account) -> None:
    opened(account)

    found = account.end()

    assert found.differences == ()
    assert found.cash is not None
    assert (found.cash.rest, found.cash.verdict) == (Decimal(0), CashVerdict.EXPLAINED)
    assert found.cash.fees < 0
    assert found.cash.closing == account.world.exchange.book.cash
    assert account.lines[0] == "holdings, orders and fills agree"
    assert account.morning(dt.date(2026, 3, 4)) == ""


def test_what_was_kept_and_is_damaged_is_not_known_and_stops_nothing(account: Account) -> None:
    """The service wakes and ends its day all the same: cash is compared from the next day on."""
    opened(account)
    account.end()
    assert isinstance(account.ledger.place, Path)
    (kept,) = account.ledger.place.parent.glob(f"*.day-ends/{DATE}.json")
    kept.write_text(f'{{"format": 1, "date": "{DATE}", "lines": ["a"], "opening": {{"at": 5}}, "look": {{"cash": 1}}}}')

    assert account.morning(dt.date(2026, 3, 4)) == ""
    assert account.end().why_no_cash.startswith("no earlier balance is known")


def test_cash_that_nothing_explains_is_a_difference_and_a_line_of_the_report(account: Account) -> None:
    opened(account)
    account.world.exchange.book.cash -= Decimal(250)

    found = account.end()

    assert found.cash is not None
    assert found.cash.verdict is CashVerdict.DIFFERS
    assert "-$250 unexplained" in found.differences[0]
    report = evolve(day_report(events_of(account.given.settings, account.ledger.place), DATE), compared=account.lines)
    assert "-$250 unexplained" in render_day(report)
    assert "-$250 unexplained" in account.morning(dt.date(2026, 3, 4))
    assert any("the next morning" in line for line in account.lines)


def test_the_tolerance_is_dollars_a_contract(account: Account) -> None:
    """`service.cash_tolerance`."""
    opened(account)
    account.world.exchange.book.cash -= Decimal("0.90")
    assert account.end().differences == ()

    settings = account.given.settings
    account.given = evolve(
        account.given, settings=evolve(settings, service=evolve(settings.service, cash_tolerance=Decimal(0)))
    )
    assert "-$0.90 unexplained" in account.end().differences[0]


def test_a_first_day_without_an_opening_balance_is_said_to_be_not_compared(account: Account) -> None:
    account.trade()

    found = account.end()

    assert found.cash is None
    assert "no earlier balance is known" in found.lines[-1]
    kept = json.loads((Path(f"{account.ledger.place}.day-ends") / f"{DATE}.json").read_text())
    assert Decimal(kept["look"]["broker"]) == account.world.exchange.book.cash


def test_what_the_account_holds_besides_is_named_and_quarantined(account: Account) -> None:
    opened(account)
    symbol = account.given.settings.market.underlying
    contract = parse_occ(f"{'SPXW' if symbol == 'SPX' else 'SPY'}260320C00600000")
    account.world.exchange.hold(contract, 2)

    found = account.end()

    assert [line for line in found.holdings if "the account holds +2, the ledger +0" in line]
    assert found.needs_reconcile
    assert SESSION.close <= account.world.now()
    left = reconciled(account.given, account.ledger, CREDENTIALS, account.world, account.places)
    assert any("quarantined" in line for line in left), left
    events = events_of(account.given.settings, account.ledger.place)
    assert any(isinstance(event, HoldingsQuarantined) for event in events)


def test_the_service_s_day_end_reconciles_writes_the_page_and_backs_up(account: Account, tmp_path: Path) -> None:
    opened(account)
    account.world.exchange.book.cash -= Decimal(250)
    diary = Diary()
    given = evolve(account.given, settings=with_command(account.given.settings, ("/nowhere/copy",)))
    duties = DayDuties(
        given.settings, account.ledger.place, Mode.PAPER, lambda: given, CREDENTIALS, account.world, CALENDAR, diary,
        places=account.places,
    )  # fmt: skip

    summary = duties.day_end(DATE)

    assert summary.startswith(f"{DATE}: ")
    assert [(alert.level.value, alert.code) for alert in diary.alerts] == [
        ("warning", "day_end_difference"), ("warning", "backup_failed"),
    ]  # fmt: skip
    page = tmp_path / "reports" / f"paper-paper-{DATE}.html"
    assert "-$250 unexplained" in page.read_text(encoding="utf-8")
    (backup,) = backups_in(tmp_path / "backups")
    assert (tmp_path / "backups" / f"{backup.file.name}.day-ends" / f"{DATE}.json").is_file()
    diary.alerts.clear()
    assert duties.wake(dt.date(2026, 3, 4)) == ()
    assert [alert.code for alert in diary.alerts] == ["day_end_difference"]


def with_command(settings: Settings, command: tuple[str, ...]) -> Settings:
    return evolve(settings, backup=evolve(settings.backup, command=command))


@pytest.mark.parametrize(
    ("date", "codes"),
    [
        (dt.date(2026, 11, 25), []),  # Friday follows Thanksgiving
        (dt.date(2026, 11, 27), ["weekly_review"]),
        (dt.date(2026, 11, 30), ["monthly_review"]),
        (dt.date(2026, 7, 31), ["weekly_review", "monthly_review"]),
    ],
)
def test_the_last_session_of_a_week_and_of_a_month_is_looked_back_from(date: dt.date, codes: list[str]) -> None:
    diary, given = Diary(), configuration("tradier", "SPX", "credit-spread", STEP)
    clock = JumpingClock(dt.datetime(2026, 11, 30, tzinfo=dt.UTC))
    duties = DayDuties(
        given.settings, Path("none.sqlite"), Mode.PAPER, lambda: given, CREDENTIALS, clock, CALENDAR, diary
    )  # fmt: skip
    duties._review([], date)
    assert [alert.code for alert in diary.alerts] == codes
