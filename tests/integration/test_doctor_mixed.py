"""`gammacore doctor` where broker and market are two, the sandbox is silent, the ledger is the live one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders_broker_day import CREDENTIALS, SESSION, a_world, at_alpaca, at_tradier
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, LIVE_TOKEN, World
from gammacore.adapters.credentials import Variables
from gammacore.application.diagnose import Check, ExamineBroker
from gammacore.configuration import LiveAsk, Sourced, configure
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.errors import BrokerUnavailable
from gammacore.wiring.brokers import BrokerPlaces
from gammacore.wiring.checks.doctor import diagnose

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    monkeypatch.chdir(tmp_path)
    return a_world("SPY", 57, 300, start=SESSION.after_open(90))


@pytest.fixture
def places(world: World) -> Iterator[BrokerPlaces]:
    """Tradier and Alpaca side by side, over one day."""
    with serving(tradier_app(world)) as tradier, serving(alpaca_app(world)) as alpaca:
        yield BrokerPlaces(
            tradier=at_tradier(tradier.url).of(BrokerName.TRADIER), alpaca=at_alpaca(alpaca.url).of(BrokerName.ALPACA)
        )


@pytest.mark.parametrize(("market", "wrong"), [("simulated", ["market_data"]), ("tradier", [])])
def test_the_market_looked_at_is_the_one_a_day_would_see(
    world: World, places: BrokerPlaces, market: str, wrong: list[str]
) -> None:
    """Orders at Alpaca on its free plan, quotes from Tradier: a day begins, so the doctor is content."""
    given: dict[str, object] = {
        "account.broker": "alpaca", "market.underlying": "SPY", "market.live_quote_age_seconds": 600,
        "market.source": market,
    }  # fmt: skip
    configuration = configure([{key: Sourced(value, "test") for key, value in given.items()}])

    found = diagnose(configuration, CREDENTIALS, clock=world, places=places)

    assert [check.name for check in found.checks if not check.ok] == wrong


def test_the_ledger_looked_at_is_the_one_the_run_would_write(world: World, places: BrokerPlaces) -> None:
    """CS-609: a damaged live ledger is found before real money is traded on it."""
    damaged = Path(".gammacore/live/paper.sqlite")
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"not a ledger" * 100)
    live = {"TRADIER_TOKEN": LIVE_TOKEN, "TRADIER_ACCOUNT": "6YA12345"}
    given = {"account.broker": "tradier", "account.paper": False, "market.underlying": "SPY"}
    layers = [{key: Sourced(value, "test") for key, value in given.items()}]

    on_paper = diagnose(configure(layers[:0]), Variables({}, "test"), clock=world, places=places)
    for_real = diagnose(
        configure(layers, LiveAsk(True, "6YA12345")), Variables(live, "test"), clock=world, places=places
    )

    assert "ledger" not in [check.name for check in on_paper.checks if not check.ok]
    (ledger,) = [check for check in for_real.checks if check.name == "ledger"]
    assert for_real.banner.startswith("LIVE")
    assert not ledger.ok


def level_check(world: World, level: int | BrokerUnavailable | None, play_money: bool) -> Check:
    def option_level() -> int | None:
        if isinstance(level, BrokerUnavailable):
            raise level
        return level

    examine = ExamineBroker(
        "tradier", world.exchange, world, lambda _number: None, option_level, 3, 2.0, world.exchange.account().balance,
        play_money,
    )  # fmt: skip
    (check,) = [check for check in examine() if check.name == "option_level"]
    return check


@pytest.mark.parametrize(
    ("level", "play_money", "ok"),
    [
        (3, False, True), (3, True, True), (2, False, False), (2, True, False),
        (None, False, False), (None, True, True),
        (BrokerUnavailable("404"), False, False), (BrokerUnavailable("404"), True, True),
    ],
)  # fmt: skip
def test_a_sandbox_need_not_know_the_option_level(
    world: World, level: int | BrokerUnavailable | None, play_money: bool, ok: bool
) -> None:
    """The user's profile is not served there (brokers.md 3.9): that is no reason not to trade on paper."""
    check = level_check(world, level, play_money)

    assert check.ok is ok
    assert check.detail
    assert bool(check.fix) is not ok
    assert ACCOUNT not in check.detail
