"""Live trading end to end at a local Tradier: three locks open it, one closed lets no request out. cli.md, CS-609."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from builders_broker_day import DATE, PLACES, a_world
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, LIVE_TOKEN, TOKEN, World
from gammacore.adapters.credentials import Variables
from gammacore.adapters.sqlite.storage import SqliteStorage
from gammacore.configuration import Configuration, LiveAsk, Sourced, configure, read_environment
from gammacore.domain.ledger import Mode
from gammacore.domain.reports.day_report import day_report
from gammacore.errors import ConfigurationError, GammacoreError
from gammacore.wiring import WiredDay, account_ledger, armed_mode, wire_day

STEP = 300
NUMBER = "6YA12345"
LIVE: Mapping[str, str] = {"TRADIER_TOKEN": LIVE_TOKEN, "TRADIER_ACCOUNT": NUMBER}
PAPER: Mapping[str, str] = {"TRADIER_SANDBOX_TOKEN": TOKEN, "TRADIER_SANDBOX_ACCOUNT": ACCOUNT}


@frozen
class Live:
    """A Tradier whose one account is a live one."""

    world: World
    server: LoopbackServer
    home: Path

    def asked(self, ask: LiveAsk, **given: object) -> Configuration:
        keys = {
            "account.broker": "tradier", "account.paper": not ask.switch, "market.vix": 16, "storage.home": self.home,
            "market.look_seconds": float(STEP), "market.live_quote_age_seconds": 2.0 * STEP,
        }  # fmt: skip
        keys |= {name.replace("__", "."): value for name, value in given.items()}
        return configure([{key: Sourced(value, "test") for key, value in keys.items()}], ask)

    def wire(self, configuration: Configuration, credentials: Mapping[str, str]) -> WiredDay:
        """As the command `trade` does."""
        store = Variables(dict(credentials), "test")
        ledger = account_ledger(configuration.settings, armed_mode(configuration, store).mode)
        return wire_day(
            configuration, ledger, credentials=store, clock=self.world, places=PLACES["tradier"](self.server.url)
        )

    @property
    def requests(self) -> int:
        return sum(self.world.faults.counted.values())


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    world = a_world("SPX", 57, STEP)
    world.settings["account"] = NUMBER
    with serving(tradier_app(world)) as server:
        yield Live(world, server, tmp_path)


def test_with_three_locks_open_the_live_account_trades_and_its_ledger_says_so(live: Live) -> None:
    configuration = live.asked(LiveAsk(switch=True, account=NUMBER))
    day = live.wire(configuration, {**PAPER, **LIVE})
    try:
        book = day.trade.run_until(lambda book: bool(book.live_spreads))
    finally:
        day.close()

    path = live.home / "live" / "paper.sqlite"
    storage = SqliteStorage(path, read_only=True)
    report = day_report(list(storage.events()), DATE)
    storage.close()
    assert day.banner == "LIVE: real money at tradier, account ***345"
    assert book.opened is not None
    assert (report.mode, book.opened.mode) == (Mode.LIVE, Mode.LIVE)
    assert len(live.world.exchange.received) == len(report.trades) >= 1
    assert not (live.home / "paper").exists()
    assert NUMBER not in path.read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    ("ask", "credentials", "lock"),
    [
        (LiveAsk(switch=False, account=NUMBER), LIVE, "live_switch_missing"),
        (LiveAsk(switch=True), LIVE, "account_not_typed"),
        (LiveAsk(switch=True, account="6YA12346"), LIVE, "another_account_typed"),
        (LiveAsk(switch=True, account=NUMBER), PAPER, "live_credentials_missing"),
        (LiveAsk(switch=True, account=NUMBER), {"TRADIER_ACCOUNT": NUMBER}, "live_credentials_missing"),
        (LiveAsk(switch=True, account=ACCOUNT), {**LIVE, "TRADIER_ACCOUNT": ACCOUNT}, "credentials_misplaced"),
    ],
    ids=["no switch", "nothing typed", "another typed", "only paper credentials", "no token", "a sandbox account"],
)
def test_one_closed_lock_and_nothing_leaves(
    live: Live, ask: LiveAsk, credentials: Mapping[str, str], lock: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"Nothing was sent \[.*{lock}.*\]"):
        live.wire(live.asked(ask), credentials)

    assert (live.requests, live.world.exchange.received, list(live.home.iterdir())) == (0, [], [])


def test_the_old_switch_for_paper_vetoes_the_three(live: Live) -> None:
    given = live.asked(LiveAsk(switch=True, account=NUMBER)).given
    vetoed = configure([given, read_environment({"IS_PAPER_TRADING": "true"})], LiveAsk(True, NUMBER))

    with pytest.raises(ConfigurationError, match="paper_switch"):
        live.wire(vetoed, LIVE)

    assert live.requests == 0


def test_keys_of_another_account_are_refused_before_an_order(live: Live) -> None:
    """The three locks are open, and the broker opens another account than the one that was typed."""
    live.world.settings["account"] = "6YA99999"

    with pytest.raises(GammacoreError, match="Unauthorized Account"):
        live.wire(live.asked(LiveAsk(switch=True, account=NUMBER)), LIVE)

    assert live.world.exchange.received == []


OWN = """
import os, pathlib, gammacore
pathlib.Path(__file__).with_suffix(".read").touch()
os.environ.update({"GAMMACORE_ACCOUNT__PAPER": "false", "IS_PAPER_TRADING": "false"})

class Quiet:
    name = "quiet"
    default_underlying = "SPX"
    def needs(self, now, session, book): return gammacore.Needs()
    def deadlines(self, session, book): return ()
    def decide(self, situation): return gammacore.Decisions()
"""


@pytest.mark.parametrize(
    ("ask", "credentials", "lock"),
    [
        (LiveAsk(switch=False, account=NUMBER), LIVE, "live_switch_missing"),
        (LiveAsk(switch=True), LIVE, "account_not_typed"),
        (LiveAsk(switch=True, account=NUMBER), PAPER, "live_credentials_missing"),
    ],
)
def test_a_users_strategy_opens_no_lock_and_is_not_read_before_they_are_judged(
    live: Live, ask: LiveAsk, credentials: Mapping[str, str], lock: str, tmp_path: Path
) -> None:
    file = tmp_path.with_name(f"{tmp_path.name}_own.py")
    file.write_text(OWN, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=rf"Nothing was sent \[.*{lock}.*\]"):
        live.wire(live.asked(ask, trade__strategy=f"{file}:Quiet"), credentials)

    assert not file.with_suffix(".read").exists()
    assert (live.requests, live.world.exchange.received, list(live.home.iterdir())) == (0, [], [])


def test_a_users_strategy_that_sets_the_variables_of_live_trading_stays_on_paper(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GAMMACORE_ACCOUNT__PAPER", "IS_PAPER_TRADING"):
        monkeypatch.setenv(name, "true")  # put back after the test
    live.world.settings["account"] = ACCOUNT
    live.world.move_to(live.world.now() + dt.timedelta(minutes=1))
    file = tmp_path.with_name(f"{tmp_path.name}_own.py")
    file.write_text(OWN, encoding="utf-8")

    chosen = live.asked(LiveAsk(), trade__strategy=f"{file}:Quiet")
    day = live.wire(chosen, {**PAPER, "TRADIER_TOKEN": LIVE_TOKEN})
    day.close()

    assert file.with_suffix(".read").exists()
    assert day.banner.startswith("PAPER")


@pytest.mark.parametrize("profile", ["source", "shares_v2"])
def test_a_profile_for_comparison_never_trades_a_live_account(live: Live, profile: str) -> None:
    """DH-003: on paper it does."""
    given = {"trade__strategy": "delta-hedge", "hedging__profile": profile, "market__underlying": "SPY"}

    with pytest.raises(ConfigurationError, match=f"{profile} is for comparison, never live; give standard"):
        live.wire(live.asked(LiveAsk(switch=True, account=NUMBER), **given), LIVE)

    assert (live.requests, list(live.home.iterdir())) == (0, [])


def test_a_profile_for_comparison_may_trade_on_paper(live: Live) -> None:
    live.world.settings["account"] = ACCOUNT
    live.world.move_to(live.world.now() + dt.timedelta(minutes=1))
    given = {"trade__strategy": "delta-hedge", "hedging__profile": "source"}

    day = live.wire(live.asked(LiveAsk(), **given), {**PAPER, "TRADIER_TOKEN": LIVE_TOKEN})

    assert day.trade.terms.mode is Mode.PAPER
    day.close()
