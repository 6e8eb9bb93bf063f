"""The loop of a day against the engine of nautilus_trader, which gets an environment of its own (P7).

    python benchmarks/against_nautilus.py [FOLDER [DAYS]]      FOLDER keeps the environment for the next run

Both see the same simulated SPX days: 390 looks of 200 option quotes, 8 orders a day. nautilus gets its quotes as ticks
made beforehand and sends 4 market orders that sell an option and 4 that buy it back. Ours trades credit spreads with
ledger, limits and account, from chains at hand and simulated as it goes, wiring included. CPU seconds, alternating
rounds, medians. The days' own orders are counted and shown. Where pip does not find nautilus_trader it says so.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

PEER = "nautilus_trader==1.221.0"
ROUNDS = 5
LOOKS, QUOTES, ORDERS = 390, 200, 8
OPENED_AT = (30, 90, 150, 210)
HELD_FOR = 30
"""Looks after which the peer buys back."""
NO_FILTERS: dict[str, Any] = {
    "entries.adx.strongest": 100, "entries.trend_move.points": 1000, "entries.rsi.weakest": 0,
    "entries.rsi.strongest": 100, "entries.gap.gap": 1, "entries.realized_volatility.ratio": 100,
    "entries.momentum.five_minutes": 1000, "entries.momentum.one_minute": 1000, "entries.momentum.against": 1000,
    "entries.vix_spike.rise": 1, "sizing.policy": "rolling",
}  # fmt: skip
"""Nearly every slot is entered, so that ours has about as many orders as the peer."""


def main(folder: Path, count: int) -> int:
    python = folder / "nautilus" / "bin" / "python"
    if not _installed(python, folder / "nautilus"):
        print(f"{PEER} cannot be installed here; P7 is not measured")
        return 1
    quotes = folder / "quotes.npz"
    _write_quotes(quotes, count)
    theirs: list[float] = []
    at_hand: list[float] = []
    simulated: list[float] = []
    orders = peer_orders = 0
    for number in range(ROUNDS):
        both = ((True, at_hand), (False, simulated))
        for made_before, costs in both if number % 2 else both[::-1]:
            seconds, orders = _ours(count, made_before=made_before)
            costs.append(seconds)
        answer = subprocess.run(
            [str(python), __file__, "peer", str(quotes)], capture_output=True, text=True, check=True
        )
        peer = json.loads(answer.stdout.splitlines()[-1])
        theirs.append(peer["seconds"])
        peer_orders = peer["orders"]
    looks = LOOKS * count
    shown = ((PEER, theirs, peer_orders), ("chains at hand", at_hand, orders), ("simulated", simulated, orders))
    for name, costs, sent in shown:
        rate = looks / statistics.median(costs)
        print(f"{name:24} {rate:8,.0f} snapshots/s, {rate * QUOTES:12,.0f} quotes/s, {sent / count:.1f} orders a day")
    for name, costs, bar in (("chains at hand", at_hand, 5), ("simulated", simulated, 2)):
        ratio = statistics.median(theirs) / statistics.median(costs)
        print(f"{name:15} {ratio:.2f} x nautilus_trader (bar {bar})")
    return 0


def _installed(python: Path, environment: Path) -> bool:
    if not python.exists():
        venv.create(environment, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", PEER]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _dates(count: int) -> list[Any]:
    import datetime as dt

    from gammacore.adapters.calendars.nyse import NyseCalendar

    calendar, date = NyseCalendar(), dt.date(2026, 3, 1)
    found = []
    for _ in range(count):
        date = calendar.next_session(date).date
        found.append(date)
    return found


def _write_quotes(path: Path, count: int) -> None:
    """Seconds since the epoch (looks,), bid and ask of the 200 contracts nearest to the first price (looks, 200)."""
    import numpy as np

    from gammacore.adapters.calendars.nyse import NyseCalendar
    from gammacore.configuration import configure
    from gammacore.domain.instruments import REGISTRY
    from gammacore.wiring import open_market, open_session

    times, bids, asks = [], [], []
    for date in _dates(count):
        calendar = NyseCalendar()
        session = open_session(calendar, date)
        settings = configure([{"market.date": date, "market.seed": 57}]).settings
        market = open_market(settings, REGISTRY["SPX"], session, calendar)
        at, near = session.open, None
        for _ in range(LOOKS):
            shown = market.snapshot(at)
            assert shown.chain is not None
            assert shown.spot is not None
            if near is None:
                near = np.argsort(np.abs(shown.chain.strike - float(shown.spot)), kind="stable")
                near = np.resize(near, QUOTES)  # where fewer are listed, the nearest stand twice
            times.append(at.timestamp())
            bids.append(shown.chain.bid[near])
            asks.append(shown.chain.ask[near])
            at = market.next_at(at)
    np.savez(path, times=times, bid=np.array(bids), ask=np.array(asks))


def _ours(count: int, *, made_before: bool) -> tuple[float, int]:
    """CPU seconds of the days, and the orders sent."""
    from trade_years import ChainsAtHand

    from gammacore.configuration import configure
    from gammacore.wiring import wire_day

    dates, carry, spent, orders = _dates(count), None, 0.0, 0
    first = configure([{"market.date": dates[0], "market.seed": 57, **NO_FILTERS}])
    for date in dates:
        making = 0.0

        def beforehand(market: Any, date: Any = date) -> Any:
            nonlocal making
            if not made_before:
                return market
            begun = time.process_time()
            made = ChainsAtHand(market)
            made.make(date)
            making = time.process_time() - begun
            return made

        begun = time.process_time()
        day = wire_day(first.on(date), carry=carry, wrap_market=beforehand)
        day.trade()
        carry = day.carry()
        spent += time.process_time() - begun - making
        orders = len(carry.book.orders)
    return spent, orders


def peer(path: str) -> None:
    """Run nautilus_trader over the quotes; the last line of its output is the CPU seconds of the engine's run."""
    import numpy as np
    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig  # type: ignore[import-not-found]
    from nautilus_trader.config import LoggingConfig, StrategyConfig  # type: ignore[import-not-found]
    from nautilus_trader.model.currencies import USD  # type: ignore[import-not-found]
    from nautilus_trader.model.data import QuoteTick  # type: ignore[import-not-found]
    from nautilus_trader.model.enums import AccountType, AssetClass, OmsType, OptionKind, OrderSide  # type: ignore[import-not-found]
    from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue  # type: ignore[import-not-found]
    from nautilus_trader.model.instruments import OptionContract  # type: ignore[import-not-found]
    from nautilus_trader.model.objects import Money, Price, Quantity  # type: ignore[import-not-found]
    from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]

    table = np.load(path)
    nanoseconds = (table["times"] * 1e9).astype(np.int64).tolist()
    venue = Venue("SIM")
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(venue, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USD)], base_currency=USD)
    options = [
        OptionContract(
            instrument_id=InstrumentId(Symbol(f"O{number}"), venue), raw_symbol=Symbol(f"O{number}"),
            asset_class=AssetClass.INDEX, exchange="SIM", currency=USD, price_precision=2,
            price_increment=Price.from_str("0.01"), multiplier=Quantity.from_int(100), lot_size=Quantity.from_int(1),
            underlying="SPX", option_kind=OptionKind.CALL, strike_price=Price.from_str(f"{1000 + number}.00"),
            activation_ns=0, expiration_ns=nanoseconds[-1] + 10**15, ts_event=0, ts_init=0,
        )
        for number in range(QUOTES)
    ]  # fmt: skip
    for option in options:
        engine.add_instrument(option)
    size = Quantity.from_int(10)
    ticks = [
        QuoteTick(option.id, Price(max(bid, 0.01), 2), Price(ask, 2), size, size, at, at)
        for at, bids, asks in zip(nanoseconds, table["bid"].tolist(), table["ask"].tolist(), strict=True)
        for option, bid, ask in zip(options, bids, asks, strict=True)
    ]
    engine.add_data(ticks)

    class SellsAndBuysBack(Strategy):  # type: ignore[misc]
        """Four market orders a day to sell, four to buy back; every quote is received."""

        def on_start(self) -> None:
            self.looks = self.sent = 0
            for option in options:
                self.subscribe_quote_ticks(option.id)

        def on_quote_tick(self, tick: QuoteTick) -> None:
            if tick.instrument_id != options[-1].id:
                return
            look = self.looks % LOOKS
            self.looks += 1
            if look in OPENED_AT:
                self.send(OPENED_AT.index(look), OrderSide.SELL)
            elif look - HELD_FOR in OPENED_AT:
                self.send(OPENED_AT.index(look - HELD_FOR), OrderSide.BUY)

        def send(self, number: int, side: OrderSide) -> None:
            self.sent += 1
            self.submit_order(self.order_factory.market(options[number].id, side, Quantity.from_int(1)))

    strategy = SellsAndBuysBack(StrategyConfig())
    engine.add_strategy(strategy)
    begun = time.process_time()
    engine.run()
    seconds = time.process_time() - begun
    filled = sum(order.is_closed for order in engine.cache.orders())
    print(json.dumps({"seconds": seconds, "orders": filled}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(sys.argv[2])
    else:
        scratch = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
        sys.exit(main(scratch, int(sys.argv[2]) if len(sys.argv) > 2 else 4))
