"""The command line in this process beside a local Tradier or Alpaca, on a home of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import evolve, frozen
from starlette.types import ASGIApp

from builders_broker_day import SESSION, a_world, at_alpaca, at_tradier
from builders_cli import CommandLine, at_home
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import LIVE_TOKEN, SECRET, TOKEN, World
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.sessions import NEW_YORK

A = "VA00011111"
STEP = 300
PAPER = Path(".gammacore/paper/paper.sqlite")
DONE = 0


@frozen
class Desk:
    """The command line beside one broker's server; `broker` is its name, `ledger` the account's own."""

    gammacore: CommandLine
    world: World
    broker: str
    ledger: Path
    monkeypatch: pytest.MonkeyPatch
    server: LoopbackServer

    def at(self, time: str) -> None:
        """Let it be a New York time of the day."""
        hour, minute = map(int, time.split(":"))
        now = dt.datetime.combine(SESSION.date, dt.time(hour, minute), NEW_YORK).astimezone(dt.UTC)
        with self.world.lock:
            self.world.clock.wait_until(now)

    def use(self, number: str) -> None:
        """Let the keys and the broker be those of this account, as in another shell."""
        self.world.settings["account"] = number
        name = "TRADIER_SANDBOX_ACCOUNT" if number.startswith("V") else "TRADIER_ACCOUNT"
        self.monkeypatch.setenv(name, number)

    def trade(self, *options: str) -> None:
        answer = self.gammacore("trade", "--broker", self.broker, "--once", "--quiet", *options)
        assert answer.code == DONE, answer.err


APPS: Mapping[str, Callable[[World], ASGIApp]] = {"tradier": tradier_app, "alpaca": alpaca_app}
ENVIRONMENT: Mapping[str, Mapping[str, str]] = {
    "tradier": {"TRADIER_TOKEN": LIVE_TOKEN, "TRADIER_SANDBOX_TOKEN": TOKEN},
    "alpaca": {
        "ALPACA_PAPER_API_KEY": TOKEN, "ALPACA_PAPER_SECRET_KEY": SECRET, "GAMMACORE_MARKET__UNDERLYING": "SPY",
        "GAMMACORE_MARKET__ALPACA_FULL_PLAN": "true",
    },
}  # fmt: skip


@contextmanager
def desks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[str], Desk]]:
    """Opens the desk at a broker by its name."""
    at_home(monkeypatch, tmp_path)
    common = {"VIX": "16", "LOOK_SECONDS": str(STEP), "LIVE_QUOTE_AGE_SECONDS": str(2 * STEP)}
    for name, text in common.items():
        monkeypatch.setenv(f"GAMMACORE_MARKET__{name}", text)
    servers = []

    def opened(broker: str) -> Desk:
        world = a_world("SPX" if broker == "tradier" else "SPY", 57, STEP)
        for name, text in ENVIRONMENT[broker].items():
            monkeypatch.setenv(name, text)
        server = serving(APPS[broker](world))
        url = (reached := server.__enter__()).url
        servers.append(server)
        hosts, alpaca = at_tradier(url).of(BrokerName.TRADIER), at_alpaca(url).of(BrokerName.ALPACA)
        sandbox = evolve(hosts, rest=hosts.rest.replace("127.0.0.1", "localhost"))
        for module, there in (("market.SANDBOX", sandbox), ("client.SANDBOX", sandbox), ("client.LIVE", hosts)):
            monkeypatch.setattr(f"gammacore.adapters.tradier.{module}", there)
        monkeypatch.setattr("gammacore.adapters.alpaca.kit._endpoints", lambda _access: alpaca)
        for module in ("days", "venues", "checks.doctor", "ledgers.whose_ledger"):
            monkeypatch.setattr(f"gammacore.wiring.{module}.SystemClock", lambda: world)
        desk = Desk(CommandLine(capsys), world, broker, PAPER, monkeypatch, reached)
        desk.use(A)
        return desk

    yield opened
    for server in servers:
        server.__exit__(None, None, None)
