"""Order news keep one contract, from the fake exchange and over each broker's stream on a loopback socket. R4."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from attrs import frozen

from builders import a_put_spread
from builders_exchange import an_entry
from contracts.order_news_contract import OrderNewsContract
from counterparts.alpaca_control import SPOT, SPY_QUOTES, clients_of, endpoints_of, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import LoopbackServer, serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import tradier_app
from counterparts.world import ACCOUNT, SECRET, TOKEN, World, scripted_world
from gammacore.adapters.alpaca.broker import AlpacaBroker
from gammacore.adapters.alpaca.client import AlpacaKeys
from gammacore.adapters.alpaca.news import AlpacaOrderNews
from gammacore.adapters.fake.news import FakeOrderNews
from gammacore.adapters.system_clock import SystemClock
from gammacore.adapters.tradier.broker import TradierBroker
from gammacore.adapters.tradier.news import NewsSettings, TradierOrderNews
from gammacore.domain.orders import OrderTicket
from gammacore.ports.broker import Broker
from gammacore.ports.credentials import Secret
from gammacore.ports.order_news import News, OrderNews

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")
QUICK_SECONDS = 0.01


@frozen
class FakeControl:
    """An `OrderNewsControl` over the fake exchange itself."""

    world: World
    news: FakeOrderNews

    @property
    def broker(self) -> Broker:
        return self.world.exchange

    def entry(self, order_id: str) -> OrderTicket:
        return an_entry(order_id)

    def rests(self) -> None:
        self.world.exchange.next_submit(never=True)

    def step(self) -> None:
        self.world.show()

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.news.cut()
        yield
        self.news.restore()


@frozen
class ServedControl:
    """An `OrderNewsControl` over a served world; unplugged, the server cuts what was connected."""

    world: World
    server: LoopbackServer
    broker: Broker
    news: OrderNews

    def entry(self, order_id: str) -> OrderTicket:
        return an_entry(order_id)

    def rests(self) -> None:
        self.world.exchange.next_submit(never=True)

    def step(self) -> None:
        self.world.show()

    def outage(self) -> AbstractContextManager[None]:
        return self.server.unplugged()


class ServedAlpaca(ServedControl):
    """Alpaca has no index options here."""

    def entry(self, order_id: str) -> OrderTicket:
        return an_entry(order_id, a_put_spread(688, 687, "SPY"), limit="0.23")

    def step(self) -> None:
        self.world.show(SPY_QUOTES, spot=SPOT)


class TestFakeOrderNews(OrderNewsContract):
    @pytest.fixture
    def control(self) -> FakeControl:
        world = scripted_world()
        return FakeControl(world, FakeOrderNews(world.exchange))

    def test_what_an_outage_hid_is_told_by_no_later_news(self, control: FakeControl) -> None:
        control.news.heard()

        with control.outage():
            control.broker.submit(control.entry("gc-1"))
        hidden = control.news.heard()
        control.step()
        filled = control.news.heard()

        assert hidden == News(gap=True)
        assert filled == News(frozenset({"gc-1"}))

    @pytest.mark.parametrize("refused", [{"rejects": "no"}, {"never": True}])
    def test_orders_that_end_unfilled_are_told_too(self, control: FakeControl, refused: dict[str, object]) -> None:
        control.news.heard()
        control.world.exchange.next_submit(**refused)
        if "rejects" in refused:
            with pytest.raises(Exception, match="no"):
                control.broker.submit(control.entry("gc-1"))
        else:
            control.broker.submit(control.entry("gc-1"))
            control.news.heard()
            control.world.advance(7 * 3600)  # past the close

        assert control.news.heard().orders == {"gc-1"}


class TestTradierOrderNews(OrderNewsContract):
    @pytest.fixture
    def control(self) -> Iterator[ServedControl]:
        world, quick = scripted_world(), NewsSettings(pause_seconds=QUICK_SECONDS, longest_pause_seconds=0.05)
        with serving(tradier_app(world)) as server:
            asked, listening = tradier_client(server, world.clock), tradier_client(server, SystemClock())
            news = TradierOrderNews(listening, ACCOUNT, quick)
            yield ServedControl(world, server, TradierBroker(asked, ACCOUNT), news)
            news.close()
            asked.close()


class TestAlpacaOrderNews(OrderNewsContract):
    @pytest.fixture
    def control(self) -> Iterator[ServedAlpaca]:
        world = spy_world()
        with serving(alpaca_app(world)) as server:
            clients = clients_of(server)
            keys = AlpacaKeys(Secret(TOKEN), Secret(SECRET))
            news = AlpacaOrderNews(keys, endpoints_of(server), pause_seconds=QUICK_SECONDS)
            yield ServedAlpaca(world, server, AlpacaBroker(clients, world.clock), news)
            news.close()
            clients.close()
