"""What the account allows, each limit at its edge, and the last look before an order. CS-302, CS-337..343, CS-363."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from builders import a_condor, a_plan, a_put_spread, at
from builders_day import closed, entry_ticket, opened, ordered
from builders_desk import a_book, entry_filled
from builders_hedge_day import CALL, bought, share_ticket, traded
from builders_holdings import holding_began, order_intended, spread_adopted
from gammacore.domain import holding_events, ledger
from gammacore.domain.book.book import Book
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.holdings.ratio import worst_loss
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import Event
from gammacore.domain.orders import Purpose
from gammacore.domain.risk.limits import (
    AddedRisk,
    Oversize,
    RiskLimits,
    contracts_by_buying_power,
    judge_halted,
    live_plans,
    open_risk,
)
from gammacore.domain.verdicts import Outcome

LIMITS = RiskLimits()
STRICT = RiskLimits(oversize=Oversize.SKIP)
NOON = at("12:00")
FOREIGN = ledger.HoldingsQuarantined(at("09:31"), {"SPXW260105P06800000": -1, "SPXW260105P06790000": 1}, "not ours")


def positions(count: int, contracts: int = 1) -> list[Event]:
    """So many open put spreads, 750 dollars of risk a contract, well apart."""
    plans = (
        a_plan(a_put_spread(short, short - 10), position=f"t{number}", contracts=contracts)
        for number, short in enumerate(range(6880, 6880 - 50 * count, -50))
    )
    return [event for plan in plans for event in opened(plan)]


def having_lost(amount: str) -> Book:
    plan = a_plan()
    return a_book(opened(plan), closed(plan, "11:00", "stop_loss", "5", f"-{amount}"))


# Position limit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "reason"), [(0, None), (2, None), (3, "position_limit"), (4, "position_limit")])
def test_the_fourth_position_is_one_too_many(count: int, reason: str | None) -> None:
    """CS-338: fewer than 3 before this one."""
    assert LIMITS.judge_position_limit(a_book(positions(count))).reason == reason


@pytest.mark.parametrize(("most", "reason"), [({"SPX": 2}, "position_limit"), ({"SPX": 3}, None), ({"NDX": 1}, None)])
def test_an_underlying_has_a_limit_of_its_own(most: dict[str, int], reason: str | None) -> None:
    """Section 0.1, CS-338: positions at most, of the underlying that is traded today."""
    ((symbol, limit),) = most.items()
    line = evolve(REGISTRY[symbol], max_positions=limit)

    assert RiskLimits(max_positions=5).judge_position_limit(a_book(positions(2)), line).reason == reason


def test_a_working_entry_counts_and_a_partly_filled_one_counts_once() -> None:
    """CS-338; must not regress 18."""
    working = a_plan(position="w")
    book = a_book(positions(2), ordered(working))
    assert LIMITS.judge_position_limit(book).reason == "position_limit"
    assert [plan.holding for plan in live_plans(book)] == ["t0", "t1", "w"]

    partly = a_book(positions(1), ordered(working), entry_filled(working, 1))
    assert len(live_plans(partly)) == 2


def test_an_entry_without_an_answer_counts() -> None:
    """R4: unknown is working."""
    unknown = ledger.OrderOutcomeUnknown(at("10:01"), "entry-w", "no answer")
    intent = [event for event in ordered(a_plan(position="w")) if not isinstance(event, ledger.OrderAccepted)]

    assert LIMITS.judge_position_limit(a_book(positions(2), intent, unknown)).reason == "position_limit"


def test_closing_and_quarantined_positions_count() -> None:
    """CS-338, CS-574."""
    closing = holding_events.CloseDecided(at("10:30"), "t0", "stop_loss", None, "")

    assert not LIMITS.judge_position_limit(a_book(positions(3), closing)).passed
    assert not LIMITS.judge_position_limit(a_book(positions(1), FOREIGN)).passed


def test_what_was_rejected_canceled_or_closed_does_not_count() -> None:
    rejected = ledger.OrderWasRejected(at("10:01"), "entry-w", "no")
    plan = a_plan(position="c")

    book = a_book(ordered(a_plan(position="w")), rejected, opened(plan), closed(plan, "11:00", "target", "1", "150"))
    assert live_plans(book) == ()
    assert open_risk(book) == 0


# Money ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lost", "reason"), [("499.99", None), ("500", "daily_loss"), ("500.01", "daily_loss")])
def test_five_hundred_lost_end_the_day(lost: str, reason: str | None) -> None:
    """CS-339: realised > −500."""
    assert LIMITS.judge_daily_loss(having_lost(lost), NOON).reason == reason


def test_fees_count_and_yesterday_does_not() -> None:
    """CS-339: after fees (ours), of the New York date."""
    plan = a_plan()
    book = a_book(opened(plan), closed(plan, "11:00", "stop_loss", "5", "-490", fees="5"))

    assert LIMITS.judge_daily_loss(book, NOON).reason == "daily_loss"
    assert LIMITS.judge_daily_loss(book, at("12:00", plan.scheduled_at.date().replace(day=6))).passed


@pytest.mark.parametrize(("balance", "reason"), [("10000", None), ("9999.99", "minimum_account")])
def test_an_account_of_ten_thousand_trades(balance: str, reason: str | None) -> None:
    """CS-340, ruling P."""
    assert LIMITS.judge_minimum_account(a_book(balance=balance)).reason == reason


@pytest.mark.parametrize(
    ("minutes", "time", "reason"),
    [(0, "10:01", None), (15, "10:14:59", "entry_spacing"), (15, "10:15", None), (15, "15:00", None)],
)
def test_entries_may_be_spaced(minutes: int, time: str, reason: str | None) -> None:
    """CS-337; must not regress 39: 0 is off."""
    limits = RiskLimits(entry_spacing_minutes=minutes)

    assert limits.judge_spacing(a_book(positions(1)), at(time)).reason == reason
    assert limits.judge_spacing(a_book(), at(time)).passed


@pytest.mark.parametrize(
    ("sent", "now", "reason"),
    [("10:10", "10:15", "entry_spacing"), ("10:10", "10:25", None), ("10:00:02", "10:15:01", None)],
)
def test_spacing_counts_from_when_the_entry_was_sent(sent: str, now: str, reason: str | None) -> None:
    """CS-337: an entry of 10:00 sent ten minutes late keeps 10:15 free; seconds of the loop do not count."""
    plan = a_plan()
    late = order_intended(at(sent), entry_ticket(plan), plan)

    assert RiskLimits(entry_spacing_minutes=15).judge_spacing(a_book(late), at(now)).reason == reason


def test_an_adopted_position_is_spaced_from_when_it_was_acquired() -> None:
    """CS-337, CS-575: it has no order of ours."""
    plan, limits = a_plan(), RiskLimits(entry_spacing_minutes=15)
    holdings = {leg.contract.occ: leg.side.sign for leg in plan.spread.opening_legs}
    adopted = spread_adopted(
        at("10:05"), plan, 1, Decimal("2.50"), holdings, plan.scheduled_at, SpreadWatch(), orphan=True
    )  # fmt: skip

    assert limits.judge_spacing(a_book(adopted), at("10:14")).reason == "entry_spacing"
    assert limits.judge_spacing(a_book(adopted), at("10:15")).passed


def test_the_kill_switch_stops_entries() -> None:
    """CS-302."""
    assert judge_halted(a_book(ledger.Halted(at("10:00"), "drill"))).reason == "halted"
    assert judge_halted(a_book()).passed


# Concurrent risk ------------------------------------------------------------------------------------------------------


def test_three_ten_wide_positions_at_worst() -> None:
    """Section 6, source 002: 3,000 is 30 % of 10,000."""
    thousand = Decimal(1000)

    assert LIMITS.judge_concurrent_risk(a_book(balance="10000"), 3, thousand).passed
    assert LIMITS.contracts_by_risk(a_book(balance="10000"), thousand) == 3
    assert LIMITS.contracts_by_risk(a_book(balance="9999.99"), thousand) == 2


@pytest.mark.parametrize(
    ("balance", "fits"), [("15000", 3), ("14999.99", 2), ("10000", 1), ("7500", 0), ("2500", 0)]
)  # fmt: skip
def test_what_is_open_takes_its_part_of_the_thirty_percent(balance: str, fits: int) -> None:
    """CS-342: 3 x 750 are open; 15,000 leave room for 3 x 750 more, exactly."""
    assert LIMITS.contracts_by_risk(a_book(positions(3), balance=balance), Decimal(750)) == fits


@pytest.mark.parametrize(("limits", "reason"), [(LIMITS, None), (STRICT, "concurrent_risk")])
def test_over_the_limit_contracts_shrink_or_skip(limits: RiskLimits, reason: str | None) -> None:
    """CS-363: 10,000 leave 3,000: two of 1,100 fit, three do not."""
    verdict = limits.judge_concurrent_risk(a_book(balance="10000"), 3, Decimal(1100))

    assert verdict.reason == reason
    assert ("shrink to 2" in verdict.value) is (reason is None)


def test_fewer_than_one_contract_skips_whatever_the_policy() -> None:
    """CS-363."""
    verdict = LIMITS.judge_concurrent_risk(a_book(balance="10000"), 1, Decimal(3001))

    assert str(verdict) == "skip concurrent_risk: 3001.00 at risk > 30% of 10000.00"


def test_working_entries_count_with_what_is_not_filled_yet() -> None:
    """CS-342: two of three are filled: nothing is counted twice."""
    plan = a_plan(contracts=3)

    assert open_risk(a_book(ordered(plan))) == 2250
    assert open_risk(a_book(ordered(plan), entry_filled(plan, 2))) == 2250
    assert open_risk(a_book(opened(plan))) == 2250


def test_working_closes_are_no_new_risk() -> None:
    plan = a_plan(contracts=3)
    decided, intended, *_ = closed(plan, "12:30", "stop_loss", "2.8", "-90")

    assert open_risk(a_book(opened(plan), decided, intended)) == 2250
    assert len(live_plans(a_book(opened(plan), decided, intended))) == 1


def test_a_quarantined_position_counts_with_its_own_maximum_loss() -> None:
    """CS-363: its premium is not known, so the whole width is."""
    assert open_risk(a_book(positions(1), FOREIGN)) == 1750


@pytest.mark.parametrize(
    ("holdings", "loss"),
    [
        ({}, 0),
        ({"0105P6800": 2}, 0),  # owned: paid for
        ({"0105P6880": -2, "0105P6870": 2}, 2000),
        ({"0105P6880": -1}, 688_000),  # naked: down to nothing
        ({"0105C6980": -1}, 698_000),  # naked, and without a bound: counted up to twice the strike
        ({"0105C6980": -1, "0105C6990": 1}, 1000),
        ({"0105C6980": -1, "0105C6990": 1, "0105P6880": -1, "0105P6860": 1}, 2000),  # only one side can lose
        ({"0105P6880": -1, "0105P6870": 1, "0106P6880": -1, "0106P6870": 1}, 2000),  # two expiries can both lose
    ],
)
def test_the_worst_of_contracts_of_unknown_premium_is_at_a_strike_or_an_end(
    holdings: dict[str, int], loss: int
) -> None:
    """CS-363, CS-574."""
    assert worst_loss({f"SPXW26{leg[:5]}0{leg[5:]}000": held for leg, held in holdings.items()}) == loss


@pytest.mark.parametrize(
    ("trades", "counted"),
    [
        ([(Purpose.HEDGE, 50)], 0),
        ([(Purpose.ENTRY, 9)], 9),
        ([(Purpose.ENTRY, -9)], 9),
        ([(Purpose.HEDGE, 50), (Purpose.ENTRY, 9)], 9),
        ([(Purpose.ENTRY, 9), (Purpose.EXIT, -9)], 0),
        ([(Purpose.ENTRY, 9), (Purpose.HEDGE, -9), (Purpose.HEDGE, -20)], 0),
        ([(Purpose.HEDGE, 50), (Purpose.EXIT, -50), (Purpose.ENTRY, 50)], 50),
    ],
    ids=["a hedge", "bought", "sold short", "a hedge and more", "sold again", "hedged through zero", "bought anew"],
)
def test_shares_beside_options_count_unless_they_are_a_hedge(trades: list[tuple[Purpose, int]], counted: int) -> None:
    """CS-342: two straddles at 3.10, and shares at 600; calls bought beside shares make these no smaller a risk."""
    orders = [
        share_ticket(f"gc-{number}", purpose, shares, closes=purpose.closes, reason="")
        for number, (purpose, shares) in enumerate(trades)
    ]
    filled = [event for order in orders for event in traded(order, at("10:00"), "600")]
    book = a_book(bought(), filled)

    assert open_risk(book) == 620 + counted * 600


def test_shares_that_no_order_brought_count_beside_options() -> None:
    """CS-342: delivered, or held when the inventory was opened."""
    held = {CALL.occ: 1, "SPY": 12}
    book = a_book([holding_began(at("10:00"), "i1", "own", "SPY", held, Decimal(1))])

    assert open_risk(book) == 100 + 12


# Buying power ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("power", "wanted", "reason"),
    [("2250", 3, None), ("2249.99", 3, None), ("750", 1, None), ("749.99", 1, "buying_power"), ("0", 1, "buying_power"),
     ("-5", 1, "buying_power")],
)  # fmt: skip
def test_buying_power_covers_the_maximum_loss_of_what_it_can(power: str, wanted: int, reason: str | None) -> None:
    """CS-343, CS-363: shrinking by default."""
    assert LIMITS.judge_buying_power(Decimal(power), wanted, Decimal(750)).reason == reason


def test_buying_power_shrinks_or_skips() -> None:
    """CS-363."""
    assert "shrink to 2" in LIMITS.judge_buying_power(Decimal("2249.99"), 3, Decimal(750)).value
    assert STRICT.judge_buying_power(Decimal("2249.99"), 3, Decimal(750)).reason == "buying_power"
    assert contracts_by_buying_power(Decimal("2249.99"), Decimal(750)) == 2
    assert contracts_by_buying_power(Decimal(-1), Decimal(750)) == 0


def test_unknown_buying_power_is_no() -> None:
    """CS-343; must not regress 17: a swallowed error once left it unchecked."""
    verdict = LIMITS.judge_buying_power(None, 1, Decimal(750))

    assert (verdict.outcome, verdict.reason, verdict.passed) == (Outcome.UNKNOWN, "buying_power_unknown", False)


# The last look --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("book", "power", "reason"),
    [
        (a_book(), "20000", None),
        (a_book(ledger.Halted(at("10:00"), "drill")), "20000", "halted"),
        (a_book(positions(3)), "20000", "position_limit"),
        (having_lost("500"), "20000", "daily_loss"),
        (a_book(balance="9999"), "20000", "minimum_account"),
        (a_book(positions(2, contracts=4), balance="20000"), "20000", "concurrent_risk"),
        (a_book(), "100", "buying_power"),
        (a_book(), None, "buying_power_unknown"),
    ],
)
def test_the_guard_is_the_first_limit_that_says_no(book: Book, power: str | None, reason: str | None) -> None:
    """CS-338..343; must not regress 7: before any order exists."""
    verdict = LIMITS.guard(AddedRisk.of(a_plan()), book, NOON, None if power is None else Decimal(power))

    assert verdict.reason == reason


@pytest.mark.parametrize(("balance", "power"), [("20000", "1500"), ("10000", "20000")])
def test_the_guard_refuses_a_size_that_no_longer_fits(balance: str, power: str) -> None:
    """CS-342, CS-343: the plan's contracts are what would be sent; five were sized, fewer fit now."""
    plan = a_plan(contracts=5)

    assert not LIMITS.guard(AddedRisk.of(plan), a_book(balance=balance), NOON, Decimal(power)).passed


def test_the_guard_takes_a_condor_by_its_wider_wing() -> None:
    """CS-006."""
    condor = a_plan(a_condor((6980, 6985), (6880, 6865)), credit="2.50")

    assert LIMITS.guard(AddedRisk.of(condor), a_book(), NOON, Decimal("1249.99")).reason == "buying_power"
    assert LIMITS.guard(AddedRisk.of(condor), a_book(), NOON, Decimal(1250)).passed
