"""What stands behind a broker's dialect: one exchange, its markets, a clock that can be set, and faults of the wire."""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from attrs import define, field, frozen

from builders import DAY, at
from builders_exchange import HALF_DAY, PUT_QUOTES
from fakes import NO_FEES, BidAsk, FakeCalendar, FakeMarket
from gammacore.adapters.fake.exchange import FakeExchange
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.instruments import REGISTRY, OptionContract
from gammacore.domain.pricing.rates import CashDividend
from gammacore.domain.sessions import TradingSession
from gammacore.ports.clock import Calendar
from gammacore.ports.market_data import MarketData

ACCOUNT = "VA00000001"
TOKEN = "loopback-token"  # a word for both sides of a test, no secret
LIVE_TOKEN = "loopback-live-token"
SECRET = "loopback-secret"

PAID_AFTER = dt.timedelta(days=42)
"""From the ex-date of a dividend to its payment, as SPY has it."""


class Asked(StrEnum):
    """What a request asks for: only a submit can bring an order into the world."""

    READ = "read"
    SUBMIT = "submit"
    CANCEL = "cancel"


class Trouble(StrEnum):
    """What becomes of the answer.

    ANSWER: another one is given. SILENCE: none, the connection stays until the client gives up. HANG_UP: the connection
    is closed without one. CUT: it is closed in the middle of the true one. REFUSE: after the true one nobody listens
    any more (`LoopbackServer.plug` fixes it). DRIP: a head, then a byte every 20 ms for ever. DRIP_HEAD: the head
    itself comes that way.
    """

    ANSWER = "answer"
    SILENCE = "silence"
    HANG_UP = "hang_up"
    CUT = "cut"
    REFUSE = "refuse"
    DRIP = "drip"
    DRIP_HEAD = "drip_head"


@frozen
class WireFault:
    """One request's bad luck. `reaches`: the exchange gets the request all the same, only the answer is lost."""

    trouble: Trouble = field(default=Trouble.ANSWER, converter=Trouble)
    reaches: bool = False
    status: int = 503
    body: str = ""
    content_type: str = "text/plain"


NO_ANSWER = WireFault(Trouble.SILENCE)
LOST_ANSWER = WireFault(Trouble.SILENCE, reaches=True)
UNPLUGGED_AFTERWARDS = WireFault(Trouble.REFUSE, reaches=True)


class WireFaults:
    """Faults planned in advance for each kind of request: first in, first used; `always` holds until it is lifted."""

    def __init__(self) -> None:
        self._next: dict[Asked, deque[WireFault]] = {asked: deque() for asked in Asked}
        self._always: dict[Asked, WireFault] = {}
        self.counted: dict[Asked, int] = dict.fromkeys(Asked, 0)

    def plan(self, asked: Asked, fault: WireFault, times: int = 1) -> None:
        """The next `times` requests of this kind meet the fault."""
        self._next[asked].extend([fault] * times)

    def always(self, asked: Asked, fault: WireFault) -> None:
        """Every request of this kind meets the fault, until `lift`."""
        self._always[asked] = fault

    def lift(self) -> None:
        """Nothing is planned any more."""
        self._always.clear()
        for planned in self._next.values():
            planned.clear()

    def take(self, asked: Asked) -> WireFault | None:
        """What this request meets; it is counted either way."""
        self.counted[asked] += 1
        planned = self._next[asked]
        return planned.popleft() if planned else self._always.get(asked)


@define(eq=False)
class World:
    """An exchange and its markets by symbol; `lock` is held by whoever touches them, test or server.

    `markets` holds one market an underlying; the first is the one the exchange asks for anything it does not know.
    `settings` are the switches of a dialect (the number of the account, the shape of balances, a delay of quotes), by
    name. `dividends` are what each symbol paid.
    """

    clock: FakeClock
    markets: Mapping[str, MarketData]
    exchange: FakeExchange
    calendar: Calendar
    faults: WireFaults = field(factory=WireFaults)
    settings: dict[str, str] = field(factory=dict)
    dividends: dict[str, Sequence[CashDividend]] = field(factory=dict)
    lock: threading.RLock = field(factory=threading.RLock)
    _watchers: list[Callable[[], None]] = field(factory=list)

    @property
    def account(self) -> str:
        """The number of the one account there is."""
        return self.settings.get("account", ACCOUNT)

    def now(self) -> dt.datetime:
        return self.clock.now()

    def move_to(self, instant: dt.datetime) -> None:
        """Let it be `instant`, unless that is past, and let the exchange catch up and tell."""
        with self.lock:
            self.clock.wait_until(instant)
        self.stir()

    def wait_until(self, instant: dt.datetime) -> None:
        """As `move_to`: with `now`, a world is a `gammacore.ports.clock.Clock` to a client in its own process."""
        self.move_to(instant)

    def advance(self, seconds: float) -> None:
        self.move_to(self.now() + dt.timedelta(seconds=seconds))

    def show(
        self, quotes: Mapping[OptionContract, BidAsk] | None = None, *, seconds: float = 60, spot: str = "6900",
        vix: str = "15",
    ) -> None:  # fmt: skip
        """Let time pass in a scripted world and show a snapshot then."""
        instant = self.now() + dt.timedelta(seconds=seconds)
        with self.lock:
            market = next(iter(self.markets.values()))
            assert isinstance(market, FakeMarket)
            market.show(instant, PUT_QUOTES if quotes is None else quotes, spot=Decimal(spot), vix=Decimal(vix))
        self.move_to(instant)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have `watcher` called whenever something may have changed; from any thread, never under the lock."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        self._watchers.remove(watcher)

    @property
    def is_watched(self) -> bool:
        """Whether somebody hears of changes: a stream is open and was asked to listen."""
        return bool(self._watchers)

    def stir(self) -> None:
        """Something may have changed: tell whoever watches."""
        for watcher in tuple(self._watchers):
            watcher()


def scripted_world(
    start: dt.datetime | None = None, *, underlying: str = "SPX", cash: str = "20000", fees: FeeSchedule = NO_FEES
) -> World:
    """10:00 of an ordinary Monday, the 6880/6870 put spread quoted; what comes next is shown by `World.show`."""
    clock, market = FakeClock(start or at("10:00")), FakeMarket(underlying, step=10)
    market.show(clock.now(), PUT_QUOTES, spot=Decimal(6900), vix=Decimal(15))
    calendar = FakeCalendar(half_days=[HALF_DAY])
    exchange = FakeExchange(
        market, clock, calendar, account_number=ACCOUNT, starting_cash=Decimal(cash), fees=fees
    )  # fmt: skip
    return World(clock, {underlying: market}, exchange, calendar)


def simulated_world(
    *, underlying: str = "SPX", others: Sequence[str] = (), date: dt.date = DAY, seed: int = 1, step_seconds: int = 60,
    cash: str = "20000", fees: FeeSchedule = NO_FEES, shares: ShareModel | None = None,
) -> World:  # fmt: skip
    """A whole simulated day of one underlying and `others`, beginning half an hour before its open.

    With `shares` they are quoted and traded.
    """
    session = TradingSession.of(date)
    markets = {
        symbol: SimulatedMarket(REGISTRY[symbol], session, seed=seed, step_seconds=step_seconds, shares=shares)
        for symbol in (underlying, *others)
    }
    clock, calendar = FakeClock(session.after_open(-30)), FakeCalendar()
    exchange = FakeExchange(
        markets[underlying], clock, calendar, other_markets=markets, account_number=ACCOUNT,
        starting_cash=Decimal(cash), fees=fees,
    )  # fmt: skip
    return World(clock, markets, exchange, calendar)
