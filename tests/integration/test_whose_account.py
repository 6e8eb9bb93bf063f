"""The wrong account: a home that traded one account is refused with the keys of another, and nothing of it changes.

The command line runs in this process beside a local Tradier or Alpaca, whose account's number a test may change. The
number at Tradier is among the credentials, at Alpaca on paper only the broker knows it. Rules: CS-609, OP-104.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from builders_broker_cli import APPS, DONE, ENVIRONMENT, PAPER, STEP, A, Desk, desks
from builders_broker_day import CREDENTIALS, SESSION, a_world, at_alpaca, configuration
from builders_cli import CommandLine, at_home, book_of, kinds
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from gammacore.adapters.sqlite.inbox import SqliteInbox
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.ledger import LedgerOpened, Mode
from gammacore.errors import ConfigurationError
from gammacore.wiring import WiredDay, wire_day

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

B = "VB00022222"
LIVE_A, LIVE_B = "6YA11111", "6YB22222"
LIVE = Path(".gammacore/live/paper.sqlite")
FAILED, USAGE = 1, 2


def files() -> dict[str, str]:
    """The sha256 of every file under the home; a log's index (-shm) belongs to SQLite and holds nothing of a ledger."""
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(Path(".gammacore").rglob("*"))
        if file.is_file() and not file.name.endswith("-shm")
    }


def older(ledger: Path, mode: Mode) -> None:
    """A ledger as it was written before accounts were recorded."""
    ledger.parent.mkdir(parents=True)
    storage = SqliteStorage(ledger)
    storage.append([LedgerOpened(SESSION.open, "paper", mode, "a" * 16, Decimal(30_000))], 0)
    storage.close()


@pytest.fixture
def beside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[str], Desk]]:
    with desks(monkeypatch, tmp_path, capsys) as opened:
        yield opened


COMMANDS = ("trade", "trade --once", "trade --ledger .gammacore/paper/paper.sqlite", "plan", "flatten", "reconcile")


@pytest.mark.parametrize("broker", APPS)
def test_a_home_of_another_account_is_refused_by_every_command_and_nothing_is_written(
    beside: Callable[[str], Desk], broker: str
) -> None:
    desk = beside(broker)
    desk.at("10:00")
    desk.trade()
    desk.at("10:05")
    desk.trade()
    assert kinds(PAPER)[:3] == ["LedgerOpened", "AccountRecorded", "DayStarted"]
    assert kinds(PAPER).count("AccountRecorded") == 1
    held = book_of(PAPER).expected_holdings()
    desk.use(B)
    desk.at("10:10")
    before = files()

    for command in COMMANDS:
        answer = desk.gammacore(*command.split(), "--broker", broker, "--quiet")

        assert (answer.code, files()) == (USAGE, before), (command, answer.err)
        assert f"{PAPER} is of the {broker} account ***111" in answer.err
        assert f"this run is of the {broker} account ***222" in answer.err
        assert "nothing was written. Give the broker and the credentials of" in answer.err
        assert A not in answer.err + answer.out
        assert B not in answer.err + answer.out

    assert book_of(PAPER).expected_holdings() == held
    assert len(desk.world.exchange.received) == kinds(PAPER).count("OrderIntended")

    desk.use(A)  # its own account goes on
    desk.trade()
    assert kinds(PAPER).count("AccountRecorded") == 1


def test_a_live_home_that_holds_a_spread_keeps_it_from_the_keys_of_another_account(
    beside: Callable[[str], Desk],
) -> None:
    """The fault that was measured: the spread of account A was booked away at -760 dollars by a run as account B."""
    desk = beside("tradier")
    desk.use(LIVE_A)
    desk.at("10:00")
    desk.trade("--live", "--confirm-account", LIVE_A)
    desk.at("10:05")
    desk.trade("--live", "--confirm-account", LIVE_A)
    held = book_of(LIVE).expected_holdings()
    assert sorted(held.values())[0] < 0 < sorted(held.values())[-1]
    assert LIVE_A not in LIVE.read_bytes().decode("latin-1")
    desk.use(LIVE_B)
    desk.at("10:10")
    before = files()

    for command in ("trade", "trade --once", "flatten", "reconcile", "resume", "plan"):
        live = ("--live", "--broker", "tradier", "--confirm-account", LIVE_B)
        answer = desk.gammacore(*command.split(), *live, "--quiet")

        assert (answer.code, files()) == (USAGE, before), (command, answer.err)
        assert "is of the tradier account ***111, and this run is of the tradier account ***222" in answer.err

    assert book_of(LIVE).expected_holdings() == held
    assert desk.gammacore.document("status", "--live")["account"] == "***111"


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_a_ledger_is_not_of_the_other_mode(beside: Callable[[str], Desk], mode: str) -> None:
    desk = beside("tradier")
    locks = ("--live", "--confirm-account", LIVE_A)
    desk.at("10:00")
    if mode == "live":
        desk.use(LIVE_A)
    desk.trade(*(locks if mode == "live" else ()))
    desk.use(LIVE_A)
    ledger = LIVE if mode == "live" else PAPER
    before = files()

    for command in ("trade", "trade --once", "plan"):
        others = () if mode == "live" else locks
        answer = desk.gammacore(*command.split(), "--broker", "tradier", *others, "--ledger", ledger, "--quiet")

        assert (answer.code, files()) == (USAGE, before), (command, answer.err)
        assert f"is a {mode} ledger" in answer.err


def test_another_broker_is_another_account(beside: Callable[[str], Desk]) -> None:
    """Also where the number is not known yet, so that nothing is asked; and of a resume, which asks no broker."""
    desk = beside("tradier")
    desk.at("10:00")
    desk.trade()
    for name, text in ENVIRONMENT["alpaca"].items():
        desk.monkeypatch.setenv(name, text)
    before, asked = files(), sum(desk.world.faults.counted.values())

    for command in ("trade", "flatten", "reconcile", "resume"):
        answer = desk.gammacore(command, "--broker", "alpaca", "--quiet")

        assert (answer.code, files()) == (USAGE, before), (command, answer.err)
        assert "is of the tradier account ***111, and this run is of the alpaca account ***;" in answer.err

    assert sum(desk.world.faults.counted.values()) == asked


def test_a_number_that_ends_alike_is_another_account(beside: Callable[[str], Desk]) -> None:
    desk = beside("tradier")
    desk.at("10:00")
    desk.trade()
    desk.use("VC99999111")

    answer = desk.gammacore("trade", "--broker", "tradier", "--quiet")

    assert answer.code == USAGE
    assert "this run is of the tradier account ***111, another number that ends alike" in answer.err


@pytest.mark.parametrize("broker", APPS)
def test_a_ledger_older_than_the_record_has_it_made_at_its_next_start(
    beside: Callable[[str], Desk], broker: str
) -> None:
    desk = beside(broker)
    older(PAPER, Mode.PAPER)
    desk.at("10:00")

    assert desk.gammacore("reconcile", "--broker", broker, "--quiet").code == DONE  # no start: nothing is recorded
    assert kinds(PAPER) == ["LedgerOpened"]
    for _ in range(2):
        desk.trade()

    assert kinds(PAPER).count("AccountRecorded") == 1
    desk.use(B)
    before = files()
    assert desk.gammacore("trade", "--broker", broker, "--once", "--quiet").code == USAGE
    assert files() == before


@pytest.mark.parametrize("broker", APPS)
def test_doctor_names_the_account_that_the_ledger_is_of(beside: Callable[[str], Desk], broker: str) -> None:
    desk = beside(broker)
    desk.at("10:00")
    desk.trade()
    desk.use(B)

    answer = desk.gammacore("doctor", "--broker", broker, "--json", "--quiet")

    account = next(check for check in answer.document["checks"] if check["name"] == "account")
    assert (answer.code, account["ok"]) == (FAILED, False)
    assert f"is of the {broker} account ***111, and this run is of the {broker} account ***222" in account["detail"]


def test_a_day_wired_by_a_program_is_refused_by_what_the_broker_answers(tmp_path: Path) -> None:
    """No command stands before it, and Alpaca on paper says its number only when it is asked."""
    world, ledger = a_world("SPY", 57, STEP), tmp_path / "ledger.sqlite"

    def wired(url: str) -> WiredDay:
        asked = configuration("alpaca", "SPY", "credit-spread", STEP)
        return wire_day(asked, ledger, credentials=CREDENTIALS, clock=world, places=at_alpaca(url))

    with serving(alpaca_app(world)) as server:
        day = wired(server.url)
        day.once()
        day.close()
        recorded = kinds(ledger)
        world.settings["account"] = B
        with pytest.raises(
            ConfigurationError, match=r"of the alpaca account \*\*\*001, .* \*\*\*222; nothing was sent"
        ):
            wired(server.url)

    assert kinds(ledger) == recorded


def test_halt_is_never_refused_and_shows_whose_account_it_halts(beside: Callable[[str], Desk]) -> None:
    """It sends nothing, asks for no credential, and its ledger is named: in the wrong shell it must work too."""
    desk = beside("tradier")
    desk.at("10:00")
    desk.trade()
    desk.use(B)

    document = desk.gammacore.document("halt", "--paper")

    assert document["account"] == "***111"
    assert book_of(PAPER).halted == "halted by hand"


def test_an_alpaca_that_does_not_answer_does_not_keep_a_flatten_from_its_halt(beside: Callable[[str], Desk]) -> None:
    """Its number cannot be asked for: the ledger is latched, and the run compares before it trades."""
    desk = beside("alpaca")
    desk.at("10:00")
    desk.trade()
    nowhere = at_alpaca("http://127.0.0.1:9").of(BrokerName.ALPACA)
    desk.monkeypatch.setattr("gammacore.adapters.alpaca.kit._endpoints", lambda _access: nowhere)

    answer = desk.gammacore("flatten", "--broker", "alpaca", "--quiet")

    assert answer.code == FAILED
    assert "not flattened" in answer.err
    assert book_of(PAPER).halted == "flattened by hand"


def test_a_request_for_another_account_is_not_left_with_a_loop(beside: Callable[[str], Desk]) -> None:
    desk = beside("tradier")
    desk.use(LIVE_A)
    desk.at("10:00")
    desk.trade("--live", "--confirm-account", LIVE_A)
    loop = SqliteStorage(LIVE)
    try:
        for number, code in ((LIVE_B, USAGE), (LIVE_A, FAILED)):
            options = ("--live", "--broker", "tradier", "--confirm-account", number, "--wait", "0")
            answer = desk.gammacore("flatten", *options, "--quiet")
            asked = [request.reason for request in SqliteInbox(LIVE).pending()]

            assert (answer.code, asked) == (code, [] if code == USAGE else ["flattened by hand"]), answer.err
    finally:
        loop.close()


def test_a_study_is_of_no_account(gammacore_at_home: CommandLine) -> None:
    assert gammacore_at_home("trade", "--step", "1800", "--ledger", "study.sqlite", "--quiet").code == DONE

    assert "AccountRecorded" not in kinds(Path("study.sqlite"))
    assert book_of(Path("study.sqlite")).owner is None


@pytest.fixture
def gammacore_at_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)
