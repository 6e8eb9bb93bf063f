"""Who is asked for dividends on a day: the broker whose market is looked at, and in a study no server. Rule: SC-425."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import pytest
from attrs import define

from builders_broker_day import CREDENTIALS, PLACES, SESSION, a_world, configuration
from builders_days_at_brokers import APPS
from contracts.dividend_source_contract import YEAR
from counterparts.serving import serving
from counterparts.world import Asked, WireFault
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.credentials import Variables
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.configuration import configure
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import Mode
from gammacore.domain.pricing.rates import NO_DIVIDEND, CashDividend, DividendYield
from gammacore.wiring import wire_day
from gammacore.wiring.brokers import open_broker_market
from gammacore.wiring.mode_rules import rates_of
from gammacore.wiring.service.arming import Armed

SANDBOX = {"TRADIER_SANDBOX_TOKEN": "sandbox", "TRADIER_SANDBOX_ACCOUNT": "VA1"}
PAPER = {"ALPACA_PAPER_API_KEY": "key", "ALPACA_PAPER_SECRET_KEY": "secret"}
PRICE = Decimal(590)


@define
class Asks:
    """A source that counts its questions."""

    asked: int = 0
    name: str = "asked"

    def cash_dividends(self, symbol: str, since: dt.date, until: dt.date) -> Sequence[CashDividend] | None:
        self.asked += 1
        return YEAR


@pytest.mark.parametrize(
    ("broker", "symbol", "given", "source"),
    [
        (BrokerName.ALPACA, "SPY", PAPER, "alpaca"),
        (BrokerName.TRADIER, "SPY", {**SANDBOX, "TRADIER_TOKEN": "live"}, "tradier"),
        (BrokerName.TRADIER, "SPY", SANDBOX, None),
        (BrokerName.TRADIER, "SPX", {**SANDBOX, "TRADIER_TOKEN": "live"}, None),
    ],
    ids=["alpaca", "tradier live", "tradier sandbox", "index"],
)
def test_a_broker_hands_its_source_over_with_its_market(
    broker: BrokerName, symbol: str, given: dict[str, str], source: str | None
) -> None:
    """Tradier serves fundamentals at its live host alone; an index pays nothing."""
    opened = open_broker_market(
        configure().settings, Armed(Mode.PAPER, broker), Variables(given, "test"), FakeClock(SESSION.open),
        REGISTRY[symbol], SESSION, NyseCalendar(),
    )  # fmt: skip
    opened.close()

    assert (None if opened.dividends is None else opened.dividends.name) == source


@pytest.mark.parametrize("broker", ["tradier", "alpaca"])
@pytest.mark.parametrize("strategy", ["gamma-scalping", "hybrid"])
def test_a_day_at_a_broker_prices_with_what_its_share_paid(broker: str, strategy: str) -> None:
    world = a_world("SPY", 7, shares=ShareModel())
    world.dividends["SPY"] = YEAR
    with serving(APPS[broker](world)) as server:
        day = wire_day(
            configuration(broker, "SPY", strategy), credentials=CREDENTIALS, clock=world,
            places=PLACES[broker](server.url), listens=False,
        )  # fmt: skip
        try:
            assert day.trade.rates is not None
            known = day.trade.rates(SESSION.open, PRICE)
            world.faults.always(Asked.READ, WireFault(status=500))
            the_next_day = day.trade.rates(SESSION.open + dt.timedelta(days=1), PRICE)
        finally:
            day.close()

    paid = sum((one.amount for one in YEAR), Decimal(0))
    assert known.dividend == DividendYield(float(paid / PRICE))
    assert known.assumed == ("rate",)  # no test asks the Treasury
    assert (the_next_day.dividend, the_next_day.assumed) == (NO_DIVIDEND, ("rate", "dividend"))


@pytest.mark.parametrize(("mode", "questions"), [(Mode.STUDY, 0), (Mode.PAPER, 1), (Mode.LIVE, 1)])
def test_a_study_asks_no_source(mode: Mode, questions: int) -> None:
    source = Asks()
    settings = configuration("fake", "SPY", "gamma-scalping").settings
    rates = rates_of(settings, REGISTRY["SPY"], mode, source)

    assert rates is not None
    assert ("dividend" in rates(SESSION.open, PRICE).assumed) is (questions == 0)
    assert source.asked == questions
