"""One recorded stream through runner and plain loop: the same ledger, byte for byte. Rules: SC-1001, SC-1311."""

from __future__ import annotations

from decimal import Decimal

import pytest

from builders import a_session
from builders_runner import SHARE, Scalp, ShareDay, a_market, in_the_plain_loop, running, seconds
from builders_scalping import scalping_settings
from fakes import NO_FEES, FakeCalendar
from gammacore.adapters.codec.records import encode
from gammacore.adapters.simulated.market import SimulatedMarket
from gammacore.adapters.simulated.moods import Mood
from gammacore.adapters.simulated.shares import ShareModel
from gammacore.configuration.scalping import ScalpingSettings
from gammacore.domain.desks.st0cka import St0ckaDesk
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import OrderFilled, OrderIntended
from gammacore.domain.volatility import VolatilityRules, WantedSource

SAW = [(0.0, "590.00"), *((0.6 + step * 0.7, f"59{step % 7 // 5}.{step * 37 % 100:02d}") for step in range(400))]
SCALP = Scalp(Decimal("590.20"), Decimal("590.60"))
UNTIL = 300.0


def test_one_recorded_stream_gives_one_ledger_through_runner_and_plain_loop() -> None:
    plain = in_the_plain_loop(a_market(SAW), SCALP, UNTIL)
    driven = running(a_market(SAW), SCALP)
    driven.until(UNTIL + 0.15)

    assert ledger_of(driven.world) == ledger_of(plain)
    assert len(plain.all(OrderFilled)) > 10


def test_a_quote_between_two_looks_is_decided_on_when_it_comes() -> None:
    world = in_the_plain_loop(a_market(SAW), SCALP, UNTIL)

    looks = {order.at.second % 10 == 0 and not order.at.microsecond for order in world.all(OrderIntended)}

    assert False in looks


def ledger_of(world: ShareDay, until: float = UNTIL) -> list[str]:
    """The records up to the same instant."""
    return [encode(event) for event in world.events if event.at <= seconds(until)]


@pytest.mark.parametrize(("seed", "mood"), [(57, "normal"), (3, "volatile")])
def test_st0cka_on_a_simulated_morning_trades_the_same_by_events_and_in_the_plain_loop(seed: int, mood: str) -> None:
    """Quotes, looks and the seams of its windows fall on the same seconds here: what comes first must not matter."""
    until = 2_000.0
    settings = scalping_settings(
        scalping=ScalpingSettings(volatility=VolatilityRules(default_vol=0.05, vol_source=WantedSource.DAILY))
    )

    def a_morning() -> SimulatedMarket:
        return SimulatedMarket(
            REGISTRY[SHARE], a_session(), seed=seed, step_seconds=1, vix=Decimal(15), calendar=FakeCalendar(),
            shares=ShareModel(), mood=Mood(mood),
        )  # fmt: skip

    def a_desk() -> St0ckaDesk:
        return St0ckaDesk(settings.scalping.st0cka, settings.scalping.volatility, settings.limits, NO_FEES)

    plain = in_the_plain_loop(a_morning(), a_desk(), until, settings=settings)
    driven = running(a_morning(), a_desk(), settings=settings)
    driven.until(until + 0.15)

    assert ledger_of(driven.world, until) == ledger_of(plain, until)
    assert len(plain.all(OrderFilled)) >= 2
