"""`gammacore hedge` beside a broker's market: its chains as they are now are the regime. DH-402, DH-420, CS-418."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import define, evolve, field

from builders_broker_day import CALENDAR, CREDENTIALS, PLACES, SESSION, a_world, configuration
from builders_hedging import market
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_dialect import tradier_app
from counterparts.world import Asked, WireFault, World
from gammacore.adapters.chain_exposure import ChainRegimeSource
from gammacore.adapters.credentials import Variables
from gammacore.configuration import Configuration, Sourced, configure
from gammacore.domain.broker_facts.dated import BrokerName
from gammacore.domain.hedge_filter.inbound import read_message, with_exact_numbers
from gammacore.domain.hedge_filter.protocol import LogMessage
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.regime.documents import RegimeDocument, UnreadDocument
from gammacore.domain.sessions import NEW_YORK
from gammacore.errors import ConfigurationError
from gammacore.wiring import OpenLook, Outside, open_look
from gammacore.wiring.exposures import configured_chain
from gammacore.wiring.hedging import wire_configured_hedging

STEP = 300
ELEVEN = SESSION.after_open(90)
MINUTES = dt.timedelta(minutes=5)
SYMBOLS = {"SPX": "SPXW260303C06100000", "SPY": "SPY260303C00610000"}


@define
class Beside:
    """A hedging desk beside a broker's market, and what stands for the broker."""

    underlying: str
    world: World
    outside: Outside
    settings: Configuration
    lines: list[str] = field(factory=list)
    logs: list[LogMessage] = field(factory=list)

    def given(self, **more: object) -> Configuration:
        named = {key.replace("__", "."): Sourced(value, "test") for key, value in more.items()}
        return configure([{**self.settings.given, **named}])

    def hedges(self, *times: str, settings: Configuration | None = None, date: dt.date = SESSION.date) -> Any:
        """The metadata of the hedges of one more contract at each New York time, each heard when it happens."""
        desk = wire_configured_hedging(
            settings or self.settings, write=self.lines.append, log=self.logs.append, assume_fills=True,
            outside=self.outside,
        )  # fmt: skip
        try:
            for number, time in enumerate(times):
                when = dt.datetime.combine(date, dt.time.fromisoformat(time), NEW_YORK).astimezone(dt.UTC)
                if when > self.world.now():
                    self.world.clock.set(when)
                level = 6100 if self.underlying == "SPX" else 610
                event = market(
                    f"{when:%H:%M:%S}", SYMBOLS[self.underlying], day=f"{when:%Y-%m-%d}",
                    delta=0.5 + 0.02 * number, quantity=10, underlying_price=level,
                )  # fmt: skip
                desk.stream.take(read_message(with_exact_numbers(event)))  # type: ignore[arg-type]  # no shutdown
        finally:
            desk.close()
        return [json.loads(line)["metadata"] for line in self.lines]

    def behind(self, when: dt.datetime) -> float:
        """Dealer gamma of the market the server shows, as a document says it."""
        shown = self.world.markets[self.underlying]
        source = ChainRegimeSource(self.underlying, REGISTRY[self.underlying], lambda _date: shown, CALENDAR)
        document = source.read(when)
        assert isinstance(document, RegimeDocument)
        return float(document.fields["gex_value"])


@pytest.fixture(params=[("tradier", "SPX"), ("alpaca", "SPY")], ids=["tradier", "alpaca"])
def beside(request: pytest.FixtureRequest) -> Iterator[Beside]:
    broker, underlying = request.param
    world = a_world(underlying, 57, STEP, start=ELEVEN)
    given = {
        **configuration(broker, underlying, "credit-spread", STEP).given,
        "account.broker": Sourced("fake", "test"),
        "market.source": Sourced(broker, "test"),
        "hedging.gex_symbol": Sourced(underlying, "test"),
    }
    with serving(tradier_app(world) if broker == "tradier" else alpaca_app(world)) as server:
        yield Beside(underlying, world, Outside(CREDENTIALS, world, PLACES[broker](server.url)), configure([given]))
        assert world.faults.counted[Asked.SUBMIT] == 0


def test_the_chains_of_a_broker_s_market_are_the_regime(beside: Beside) -> None:
    """DH-420: today's and the next session's contracts, as they are when the event comes."""
    first, second = beside.hedges("11:00:00", "11:05:00")

    assert {first["gex_status"], second["gex_status"]} == {"known"}
    assert {first["gex_source"], second["gex_source"]} == {"chain"}
    seen = [float(hedge["gex_value"]) for hedge in (first, second)]
    assert seen == pytest.approx(
        [beside.behind(ELEVEN), beside.behind(ELEVEN + MINUTES)], rel=0.005
    )  # volatility is implied
    assert seen[0] != seen[1]


def test_who_trades_at_a_broker_and_asks_for_chains_is_shown_that_broker_s(beside: Beside) -> None:
    """Never a simulated one's."""
    broker = beside.settings.settings.market.source
    given = {**beside.settings.given, "account.broker": Sourced(broker, "test")}
    del given["market.source"]

    assert configured_chain(configure([given]), beside.outside) is None
    given["hedging.gex_sources"] = Sourced(["chain"], "test")
    [hedge] = beside.hedges("11:00:00", settings=configure([given]))
    assert float(hedge["gex_value"]) == pytest.approx(beside.behind(ELEVEN), rel=0.005)


def test_a_silent_broker_is_unknown_not_calm_and_asked_again(beside: Beside) -> None:
    """DH-407: nobody's gamma is never zero."""
    beside.world.faults.always(Asked.READ, WireFault(status=503))
    desk = beside.hedges("11:00:00")
    beside.world.faults.lift()
    again = beside.hedges("11:05:00")

    assert (desk[0]["gex_status"], desk[0]["gex_value"]) == ("unknown", None)
    assert again[-1]["gex_status"] == "known"


@pytest.mark.parametrize("time", ["10:30:00", "10:59:54"])
def test_what_came_before_is_not_hedged_by_what_the_market_shows_now(time: str, beside: Beside) -> None:
    """A file of this morning played after the fact: its prices are not of its time."""
    beside.world.clock.set(ELEVEN + dt.timedelta(seconds=1))

    [hedge] = beside.hedges(time)

    assert (hedge["gex_status"], hedge["gex_value"]) == ("unknown", None)


def test_another_day_than_today_is_not_asked_of_a_broker(beside: Beside) -> None:
    """DH-407: a recorded stream needs a recorded market."""
    [hedge] = beside.hedges("11:00:00", date=dt.date(2026, 3, 2))

    assert (hedge["gex_status"], hedge["gex_value"]) == ("unknown", None)


def test_delayed_quotes_are_refused_before_the_first_line(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    """CS-418: nothing is decided on them."""
    if (hosts := beside.outside.places.of(BrokerName.TRADIER)) is not None:
        monkeypatch.setattr("gammacore.adapters.tradier.market.SANDBOX", hosts)

    with pytest.raises(ConfigurationError, match=r"nothing is decided on them.*(alpaca_full_plan|TRADIER_TOKEN)"):
        configured_chain(beside.given(market__alpaca_full_plan=False), beside.outside)


@pytest.mark.parametrize("date", [SESSION.date, dt.date(2026, 3, 7)], ids=["a session", "a Saturday"])
def test_a_market_without_keys_is_refused_before_the_first_line(date: dt.date, beside: Beside) -> None:
    nobody = evolve(beside.outside, credentials=Variables({}, "test"))
    beside.world.clock.set(dt.datetime.combine(date, dt.time(16, 30), dt.UTC))

    with pytest.raises(ConfigurationError, match=r"market (tradier|alpaca): needs .*give it in the environment"):
        configured_chain(beside.settings, nobody)


def test_each_day_s_market_is_opened_once_and_let_go_of(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the night to the next session, a holiday passed over, and at the end."""
    opened: list[dt.date] = []
    closed: list[dt.date] = []

    def look(*arguments: object) -> OpenLook:
        found = open_look(*arguments)  # type: ignore[arg-type]  # as they came
        opened.append(found.session.date)

        def close() -> None:
            closed.append(found.session.date)
            found.close()

        return evolve(found, close=close)

    monkeypatch.setattr("gammacore.wiring.exposures.open_look", look)
    beside.world.clock.set(dt.datetime(2026, 3, 6, 15, tzinfo=dt.UTC))  # a Friday
    chain = configured_chain(beside.settings, beside.outside)
    assert chain is not None
    source = chain.source_of(beside.underlying)
    for days, hours in ((0, 0), (0, 1), (1, 0), (3, 0), (3, 1)):
        now = dt.datetime(2026, 3, 6, 15, tzinfo=dt.UTC) + dt.timedelta(days=days, hours=hours)
        beside.world.clock.set(now)
        source.read(now)

    friday, monday = dt.date(2026, 3, 6), dt.date(2026, 3, 9)
    assert (opened, closed) == ([friday, monday], [friday])
    chain.close()
    chain.close()
    assert closed == [friday, monday]


def test_an_event_a_moment_ahead_of_midnight_does_not_cost_the_next_day(beside: Beside) -> None:
    """What a broker does not show now it may show in a moment: only data that cannot change is not asked again."""
    chain = configured_chain(beside.settings, beside.outside)
    assert chain is not None
    source, tomorrow = chain.source_of(beside.underlying), dt.datetime(2026, 3, 4, 5, tzinfo=dt.UTC)
    beside.world.clock.set(tomorrow - dt.timedelta(milliseconds=1))
    early = source.read(tomorrow)
    beside.world.clock.set(tomorrow)
    then = source.read(tomorrow)
    chain.close()

    assert isinstance(early, UnreadDocument)
    assert isinstance(then, UnreadDocument)
    assert "only as it is now, on 2026-03-03" in early.detail
    assert "only as it is now" not in then.detail
