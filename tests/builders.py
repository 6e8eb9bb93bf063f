"""Small builders: one line of a test says only what the test is about; the rest is an ordinary SPX day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from gammacore.domain.holdings.holding import Holding, HoldingState, Origin, SoldSpread
from gammacore.domain.holdings.lots import Lots, multiplier_of
from gammacore.domain.holdings.plans import SpreadPlan, SpreadWatch
from gammacore.domain.holdings.policy import StopPolicy, stop_policy
from gammacore.domain.instruments import REGISTRY, Right
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.domain.spreads import CreditSpread, SpreadMark, Vertical
from gammacore.domain.words import Confidence, Direction, StrategyTag

DAY = dt.date(2026, 1, 5)


def a_session(close: str = "16:00", date: dt.date = DAY) -> TradingSession:
    """A session from 9:30 to `close`, New York."""
    return TradingSession.of(date, close=dt.time.fromisoformat(close))


def at(time: str, date: dt.date = DAY) -> dt.datetime:
    """The UTC instant of a New York time like "10:30" or "15:29:59"."""
    return new_york(date, dt.time.fromisoformat(time))


def a_vertical(
    right: Right, short: int | str, long: int | str, underlying: str = "SPX", expiry: dt.date = DAY
) -> Vertical:
    listed = REGISTRY[underlying]
    return Vertical(
        short=listed.contract(expiry, right, Decimal(short)), long=listed.contract(expiry, right, Decimal(long))
    )


def a_put_spread(
    short: int | str = 6880, long: int | str = 6870, underlying: str = "SPX", expiry: dt.date = DAY
) -> CreditSpread:
    return CreditSpread((a_vertical(Right.PUT, short, long, underlying, expiry),))


def a_call_spread(
    short: int | str = 6980, long: int | str = 6990, underlying: str = "SPX", expiry: dt.date = DAY
) -> CreditSpread:
    return CreditSpread((a_vertical(Right.CALL, short, long, underlying, expiry),))


def a_condor(
    calls: tuple[int, int] = (6980, 6990),
    puts: tuple[int, int] = (6880, 6870),
    underlying: str = "SPX",
    expiry: dt.date = DAY,
) -> CreditSpread:
    """Shorts and longs by role: calls (short, long), puts (short, long)."""
    return CreditSpread(
        (
            a_vertical(Right.CALL, *calls, underlying=underlying, expiry=expiry),
            a_vertical(Right.PUT, *puts, underlying=underlying, expiry=expiry),
        )
    )


def a_plan(
    spread: CreditSpread | None = None,
    *,
    credit: str | Decimal = "2.50",
    contracts: int = 1,
    strategy: StrategyTag = StrategyTag.PUT_SPREAD,
    direction: Direction = Direction.BULLISH,
    confidence: Confidence = Confidence.HIGH,
    price: str | Decimal = "6900",
    pin: str | Decimal = "6915",
    vix: str | Decimal = "15.2",
    position: str = "p1",
    scheduled: str = "10:00",
    policy: StopPolicy | None = None,
) -> SpreadPlan:
    """An entry as decided; by default one 6880/6870 put spread for 2.50 with the standard stops."""
    return SpreadPlan(
        holding=position,
        strategy=strategy,
        direction=direction,
        confidence=confidence,
        spread=spread or a_put_spread(),
        contracts=contracts,
        expected_credit=Decimal(credit),
        limit=Decimal(credit),
        price=Decimal(price),
        pin=Decimal(pin),
        vix=Decimal(vix),
        scheduled_at=at(scheduled),
        policy=policy or stop_policy("standard"),
    )


def lots_of(quantities: Mapping[str, int]) -> dict[str, Lots]:
    """Lots of so many contracts or shares by symbol, at no price."""
    held = {symbol: Lots(symbol, multiplier_of(symbol)) for symbol in quantities}
    return {symbol: held[symbol].traded(count, Decimal(0)) for symbol, count in quantities.items()}


def a_position(
    plan: SpreadPlan | None = None,
    *,
    credit: str | Decimal | None = None,
    opened: str = "10:00",
    watch: SpreadWatch | None = None,
    state: HoldingState = HoldingState.OPEN,
) -> SoldSpread:
    """A filled position: the plan's contracts at its expected credit (or `credit`), opened at a New York time."""
    plan = plan or a_plan()
    received = plan.expected_credit if credit is None else Decimal(credit)
    return Holding(
        id=plan.holding,
        owner="credit-spread",
        underlying=plan.spread.underlying,
        origin=Origin.CHOSEN,
        state=state,
        opened_at=at(opened),
        plan=plan,
        contracts=plan.contracts,
        credit=received,
        lots=lots_of({leg.contract.occ: leg.side.sign * plan.contracts for leg in plan.spread.opening_legs}),
        cash=received * 100 * plan.contracts,
        watch=watch or SpreadWatch(),
    )


def a_mark(mid: str | Decimal, best: str | Decimal | None = None, worst: str | Decimal | None = None) -> SpreadMark:
    """What closing costs; best and worst are the mid unless said."""
    middle = Decimal(mid)
    return SpreadMark(middle, middle if best is None else Decimal(best), middle if worst is None else Decimal(worst))
