"""Whatever a run writes, prints, logs or raises, it holds no credential. cli.md: secrets as ***."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders_cli import QUICK, CommandLine, at_home, trading_seed
from builders_exchange import an_entry
from builders_holdings import sell
from builders_ledger import a_plan, ledger_opened
from builders_world import LetsEverythingThrough
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, TOKEN, Asked, WireFault, World, scripted_world
from gammacore.adapters.credentials import Variables
from gammacore.adapters.notifiers.composite import CompositeNotifier
from gammacore.adapters.notifiers.log_lines import LogNotifier
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.adapters.tradier.client import TradierHosts
from gammacore.adapters.wire.kit import OpenBroker
from gammacore.application.day_ledger import DayLedger
from gammacore.application.order_desk import OrderDesk
from gammacore.configuration.brokers import credential_names
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import Mode
from gammacore.domain.order_life import OrderLife
from gammacore.errors import GammacoreError
from gammacore.ports.credentials import Secret
from gammacore.wiring.brokers import BrokerPlaces, open_broker
from gammacore.wiring.service.arming import Armed
from gammacore_cli.frame import Frame

IN_THE_ENVIRONMENT = {name: f"env-{name.lower().replace('_', '')}-77f" for name in credential_names()}
IN_DOTENV = {name: f"dot-{name.lower().replace('_', '')}-88e" for name in credential_names()}
EVERY_SECRET = (*IN_THE_ENVIRONMENT.values(), *IN_DOTENV.values())


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    """A command line in a folder of its own, with every credential there is, in the environment and in .env."""
    at_home(monkeypatch, tmp_path)
    for name, text in IN_THE_ENVIRONMENT.items():
        monkeypatch.setenv(name, text)
    Path(".env").write_text("".join(f"{name}={text}\n" for name, text in IN_DOTENV.items()))
    return CommandLine(capsys)


def leaks(text: str) -> list[str]:
    return [secret for secret in EVERY_SECRET if secret in text]


def written(folder: Path) -> dict[str, str]:
    """Every file below a folder but the one the secrets came from, as text."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".env"]
    return {str(path.relative_to(folder)): path.read_bytes().decode("latin-1") for path in files}


def test_a_day_and_everything_reported_of_it_hold_no_secret(gammacore: CommandLine, tmp_path: Path) -> None:
    day = ("--step", str(QUICK), "--seed", str(trading_seed(QUICK)), "--ledger", "day.sqlite")
    said = [
        gammacore(*command)
        for command in (
            ("trade", *day, "--debug"),
            ("trade", *day, "--json"),
            ("status", "--ledger", "day.sqlite"),
            ("journal", "--ledger", "day.sqlite", "--csv", "trades.csv"),
            ("report", "--ledger", "day.sqlite", "--html", "day.html"),
            ("plan", "--step", str(QUICK)),
            ("halt", "--ledger", "day.sqlite", "--reason", "a test"),
            ("config", "show"),
            ("config", "show", "--json"),
            ("config", "check"),
            ("config", "init", "sample.toml"),
            ("doctor", "--json"),
        )
    ]

    assert [answer.code for answer in said] == [0] * len(said)
    assert not leaks("".join(answer.out + answer.err for answer in said))
    files = written(tmp_path)
    assert {"day.sqlite", "day.html", "trades.csv", "sample.toml"} <= files.keys()
    assert not {name: found for name, text in files.items() if (found := leaks(text))}


def test_config_show_says_where_each_comes_from(gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADIER_TOKEN")

    shown = gammacore.document("config", "show")

    assert shown["TRADIER_TOKEN"] == {"value": "***", "source": ".env TRADIER_TOKEN"}
    assert shown["ALPACA_SECRET_KEY"] == {"value": "***", "source": "environment ALPACA_SECRET_KEY"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("doctor", "--live", "--broker", "tradier"),
        ("doctor", "--live", "--broker", "tradier", "--confirm-account", "env-tradieraccount-77e"),
        ("doctor", "--live", "--broker", "alpaca", "--confirm-account", IN_DOTENV["ALPACA_ACCOUNT"]),
        ("doctor", "--live", "--debug"),
        ("doctor", "--config", "secrets.toml"),
        ("config", "check", "--config", "secrets.toml"),
    ],
)
def test_refusals_hold_none(gammacore: CommandLine, arguments: tuple[str, ...]) -> None:
    Path("secrets.toml").write_text(f'[tradier]\ntoken = "{IN_DOTENV["TRADIER_TOKEN"]}"\n')

    printed = ""
    try:
        answer = gammacore(*arguments)
    except GammacoreError as raised:  # --debug lets it through
        printed = "".join(traceback.format_exception(raised))
    else:
        assert answer.code != 0
        printed = answer.out + answer.err

    assert printed
    assert not leaks(printed)


@pytest.mark.parametrize("wrong", ["two words", "dröhn", "tab\there"])
def test_a_defective_credential_is_named_not_shown(
    gammacore: CommandLine, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("TRADIER_SANDBOX_TOKEN", wrong)

    answer = gammacore("doctor", "--broker", "tradier")

    assert answer.code == 1
    assert wrong not in answer.out + answer.err
    assert "a fault of gammacore" not in answer.err


def test_log_lines_of_any_library_are_redacted(
    gammacore: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An HTTP client tells the address of each request; an account number stands in it."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    Frame(config=None, as_json=False, quiet=False, debug=True, log_level="info").start_logging()
    number = IN_THE_ENVIRONMENT["TRADIER_ACCOUNT"]

    logging.getLogger("some.library").warning("GET /v1/accounts/%s/orders, Bearer abc", number)
    try:
        raise ValueError(number)
    except ValueError:
        logging.getLogger("some.library").exception("it failed")

    printed = capsys.readouterr().err
    assert "GET /v1/accounts/***/orders, Bearer ***" in printed
    assert "ValueError: ***" in printed
    assert not leaks(printed)


@pytest.fixture
def world() -> World:
    return scripted_world()


@pytest.fixture
def line(world: World) -> Iterator[OpenBroker]:
    """Tradier's dialect behind our adapter, the account and token those of the server."""
    credentials = Variables({"TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT}, "environment")
    with serving(tradier_app(world)) as server:
        hosts = TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1")
        armed = Armed(Mode.PAPER, BrokerName.TRADIER, Secret(ACCOUNT))
        opened = open_broker(armed, credentials, world.clock, BrokerPlaces(tradier=hosts))
        yield opened
        opened.close()


@pytest.mark.parametrize(
    "fault",
    [
        WireFault(status=400, body=f"account {ACCOUNT} refuses, Bearer {TOKEN}"),
        WireFault(status=200, body=f'{{"errors": {{"error": "account {ACCOUNT} of {TOKEN}: no"}}}}'),
        WireFault(status=500, body=f"<html>{ACCOUNT} {TOKEN}</html>", content_type="text/html"),
        WireFault(status=401, body=f'{{"fault": {{"faultstring": "Invalid {TOKEN} of {ACCOUNT}"}}}}'),
        WireFault(status=429, body=f"{ACCOUNT} {TOKEN} Quota Violation"),
    ],
)
def test_a_broker_that_quotes_them_back_does_not_get_them_into_ledger_or_log(
    world: World, line: OpenBroker, fault: WireFault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gammacore.test")
    logger = logging.getLogger("gammacore.test")
    world.faults.plan(Asked.SUBMIT, fault)
    path = tmp_path / "paper.sqlite"
    storage = SqliteStorage(path)
    try:
        ledger = DayLedger(storage, CompositeNotifier(logger, (LogNotifier(logger),), ()))
        ledger.record(ledger_opened())
        desk = OrderDesk(ledger, line.broker, world.clock, OrderLife(), LetsEverythingThrough())
        sell(desk, an_entry(), a_plan())
        order = ledger.book.order(an_entry().id)
    finally:
        storage.close()

    assert order is not None
    printed = "".join(written(tmp_path).values()) + caplog.text + repr(order) + repr(line)
    assert ACCOUNT not in printed
    assert TOKEN not in printed
