"""One recorded stream through runner and plain loop: the same ledger, byte for byte. Rules: SC-1001, SC-1311."""

from __future__ import annotations

from decimal import Decimal

from builders_runner import Scalp, ShareDay, a_market, in_the_plain_loop, running, seconds
from gammacore.adapters.codec.records import encode
from gammacore.domain.ledger import OrderFilled, OrderIntended

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


def ledger_of(world: ShareDay) -> list[str]:
    """The records up to the same instant."""
    return [encode(event) for event in world.events if event.at <= seconds(UNTIL)]
