"""Settings of the hedging desk as `trade` takes them: followed, or refused by name. DH-003, DH-801, section 0."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders_delta_hedge import a_hedged_book, a_look, bought, hedged, steps
from builders_desk import a_book
from gammacore.configuration import Sourced, configure
from gammacore.domain.desks.delta_hedge.desk import DeltaHedgeDesk
from gammacore.domain.hedging.settings import hedging_profile
from gammacore.domain.holding_events import HedgeDecided
from gammacore.domain.strategy import Note, Trade
from gammacore.errors import ConfigurationError
from gammacore.wiring.strategies import open_strategy


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("hedge_with", "buy_protection", "hedging.hedge_with"),
        ("positive_delta", "buy_puts", "positive_delta"),
        ("negative_delta", "sell_puts", "negative_delta"),
        ("hedge_ratio", "live", "hedging.hedge_ratio: live"),
    ],
)
def test_what_trade_would_not_follow_is_refused_by_name(setting: str, value: str, named: str) -> None:
    given = {"trade.strategy": Sourced("delta-hedge", "test"), f"hedging.{setting}": Sourced(value, "test")}

    with pytest.raises(ConfigurationError, match=named):
        open_strategy(configure([given]).settings)


def test_other_strategies_do_not_mind() -> None:
    settings = configure([{"hedging.hedge_with": Sourced("buy_protection", "test")}]).settings

    assert open_strategy(settings).name == "credit-spread"


def said(desk: DeltaHedgeDesk, held: int) -> HedgeDecided:
    """What the desk says at 601 with a call of 100 shares' worth of delta and so many shares."""
    (step,) = steps(a_look("10:30", "601", book=a_book(bought(), hedged(held, "10:00"))), desk)
    assert isinstance(step, Note | Trade)
    assert isinstance(step.record, HedgeDecided)
    return step.record


def test_standard_counts_the_shares_it_has_and_the_profiles_of_comparison_do_not() -> None:
    """Section 0: exposure N counts hedge shares, or the options alone."""
    options = said(DeltaHedgeDesk(), -1).net_shares + 1

    assert said(DeltaHedgeDesk(), -30).net_shares == options - 30
    assert said(DeltaHedgeDesk(hedging_profile("shares_v2")), -30).net_shares == options
    assert said(DeltaHedgeDesk(hedging_profile("source")), -30).net_shares == options / 100


def test_what_is_held_still_decides_how_an_order_closes_when_it_is_not_counted() -> None:
    book = evolve(a_hedged_book("0.50", held=20), counts_hedges=False)

    assert book.net_shares == Decimal(50)
    assert book.orderable(-50) == -20
