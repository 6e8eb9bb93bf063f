"""Order news keep one contract, from the fake exchange and over each broker's stream on a loopback socket. R4."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from attrs import define, field, frozen

from builders_exchange import an_entry
from contracts.order_news_contract import OrderNewsContract
from counterparts.served_brokers import ALPACA, TRADIER, Dialect, ServedBroker
from counterparts.serving import serving
from counterparts.world import World, scripted_world
from gammacore.adapters.fake.stand_ins import FakeOrderNews
from gammacore.domain.orders import OrderTicket
from gammacore.ports.broker import Broker, News, OrderNews

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")


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


@define(eq=False)
class ServedNews(ServedBroker):
    """An `OrderNewsControl` over a served world; unplugged, the server cuts what was connected."""

    news: OrderNews = field(init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.news = self.dialect.listen(self.server)

    def outage(self) -> AbstractContextManager[None]:
        return self.server.unplugged()


@contextmanager
def listening(dialect: Dialect) -> Iterator[ServedNews]:
    world = dialect.world()
    with serving(dialect.app(world)) as server:
        control = ServedNews(dialect, server, world)
        yield control
        control.news.close()
        control.close()


class TestFakeOrderNews(OrderNewsContract):
    @pytest.fixture
    def control(self) -> FakeControl:
        world = scripted_world()
        return FakeControl(world, FakeOrderNews(world.exchange))

    def test_what_an_outage_hid_is_reported_by_no_later_news(self, control: FakeControl) -> None:
        control.news.received()

        with control.outage():
            control.broker.submit(control.entry("gc-1"))
        hidden = control.news.received()
        control.step()
        filled = control.news.received()

        assert hidden == News(gap=True)
        assert filled == News(frozenset({"gc-1"}))

    @pytest.mark.parametrize("refused", [{"rejects": "no"}, {"never": True}])
    def test_orders_that_end_unfilled_are_reported_too(self, control: FakeControl, refused: dict[str, object]) -> None:
        control.news.received()
        control.world.exchange.next_submit(**refused)
        if "rejects" in refused:
            with pytest.raises(Exception, match="no"):
                control.broker.submit(control.entry("gc-1"))
        else:
            control.broker.submit(control.entry("gc-1"))
            control.news.received()
            control.world.advance(7 * 3600)  # past the close

        assert control.news.received().orders == {"gc-1"}


class TestTradierOrderNews(OrderNewsContract):
    @pytest.fixture
    def control(self) -> Iterator[ServedNews]:
        with listening(TRADIER) as control:
            yield control


class TestAlpacaOrderNews(OrderNewsContract):
    @pytest.fixture
    def control(self) -> Iterator[ServedNews]:
        with listening(ALPACA) as control:
            yield control
