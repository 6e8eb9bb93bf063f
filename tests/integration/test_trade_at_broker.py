"""`trade` and `plan` at a real broker, from the command line: on no session, before it, in it, after it. cli.md."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, evolve, frozen

from builders_broker_day import SESSION, a_world
from builders_cli import CommandLine, at_home
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, LIVE_TOKEN, TOKEN, Asked, World
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.adapters.tradier.client import TradierHosts
from gammacore.domain.book.book import Book
from gammacore.domain.sessions import NEW_YORK

LEDGER = Path(".gammacore/paper/paper.sqlite")
STEP = 300


@define
class WallClock:
    """The clock of the command: the world's, until something happens to the one who waits."""

    world: World
    while_waiting: Callable[[], None] = lambda: None
    ahead: dt.timedelta = dt.timedelta(0)

    def now(self) -> dt.datetime:
        return self.world.now() + self.ahead

    def wait_until(self, instant: dt.datetime) -> None:
        self.while_waiting()
        self.world.wait_until(instant - self.ahead)


@frozen
class Desk:
    """The command line beside a local Tradier."""

    gammacore: CommandLine
    world: World
    clock: WallClock

    def at(self, time: str, date: dt.date = SESSION.date) -> None:
        """Let it be a New York time."""
        hour, minute = map(int, time.split(":"))
        self.world.clock.set(dt.datetime.combine(date, dt.time(hour, minute), NEW_YORK).astimezone(dt.UTC))

    def book(self) -> Book:
        """What the account's ledger says."""
        storage = SqliteStorage(LEDGER, read_only=True)
        try:
            return Book.of(storage.events())
        finally:
            storage.close()

    @property
    def submitted(self) -> int:
        return self.world.faults.counted[Asked.SUBMIT]


@pytest.fixture
def desk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:  # fmt: skip
    at_home(monkeypatch, tmp_path)
    words = {
        "TRADIER_TOKEN": LIVE_TOKEN, "TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT,
        "GAMMACORE_MARKET__VIX": "16", "GAMMACORE_MARKET__LOOK_SECONDS": str(STEP),
        "GAMMACORE_MARKET__LIVE_QUOTE_AGE_SECONDS": str(2 * STEP),
    }  # fmt: skip
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    world = a_world("SPX", 57, STEP, start=SESSION.after_open(-90))
    clock = WallClock(world)
    with serving(tradier_app(world)) as server:
        hosts = TradierHosts(f"{server.url}/v1", f"{server.url}/v1", f"{server.websocket_url}/v1")
        sandbox = evolve(hosts, rest=f"http://localhost:{server.port}/v1")
        for name, there in (("market.SANDBOX", sandbox), ("client.SANDBOX", sandbox), ("client.LIVE", hosts)):
            monkeypatch.setattr(f"gammacore.adapters.tradier.{name}", there)
        for module in ("days", "venues"):
            monkeypatch.setattr(f"gammacore.wiring.{module}.SystemClock", lambda: clock)
        yield Desk(CommandLine(capsys), world, clock)


NO_SESSION = "no session of the exchange on 2026-03-07; next 2026-03-09 09:30 New York"


@pytest.mark.parametrize("command", ["trade", "plan"])
def test_today_without_a_session_is_an_answer_that_names_the_next_one(command: str, desk: Desk) -> None:
    """OP-004."""
    desk.at("11:00", dt.date(2026, 3, 7))

    answer = desk.gammacore(command, "--broker", "tradier", "--quiet")
    document = desk.gammacore.document(command, "--broker", "tradier")

    assert (answer.code, answer.out.strip()) == (0, NO_SESSION), answer.err
    assert document == {"session": None, "date": "2026-03-07", "next": "2026-03-09T09:30:00-04:00"}
    assert sum(desk.world.faults.counted.values()) == 0
    assert not Path(".gammacore").exists()


def test_a_date_without_a_session_that_was_named_is_an_error(desk: Desk) -> None:
    """OP-004: the day that was meant is another one."""
    desk.at("11:00", dt.date(2026, 3, 7))

    refusal = desk.gammacore.refusal("trade", "--broker", "tradier", "--date", "2026-03-07")

    assert refusal.code == 1
    assert NO_SESSION in refusal.err


@pytest.mark.parametrize(
    ("seconds", "refused"), [(0, False), (120, False), (-120, False), (121, True), (-121, True), (6 * 3600, True)]
)
@pytest.mark.parametrize("command", ["trade", "flatten"])
def test_a_start_with_a_clock_far_from_the_brokers_is_refused_and_sends_nothing(
    command: str, seconds: int, refused: bool, desk: Desk
) -> None:
    """R7: six hours ahead, a position of today counted as expired and was watched no more."""
    desk.at("10:05")
    assert desk.gammacore("trade", "--broker", "tradier", "--once", "--quiet").code == 0
    desk.clock.ahead, before = dt.timedelta(seconds=seconds), desk.submitted

    options = ("--once",) if command == "trade" else ()
    answer = desk.gammacore(command, "--broker", "tradier", *options, "--quiet")

    assert ("set it by a time server" in answer.err) is refused
    assert (f"{abs(seconds)} s apart, at most 120 s" in answer.err) is refused
    assert not refused or desk.submitted == before


@pytest.mark.parametrize("refused", ["TRADIER_SANDBOX_TOKEN", "TRADIER_TOKEN"])
@pytest.mark.parametrize("command", ["trade", "plan"])
def test_a_token_that_is_refused_at_the_start_is_a_matter_of_configuration(
    command: str, refused: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OP-004: exit 2, so that no service manager starts again; also where only the market's token is refused."""
    desk.at("10:00")
    monkeypatch.setenv(refused, "expired")

    answer = desk.gammacore(command, "--broker", "tradier", "--json", "--quiet")

    assert answer.code == 2
    assert answer.document["error"]["kind"] == "credentials"
    assert "check the Tradier token" in answer.err
    assert desk.submitted == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_for_the_open_can_be_broken_off_and_taken_up_again(desk: Desk, number: signal.Signals) -> None:
    """What Ctrl-C and `kill` leave is a ledger like any other: the next run goes on."""
    desk.at("08:00")
    desk.clock.while_waiting = lambda: signal.raise_signal(number)

    left = desk.gammacore("trade", "--broker", "tradier", "--quiet")

    assert (left.code, left.out) == (130, ""), left.err
    assert "interrupted; the ledger holds everything up to here; the same command with --ledger " in left.err
    assert desk.book().opened is None

    desk.clock.while_waiting = lambda: None
    assert desk.gammacore.document("trade", "--broker", "tradier", "--once")["mode"] == "paper"
    assert desk.book().opened is not None
    assert desk.world.now() == SESSION.open


def test_once_is_one_cycle_and_the_day_goes_on_from_there(desk: Desk) -> None:
    desk.at("10:00")

    for _ in range(2):
        document = desk.gammacore.document("trade", "--broker", "tradier", "--once")

    assert (document["mode"], document["underlying"]) == ("paper", "SPX")
    assert len(desk.book().orders) == desk.submitted == 1
    assert desk.book().day is not None
    assert desk.book().finished is None


def test_after_the_close_nothing_is_traded_and_the_day_is_over(desk: Desk) -> None:
    desk.at("16:30")

    document = desk.gammacore.document("trade", "--broker", "tradier")

    assert (document["trades"], desk.submitted) == ([], 0)
    assert desk.book().finished is not None


def test_plan_judges_the_brokers_market_and_sends_nothing(desk: Desk) -> None:
    """What it shows is what `trade` then sends."""
    desk.at("10:00")

    preview = desk.gammacore.document("plan", "--broker", "tradier")["preview"]

    assert preview is not None
    assert desk.submitted == 0
    assert not LEDGER.exists()
    assert Decimal(preview["buying_power"]) > 0

    desk.gammacore.document("trade", "--broker", "tradier", "--once")
    (ticket,) = desk.world.exchange.received
    assert [leg["symbol"] for leg in preview["legs"]] == [leg.symbol for leg in ticket.legs]
    assert (Decimal(preview["limit"]), preview["contracts"]) == (ticket.limit, ticket.quantity)


@pytest.mark.parametrize(("time", "words"), [("08:00", "the session is 2026-03-03 09:30 to 16:00"), ("16:30", "16:00")])
def test_plan_says_when_there_is_nothing_to_judge(desk: Desk, time: str, words: str) -> None:
    desk.at(time)

    refusal = desk.gammacore.refusal("plan", "--broker", "tradier")

    assert words in refusal.err
    assert desk.submitted == 0


def test_plan_looks_at_a_brokers_market_only_as_it_is(desk: Desk) -> None:
    desk.at("10:00")

    assert "leave --at out" in desk.gammacore.refusal("plan", "--broker", "tradier", "--at", "11:00").err
