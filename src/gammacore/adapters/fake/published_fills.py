"""The fills behind published figures: entries fill at their limit by odds of VIX, credit and hour. Rule: CS-702."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal

from attrs import frozen

from gammacore.domain.orders import Effect, OrderTicket, Purpose
from gammacore.domain.sessions import NEW_YORK

BY_VIX = ((Decimal(15), Decimal("0.875")), (Decimal(17), Decimal("0.80")), (Decimal(19), Decimal("0.75")))
FROM_VIX_19 = Decimal("0.70")
LATE_MORNING, EARLY_AFTERNOON = dt.time(11), dt.time(12, 30)


@frozen
class PublishedFillModel:
    """Entries fill at their limit with a probability instead of at the quotes: one draw per order, by its id.

    Not a model of any market: it reproduces the assumption behind published figures. `seed` and the client id decide
    the draw, so it does not depend on the order of questions and survives a restart.

    >>> model = PublishedFillModel(seed=7)
    >>> noon = dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)
    >>> model.probability(vix=Decimal("14.9"), credit=Decimal("2.50"), at=noon)
    Decimal('0.8550')
    """

    seed: int

    def covers(self, ticket: OrderTicket) -> bool:
        """Only opening credit limits are drawn for; everything else trades at the quotes."""
        return ticket.purpose is Purpose.ENTRY and ticket.effect is Effect.CREDIT and ticket.limit is not None

    def probability(self, vix: Decimal | None, credit: Decimal, at: dt.datetime) -> Decimal:
        """The chance of a fill, 0.50 to 0.95; an unknown VIX counts as a high one."""
        by_vix = next((chance for limit, chance in BY_VIX if vix is not None and vix < limit), FROM_VIX_19)
        by_credit = min((credit - 1) * Decimal("0.02"), Decimal("0.10"))
        return max(Decimal("0.50"), min(by_vix + by_credit - _lateness(at), Decimal("0.95")))

    def fills(self, ticket: OrderTicket, vix: Decimal | None, at: dt.datetime) -> bool:
        digest = hashlib.sha256(f"{self.seed}:{ticket.id}".encode()).digest()
        draw = Decimal(int.from_bytes(digest[:6], "big")) / 2**48
        return draw < self.probability(vix, ticket.limit or Decimal(0), at)


def _lateness(at: dt.datetime) -> Decimal:
    time = at.astimezone(NEW_YORK).time()
    if time >= EARLY_AFTERNOON:
        return Decimal("0.10")
    return Decimal("0.05") if time >= LATE_MORNING else Decimal(0)
