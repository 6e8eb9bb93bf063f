"""Items of docs/must-not-regress.md on scalping that no room's own test holds. Rules: SC-327, SC-410, SC-441."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from builders import at
from builders_desk import a_book
from builders_gamma import STRADDLE, a_gamma_look, a_straddle_chain, straddle_held
from gammacore.domain import ledger
from gammacore.domain.desks.gamma_scalping import GammaScalpingDesk
from gammacore.domain.holding_events import WatchChanged
from gammacore.domain.holdings.plans import DeltaWatch, EntryTerms, Opening
from gammacore.domain.instruments import Right, Side, parse_occ
from gammacore.domain.ledger import Event
from gammacore.domain.legs import ShareLeg
from gammacore.domain.orders import Effect, Execution, OrderTicket, Purpose
from gammacore.domain.scalping.option_choice import expiry_of
from gammacore.domain.sessions import new_york_date
from gammacore.domain.straddles.choice import ChoiceRules, scores
from gammacore.domain.strategy import Trade
from gammacore.errors import InvalidInput


def shares_of_st0cka() -> list[Event]:
    """Fifty shares, held since 09:45."""
    leg, holding = ShareLeg("SPY", Side.BUY, closes=False), "SPY-20260819-st0cka-1"
    bought = OrderTicket(
        "gc-buy", Purpose.ENTRY, "SPY", holding, (leg,), 50, Effect.DEBIT, Decimal(590), "st0cka"
    )  # fmt: skip
    opens = Opening("st0cka", "SPY", terms=EntryTerms(Decimal(50), Decimal(590), Decimal("0.01"), Decimal(1)))
    return [
        ledger.OrderIntended(at("09:45"), bought, opens),
        ledger.OrderFilled(at("09:45"), "gc-buy", Execution(50, Decimal(590)), complete=True),
    ]


def test_shares_of_st0cka_are_never_hedge_delta() -> None:
    """Item 15; SC-441, SC-508: a straddle is hedged as if they were not there."""
    watch = DeltaWatch(Decimal(0), Decimal("0.02"), Decimal(590), at("10:00:06"), reference=Decimal(590))
    known = WatchChanged(at("10:00:06"), STRADDLE, watch)

    def hedges(*others: Event) -> list[tuple[Purpose, int]]:
        book = a_book(*others, *straddle_held(), known, balance="100000")
        steps = GammaScalpingDesk().decide(a_gamma_look("10:00:08", book=book)).steps
        return [(one.purpose, one.quantity) for one in steps if isinstance(one, Trade) and one.holding == STRADDLE]

    assert hedges(*shares_of_st0cka()) == hedges() == [(Purpose.HEDGE, 7)]


def test_spread_and_theta_are_of_one_share_whatever_the_size() -> None:
    """Item 22; SC-410: two straddles score as one does."""
    one, two = (float(scores(ChoiceRules(straddles=count), -0.4, 0.02, 0.12)) for count in (1, 2))

    assert one == two == pytest.approx((0.4 + 0.12) / 0.02)


def test_what_expires_today_is_by_new_yorks_date() -> None:
    """Item 23; SC-327: at 20:30 New York it is already tomorrow in UTC."""
    late = at("20:30")
    assert late.astimezone(dt.UTC).date() != new_york_date(late)
    listed = a_straddle_chain(("590", 0, "1.00", "1.02", "1.00", "1.02"), now=late)
    assert expiry_of(listed, new_york_date(late)) == new_york_date(late)
    assert expiry_of(listed, late.astimezone(dt.UTC).date()) is None


@pytest.mark.parametrize(
    ("symbol", "root", "expiry", "right", "strike"),
    [
        ("AAPL250516P00207500", "AAPL", dt.date(2025, 5, 16), Right.PUT, "207.5"),
        ("C250516P00060000", "C", dt.date(2025, 5, 16), Right.PUT, "60"),
        ("PCPCPC250516C00060000", "PCPCPC", dt.date(2025, 5, 16), Right.CALL, "60"),
        ("SPXW1250516P06000000", "SPXW1", dt.date(2025, 5, 16), Right.PUT, "6000"),
    ],
)
def test_the_tail_of_a_symbol_is_its_last_fifteen_characters(
    symbol: str, root: str, expiry: dt.date, right: Right, strike: str
) -> None:
    """Items 6 and 24: a right is read from its place, never from a letter somewhere in the text."""
    contract = parse_occ(symbol, {})

    assert (contract.root, contract.expiry, contract.right, contract.strike) == (root, expiry, right, Decimal(strike))
    assert contract.occ == symbol


@pytest.mark.parametrize("symbol", ["250516P00207500", "TOOLONG250516P00207500", "aapl250516P00207500"])
def test_a_root_has_one_to_six_letters_or_digits(symbol: str) -> None:
    """Item 24."""
    with pytest.raises(InvalidInput):
        parse_occ(symbol, {})
