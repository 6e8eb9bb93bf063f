"""`gammacore doctor`: offline by default, and over servers that speak Tradier's and Alpaca's dialects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home
from counterparts.alpaca_control import endpoints_of, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, SECRET, TOKEN, World, simulated_world
from fakes import FakeCalendar
from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import TradierHosts
from gammacore.application.diagnose import Check
from gammacore.configuration import configure
from gammacore.configuration.sources import Sourced
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import Mode
from gammacore.domain.sessions import TradingSession
from gammacore.wiring.brokers import BrokerPlaces, open_broker_market
from gammacore.wiring.checks.doctor import diagnose
from gammacore.wiring.service.arming import Armed

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

NAMES = [
    "credentials", "mode", "extras", "calendar", "broker", "clock", "account", "buying_power", "option_level",
    "market_data", "disk", "ledger", "growth",
]  # fmt: skip
TRADIER = {"TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT}
ALPACA = {"ALPACA_PAPER_API_KEY": TOKEN, "ALPACA_PAPER_SECRET_KEY": SECRET}


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_default_configuration_is_well_offline(gammacore: CommandLine) -> None:
    document = gammacore.document("doctor")

    assert [check["name"] for check in document["checks"]] == NAMES
    assert all(check["ok"] and check["detail"] and not check["fix"] for check in document["checks"])
    assert document["ok"] is True
    assert document["mode"].startswith("STUDY")


def test_people_get_a_table(gammacore: CommandLine) -> None:
    answer = gammacore("doctor", "--quiet")

    assert answer.code == 0
    assert all(name in answer.out for name in NAMES)


def test_a_broker_without_credentials_is_fixed_by_name(gammacore: CommandLine) -> None:
    answer = gammacore("doctor", "--broker", "tradier", "--json", "--quiet")

    assert answer.code == 1
    checks = {check["name"]: check for check in answer.document["checks"]}
    assert "TRADIER_SANDBOX_TOKEN is missing" in checks["credentials"]["detail"]
    assert "keyring set gammacore" in checks["credentials"]["fix"]
    assert all(check["fix"] for check in checks.values() if not check["ok"])
    assert "2 failed, 6 not asked, of 13 checks; failed: credentials, mode; not asked: broker, clock" in answer.err


def test_a_market_that_cannot_be_read_is_found(gammacore: CommandLine) -> None:
    answer = gammacore("doctor", "--market", "csv:nowhere.csv", "--underlying", "SPY", "--json", "--quiet")

    assert answer.code == 1
    assert "nowhere.csv" in next(c["detail"] for c in answer.document["checks"] if c["name"] == "broker")


def test_a_ledger_that_is_none_is_found(gammacore: CommandLine, tmp_path: Path) -> None:
    (tmp_path / ".gammacore" / "paper").mkdir(parents=True)
    (tmp_path / ".gammacore" / "paper" / "paper.sqlite").write_bytes(b"not a ledger" * 100)

    answer = gammacore("doctor", "--json", "--quiet")

    assert answer.code == 1
    assert [c["name"] for c in answer.document["checks"] if not c["ok"]] == ["ledger"]


@pytest.fixture
def tradier() -> Iterator[tuple[World, BrokerPlaces]]:
    world = simulated_world(step_seconds=300)
    world.advance(45 * 60)
    with serving(tradier_app(world)) as server:
        hosts = TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1")
        yield world, BrokerPlaces(tradier=hosts)


@pytest.fixture
def alpaca() -> Iterator[tuple[World, BrokerPlaces]]:
    world = spy_world()
    with serving(alpaca_app(world)) as server:
        yield world, BrokerPlaces(alpaca=endpoints_of(server))


def examined(
    broker: str, served: tuple[World, BrokerPlaces], credentials: Mapping[str, str], **given: object
) -> dict[str, Check]:
    world, places = served
    options = {"account.broker": broker, **{key.replace("__", "."): value for key, value in given.items()}}
    configuration = configure([{key: Sourced(value, "test") for key, value in options.items()}])
    clock = given_clock(world)
    found = diagnose(
        configuration, Variables(credentials, "environment"), clock=clock, calendar=FakeCalendar(), places=places
    )
    assert [check.name for check in found.checks] == NAMES
    printed = repr(found)
    assert not any(secret in printed for secret in credentials.values())
    assert all(check.fix for check in found.checks if not check.ok)
    return {check.name: check for check in found.checks}


def given_clock(world: World) -> FakeClock:
    """Ours, beside the world's: it stands where the test puts it."""
    return FakeClock(world.now() + dt.timedelta(seconds=float(world.settings.get("our_skew", "0"))))


def wrong(checks: Mapping[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if not check.ok]


def test_tradier_is_well(tradier: tuple[World, BrokerPlaces]) -> None:
    checks = examined("tradier", tradier, TRADIER)

    assert wrong(checks) == []
    assert checks["credentials"].detail.count("*** from environment TRADIER_SANDBOX_") == 2
    assert checks["mode"].detail == "PAPER: play money at tradier, account ***001"
    assert "level 6, spreads need 3" in checks["option_level"].detail


def test_alpaca_is_well_but_for_the_free_data_plan(alpaca: tuple[World, BrokerPlaces]) -> None:
    checks = examined("alpaca", alpaca, ALPACA, market__underlying="SPY")

    assert wrong(checks) == ["market_data"]
    assert "delayed, not for decisions" in checks["market_data"].detail
    assert "alpaca_full_plan" in checks["market_data"].fix


def test_alpaca_with_the_full_plan_is_well(alpaca: tuple[World, BrokerPlaces]) -> None:
    alpaca[0].settings["plan"] = "full"

    assert wrong(examined("alpaca", alpaca, ALPACA, market__underlying="SPY", market__alpaca_full_plan=True)) == []


@pytest.mark.parametrize(("seconds", "expected"), [("2", []), ("2.1", ["clock"]), ("-2.1", ["clock"])])
def test_two_seconds_apart_is_the_most(tradier: tuple[World, BrokerPlaces], seconds: str, expected: list[str]) -> None:
    """R7."""
    tradier[0].settings["our_skew"] = seconds

    assert wrong(examined("tradier", tradier, TRADIER)) == expected


def test_a_wrong_token_is_found_and_the_rest_is_not_asked(tradier: tuple[World, BrokerPlaces]) -> None:
    checks = examined("tradier", tradier, {**TRADIER, "TRADIER_SANDBOX_TOKEN": "another-token"})

    assert wrong(checks) == ["broker", "clock", "account", "buying_power", "option_level", "market_data"]
    assert "Invalid Access Token" in checks["broker"].detail or "token" in checks["broker"].detail.lower()


def test_another_account_than_the_one_of_the_token_is_found(tradier: tuple[World, BrokerPlaces]) -> None:
    checks = examined("tradier", tradier, {**TRADIER, "TRADIER_SANDBOX_ACCOUNT": "VA99999999"})

    assert {"account", "buying_power"} <= set(wrong(checks))


def test_an_option_level_without_spreads_is_found(tradier: tuple[World, BrokerPlaces]) -> None:
    tradier[0].settings["option_level"] = "2"

    checks = examined("tradier", tradier, TRADIER)

    assert wrong(checks) == ["option_level"]
    assert "apply for option level 3" in checks["option_level"].fix


def test_an_account_that_may_not_trade_is_found(alpaca: tuple[World, BrokerPlaces]) -> None:
    alpaca[0].settings.update(plan="full", trading_blocked="yes")

    checks = examined("alpaca", alpaca, ALPACA, market__underlying="SPY", market__alpaca_full_plan=True)

    assert wrong(checks) == ["account"]
    assert "takes no orders: trading_blocked" in checks["account"].detail
    assert "exits are refused too" in checks["account"].fix


def test_late_quotes_are_found(tradier: tuple[World, BrokerPlaces]) -> None:
    tradier[0].settings["delay_seconds"] = "900"

    assert wrong(examined("tradier", tradier, TRADIER)) == ["market_data"]


def test_tradiers_sandbox_is_delayed_and_its_live_host_is_not() -> None:
    """CS-418. Nothing is sent: which host is asked follows from which token is there."""
    session = TradingSession.of(dt.date(2026, 8, 19))
    armed, clock = Armed(Mode.PAPER, BrokerName.TRADIER), FakeClock(session.open)
    settings = configure().settings

    for credentials, delayed in ((TRADIER, True), ({**TRADIER, "TRADIER_TOKEN": "live-token"}, False)):
        opened = open_broker_market(
            settings, armed, Variables(credentials, "test"), clock, REGISTRY["SPX"], session, FakeCalendar()
        )
        assert opened.is_delayed is delayed
        opened.close()


def test_what_could_not_be_asked_is_counted_apart_from_what_failed(gammacore: CommandLine) -> None:
    document = gammacore("doctor", "--broker", "tradier", "--json", "--quiet").document

    assert (document["ok"], document["failed"], document["not_asked"]) == (False, 2, 6)
    by_status = {status: [c["name"] for c in document["checks"] if c["status"] == status] for status in
                 ("ok", "failed", "not_asked")}  # fmt: skip
    assert by_status["failed"] == ["credentials", "mode"]
    assert by_status["not_asked"] == ["broker", "clock", "account", "buying_power", "option_level", "market_data"]
    assert all(check["ok"] == (check["status"] == "ok") for check in document["checks"])


@pytest.mark.parametrize(
    ("broker", "given", "missing"),
    [
        ("tradier", "TRADIER_SANDBOX_TOKEN", "TRADIER_SANDBOX_ACCOUNT"),
        ("tradier", "TRADIER_SANDBOX_ACCOUNT", "TRADIER_SANDBOX_TOKEN"),
        ("alpaca", "ALPACA_PAPER_API_KEY", "ALPACA_PAPER_SECRET_KEY"),
        ("alpaca", "ALPACA_PAPER_SECRET_KEY", "ALPACA_PAPER_API_KEY"),
    ],
)
def test_half_of_the_credentials_are_incomplete(
    broker: str, given: str, missing: str, gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(given, "x1234567")

    answer = gammacore("doctor", "--broker", broker, "--json", "--quiet")

    credentials = answer.document["checks"][0]
    assert credentials["status"] == "failed"
    assert credentials["detail"].startswith("incomplete: ")
    assert f"{given} *** from" in credentials["detail"]
    assert f"{missing} is missing" in credentials["detail"]


def test_half_of_the_credentials_of_another_account_is_reported(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They open nothing and hinder nothing; a live Tradier token alone opens the market data."""
    monkeypatch.setenv("ALPACA_API_KEY", "AK1234567")
    monkeypatch.setenv("TRADIER_TOKEN", "t1234567")

    answer = gammacore("doctor", "--json", "--quiet")

    credentials = answer.document["checks"][0]
    assert credentials["ok"]
    assert (
        "alpaca live is incomplete: ALPACA_API_KEY without ALPACA_SECRET_KEY, ALPACA_ACCOUNT" in credentials["detail"]
    )
    assert "tradier" not in credentials["detail"]


@pytest.mark.parametrize(("broker", "ok"), [("tradier", True), ("alpaca", False)])
def test_the_doctor_says_which_broker_takes_a_stop(broker: str, ok: bool) -> None:
    """Decision 0058: only where the option asks for it."""
    given = configure([{"account.broker": broker, "protective_stop.on": True}])
    checks = {check.name: check for check in diagnose(given, Variables({}, "test")).checks}
    without = diagnose(configure([{"account.broker": broker}]), Variables({}, "test")).checks

    assert checks["protective_stop"].ok is ok
    assert "protective_stop" not in {check.name for check in without}
