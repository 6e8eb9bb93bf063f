"""A strategy of your own in the day loop: ten shares of SPY, held from 10:00 to 15:30.

    .venv/bin/python examples/own_strategy.py
    .venv/bin/gammacore trade --strategy examples/own_strategy.py:TenShares --seed 57

The loop does the rest: the intent stands in the ledger before the order leaves, a restart finds its orders, the report
shows it as any other trade. What a strategy sees is `Situation`, what it may decide is in `gammacore.domain.strategy`.

`decide` is asked every few seconds, and an order may take longer than that to fill. So it looks at its own orders
first: while one works, what is held is about to change, and nothing is bought or sold a second time.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

import gammacore
from gammacore.domain.book.view import BookView
from gammacore.domain.desks.flattening import closing_trade
from gammacore.domain.instruments import Side
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.sessions import new_york
from gammacore.domain.strategy import Trade

BEGIN, END = dt.time(10), dt.time(15, 30)


@frozen
class TenShares:
    """Pure: no clock, no I/O; the same situation, the same decisions."""

    name: str = "ten-shares"

    def needs(self, now: dt.datetime, session: gammacore.TradingSession, book: BookView) -> gammacore.Needs:
        return gammacore.Needs()

    def deadlines(self, session: gammacore.TradingSession, book: BookView) -> tuple[dt.datetime, ...]:
        return new_york(session.date, BEGIN), new_york(session.date, END)

    def decide(self, situation: gammacore.Situation) -> gammacore.Decisions:
        begin, end = self.deadlines(situation.session, situation.book)
        share, date = situation.underlying.symbol, situation.session.date
        own = f"{share}-{date:%Y%m%d}-ten"  # one a day: asked again, it is the same holding
        if any(order.is_working for order in situation.book.orders_of(own)):
            return gammacore.Decisions()
        holding = situation.book.holding(own)  # also one that is closed: nothing is bought twice a day
        if holding is None and begin <= situation.now < end:
            legs = (ShareLeg(share, Side.BUY, closes=False),)
            buy = Trade(own, self.name, share, Purpose.ENTRY, legs, 10, Effect.DEBIT, "morning")
            return gammacore.Decisions((buy,))
        if holding is not None and holding.held(share) > 0 and situation.now >= end:
            return gammacore.Decisions((closing_trade(holding, share, Purpose.EXIT, "evening"),))
        return gammacore.Decisions()


def main() -> gammacore.DayReport:
    strategy: gammacore.Strategy = TenShares()
    day = gammacore.wire_day(gammacore.configure([{"market.underlying": "SPY", "market.seed": 57}]), strategy=strategy)
    try:
        day.trade()
        return gammacore.day_report(day.storage.events())
    finally:
        day.close()


if __name__ == "__main__":
    day = main()
    print(f"{day.strategy} on {day.date}: {day.entries} bought, {day.ended} sold, P/L {day.pnl}")  # noqa: T201  # a script
