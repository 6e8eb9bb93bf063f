"""Unknown contracts: what pairs, what it was sold for, whose it is. Rules: CS-573..575."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, a_mark, a_session, at
from builders_exchange import call, put
from gammacore.domain.book.book import Book
from gammacore.domain.desks.orphans import (
    OURS_ONLY,
    Adopt,
    OrphanSearch,
    ReconcileRules,
    credit_of_costs,
    find_orphans,
    orphan_policy,
)
from gammacore.domain.holding_events import HoldingAdopted, PolicyRecorded
from gammacore.domain.holdings.holding import Origin, SoldSpread
from gammacore.domain.holdings.plans import SpreadTerms, policy_id
from gammacore.domain.holdings.policy import PRESETS, StopPolicy, stop_policy
from gammacore.domain.instruments import REGISTRY, OptionContract, Side
from gammacore.domain.legs import LegFill
from gammacore.domain.orders import Execution, OrderReport, OrderState, client_order_id, is_our_id, lineage_mark
from gammacore.domain.stops.rules import update_watch
from gammacore.domain.words import Direction, StrategyTag

NOW, BOUGHT_AT = at("10:30"), at("10:02")
OURS, THEIRS = f"gc-{lineage_mark('f00d')}" + "0" * 17, "made-by-hand"
ALL = ReconcileRules(Adopt.ALL)

Trade = tuple[OptionContract, int, str]
"""Contract, signed contracts, price in points."""


def a_report(*trades: Trade, order_id: str = OURS, time: dt.datetime = BOUGHT_AT) -> OrderReport:
    fills = tuple(
        LegFill(contract.occ, Side.BUY if count > 0 else Side.SELL, abs(count), Decimal(price))
        for contract, count, price in trades
    )
    quantity = min(fill.quantity for fill in fills)
    return OrderReport(order_id, "1", OrderState.FILLED, Execution(quantity, None, legs=fills), time)


def search(
    held: Mapping[OptionContract, int],
    *reports: OrderReport,
    rules: ReconcileRules = OURS_ONLY,
    policy: StopPolicy | None = None,
    taken: Iterable[str] = (),
) -> OrphanSearch:
    unknown = {contract.occ: count for contract, count in held.items()}
    return find_orphans(
        unknown,
        reports,
        at=NOW,
        rules=rules,
        mine=OURS[3:11],
        policy=policy or stop_policy("standard"),
        taken=list(taken),
    )


def strikes(found: OrphanSearch) -> list[str]:
    return [orphan.spread.spread.strikes for orphan in found.adopted if orphan.spread and orphan.spread.spread]


def the_orphan(found: OrphanSearch) -> HoldingAdopted:
    (orphan,) = found.adopted
    return orphan


def terms(orphan: HoldingAdopted) -> SpreadTerms:
    assert orphan.spread is not None
    return orphan.spread


def book_with(orphan: HoldingAdopted, policy: StopPolicy = PRESETS["standard"]) -> Book:
    """The book of a ledger that recorded the stops an orphan gets, and then took it over."""
    stops = orphan_policy(policy)
    return Book.of([PolicyRecorded(NOW, policy_id(stops), stops), orphan])


def held(orphan: HoldingAdopted, policy: StopPolicy = PRESETS["standard"]) -> SoldSpread:
    (holding,) = book_with(orphan, policy).live_spreads
    return holding


def test_an_orphan_was_acquired_with_its_last_leg() -> None:
    """CS-575: the time of acquisition, when the spread was whole."""
    sold = a_report((put(6880), -1, "5.00"), time=at("10:02"))
    bought = a_report((put(6870), 1, "2.50"), order_id=OURS[:-1] + "b", time=at("10:07"))

    assert the_orphan(search({put(6880): -1, put(6870): 1}, sold, bought)).opened_at == at("10:07")
    assert the_orphan(search({put(6880): -1, put(6870): 1}, bought, sold)).opened_at == at("10:07")


SOLD, COVER = put(6880), put(6870)
HELD = {SOLD: -3, COVER: 3}
ENTRY = a_report((SOLD, -3, "5.00"), (COVER, 3, "2.50"))


def test_a_spread_our_order_opened_is_adopted_as_it_was_opened() -> None:
    """CS-575: credit, quantity, strikes, time of acquisition, target .50, distance 0, flag."""
    orphan = the_orphan(search(HELD, ENTRY))

    assert (orphan.at, orphan.opened_at, orphan.origin) == (NOW, BOUGHT_AT, Origin.ORPHAN)
    assert (orphan.contracts, orphan.price) == (3, Decimal("2.50"))
    assert orphan.symbols == {SOLD.occ: -3, COVER.occ: 3}
    assert (terms(orphan).strategy, terms(orphan).direction) == (StrategyTag.PUT_SPREAD, Direction.BULLISH)
    assert held(orphan).plan.policy.fixed_target == Decimal("0.50")
    assert held(orphan).entry_distance == 0


def test_nothing_of_an_adopted_spread_is_left_over() -> None:
    assert search(HELD, ENTRY).rest == {}


def test_the_credit_is_the_signed_cost_of_both_legs() -> None:
    """CS-575: +1,320 and -2,100 are 7.80 for one contract."""
    assert credit_of_costs([Decimal(1320), Decimal(-2100)], 1) == Decimal("7.80")

    found = search({call(6950): -1, call(6970): 1}, a_report((call(6950), -1, "21.00"), (call(6970), 1, "13.20")))
    assert (the_orphan(found).price, terms(the_orphan(found)).strategy) == (Decimal("7.80"), StrategyTag.CALL_SPREAD)


def test_fills_at_several_prices_count_at_their_average() -> None:
    first = a_report((SOLD, -1, "5.00"), (COVER, 1, "2.50"))
    second = a_report((SOLD, -3, "5.40"), (COVER, 3, "2.50"), order_id=OURS[:-1] + "f", time=at("10:05"))
    orphan = the_orphan(search({SOLD: -4, COVER: 4}, first, second))

    assert orphan.price == Decimal("2.80")
    assert orphan.opened_at == at("10:05")


@pytest.mark.parametrize(
    ("bought", "adopted"),
    [("4.99", 1), ("5.00", 0), ("5.01", 0), ("-5.00", 0)],
    ids=["a cent", "nothing", "a debit", "the whole width"],
)
def test_only_a_credit_within_the_width_is_adopted(bought: str, adopted: int) -> None:
    """CS-573: credit > 0; CS-003: a credit of the width or more cannot be."""
    found = search(HELD, a_report((SOLD, -3, "5.00"), (COVER, 3, bought)))

    assert len(found.adopted) == adopted
    assert bool(found.rest) == (not adopted)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({put(6880): -1, put(6870): 1, put(6860): 1}, ["6880/6870"]),
        ({put(6880): -1, put(6870): 2, put(6860): 1}, ["6880/6860"]),
        ({put(6880): -1, put(6890): 1}, []),
        ({call(6980): -1, call(6970): 1}, []),
        ({call(6980): -1, put(6870): 1}, []),
        ({put(6880): -1, put(6870, expiry=DAY + dt.timedelta(days=1)): 1}, []),
        ({put(480): -1, put(470, "SPY"): 1}, []),
        ({put(6880): -1}, []),
        ({put(6870): 1}, []),
        ({put(6880): -2, put(6870): 1}, []),
        ({put(6880): -1, put(6870): -1, put(6865): 1, put(6860): 1}, ["6870/6865", "6880/6860"]),
        ({call(6980): -1, call(6990): 1, put(6880): -1, put(6870): 1}, ["6980/6990", "6880/6870"]),
    ],
    ids=[
        "the nearer long", "equal quantity before nearness", "a long further in", "a call further in", "other right",
        "other expiry", "other underlying", "a naked short", "a lone long", "unequal", "two shorts, narrowest first",
        "a condor is two",
    ],
)  # fmt: skip
def test_each_short_takes_the_nearest_further_out_long_of_equal_quantity(
    held: Mapping[OptionContract, int], expected: list[str]
) -> None:
    """CS-573."""
    prices = {contract: "4.00" if count < 0 else "1.00" for contract, count in held.items()}
    found = search(held, a_report(*((contract, count, prices[contract]) for contract, count in held.items())))

    assert strikes(found) == expected


@pytest.mark.parametrize(
    ("order_id", "rules", "adopted"), [(OURS, OURS_ONLY, 1), (THEIRS, OURS_ONLY, 0), (OURS, ALL, 1), (THEIRS, ALL, 1)]
)
def test_whose_order_it_was_decides_unless_all_are_taken(order_id: str, rules: ReconcileRules, adopted: int) -> None:
    """CS-574."""
    assert len(search(HELD, evolve(ENTRY, id=order_id), rules=rules).adopted) == adopted


@pytest.mark.parametrize("rules", [OURS_ONLY, ALL])
def test_without_fills_there_is_no_credit_and_no_adoption(rules: ReconcileRules) -> None:
    """CS-573: an unknown credit is not above 0."""
    mute = evolve(ENTRY, execution=Execution(3, Decimal("2.50")))

    assert search(HELD, rules=rules).rest == {SOLD.occ: -3, COVER.occ: 3}
    assert search(HELD, mute, rules=rules).adopted == ()


def test_contracts_beyond_what_our_orders_brought_are_another_traders() -> None:
    """CS-574: five are held, three are ours."""
    found = search({SOLD: -5, COVER: 3}, ENTRY)

    assert the_orphan(found).symbols == {SOLD.occ: -3, COVER.occ: 3}
    assert found.rest == {SOLD.occ: -2}


def test_what_our_orders_have_traded_away_again_is_not_ours_any_more() -> None:
    """Opened three, closed one; one more like it was opened by hand."""
    closed = a_report((SOLD, 1, "3.00"), (COVER, -1, "1.00"), order_id=OURS[:-1] + "e", time=at("10:20"))
    orphan = the_orphan(search(HELD, ENTRY, closed))

    assert (orphan.contracts, orphan.price, orphan.opened_at) == (2, Decimal("2.50"), BOUGHT_AT)


def test_names_are_new() -> None:
    first = the_orphan(search(HELD, ENTRY)).holding
    second = the_orphan(search(HELD, ENTRY, taken=[first])).holding

    assert (first, second) == ("SPX-20260105-orphan-1", "SPX-20260105-orphan-2")


def test_a_condors_halves_have_names_of_their_own() -> None:
    """CS-573: it is two positions."""
    condor = {call(6980): -1, call(6990): 1, put(6880): -1, put(6870): 1}
    prices = [(contract, count, "4.00" if count < 0 else "1.00") for contract, count in condor.items()]

    names = [orphan.holding for orphan in search(condor, a_report(*prices)).adopted]
    assert names == ["SPX-20260105-orphan-1", "SPX-20260105-orphan-2"]


def test_the_book_takes_it_and_its_age_is_not_reset() -> None:
    """CS-575: grace runs from the acquisition."""
    book = book_with(the_orphan(search(HELD, ENTRY)))
    (position,) = book.live_spreads

    assert (position.open_contracts, position.cash, position.origin) == (3, Decimal(750), Origin.ORPHAN)
    assert position.age_seconds(NOW) == 28 * 60
    assert book.expected_holdings() == {SOLD.occ: -3, COVER.occ: 3}


@pytest.mark.parametrize("hold_distance", ["8", "0"])
def test_an_orphan_is_never_held_for_settlement(hold_distance: str) -> None:
    """CS-575: not even where no distance is asked for."""
    policy = evolve(stop_policy("standard"), hold_distance=Decimal(hold_distance))
    orphan = the_orphan(search(HELD, ENTRY, policy=policy))
    position = held(orphan, policy)
    cheap = a_mark("0.10")
    watch = update_watch(position.plan.policy, position, cheap, NOW, a_session(), Decimal(12), REGISTRY["SPX"])

    assert not watch.hold


def test_its_stops_are_the_active_ones_and_its_target_is_fixed() -> None:
    """CS-575: also where targets go by the hours to the close."""
    active = evolve(stop_policy("head"), time_weighted_targets=True)
    policy = orphan_policy(active)

    assert (policy.stop, policy.emergency, policy.fixed_target) == (active.stop, active.emergency, Decimal("0.50"))


@pytest.mark.parametrize(
    ("order_id", "ours"),
    [
        (OURS, True), (f"GEXENTRY-{OURS}", True), (f"GEXEXIT-EMERGENCY-{OURS}", True), (f"OTHER-{OURS}", False),
        ("gc-" + "a" * 24, False), ("gc-" + "a" * 26, False), ("gc-" + "g" * 25, False), ("gc-", False), ("", False),
    ],
)  # fmt: skip
def test_our_ids_are_recognised_bare_and_as_tags(order_id: str, ours: bool) -> None:
    """CS-407, CS-574."""
    assert is_our_id(order_id) is ours


@given(st.text(), st.integers(1, 99))
def test_every_id_we_make_is_ours(position: str, attempt: int) -> None:
    made = client_order_id(
        account="paper", lineage="x", strategy="credit-spread", underlying="SPX", day=DAY, position=position,
        step="entry", attempt=attempt,
    )  # fmt: skip
    assert is_our_id(made)


CONTRACTS = [put(strike) for strike in (6860, 6870, 6880, 6890)] + [call(strike) for strike in (6970, 6980, 6990)]


@given(
    st.dictionaries(st.sampled_from(CONTRACTS), st.integers(-3, 3).filter(bool)),
    st.dictionaries(st.sampled_from(CONTRACTS), st.integers(-3, 3).filter(bool)),
)
def test_adopted_and_rest_are_all_that_was_unknown(
    held: Mapping[OptionContract, int], ordered: Mapping[OptionContract, int]
) -> None:
    """CS-573, CS-574: nothing is lost, nothing made up; what is adopted is covered and within what we ordered."""
    trades = [(contract, count, "4.00" if count < 0 else "1.00") for contract, count in ordered.items()]
    found = search(held, *([a_report(*trades)] if trades else []))

    total = dict(found.rest)
    for leg in found.naked:
        assert ordered[leg.contract] <= leg.held < 0
        total[leg.contract.occ] = total.get(leg.contract.occ, 0) + leg.held
    for orphan in found.adopted:
        assert sum(orphan.symbols.values()) == 0
        for symbol, count in orphan.symbols.items():
            total[symbol] = total.get(symbol, 0) + count
            assert abs(count) <= abs({c.occ: n for c, n in ordered.items()}[symbol])
    assert {symbol: count for symbol, count in total.items() if count} == {c.occ: n for c, n in held.items()}


# -- naked shorts of ours ----------------------------------------------------------------------------------------------

ALONE = a_report((SOLD, -3, "5.00"))
BY_HAND = a_report((SOLD, -3, "4.00"), order_id=THEIRS)


def naked(found: OrphanSearch) -> dict[str, int]:
    return {leg.contract.occ: leg.held for leg in found.naked}


def test_what_our_order_sold_without_a_cover_is_naked_and_no_part_of_the_rest() -> None:
    """CS-574."""
    found = search({SOLD: -3}, ALONE)

    assert naked(found) == {SOLD.occ: -3}
    assert [leg.price for leg in found.naked] == [Decimal("5.00")]
    assert (found.adopted, dict(found.rest)) == ((), {})


@pytest.mark.parametrize(
    ("held", "reports"),
    [
        ({SOLD: -3}, [BY_HAND]),
        ({SOLD: -3}, [evolve(ALONE, state=OrderState.PARTIALLY_FILLED)]),
        ({SOLD: -3}, [ENTRY]),
        ({SOLD: -3, COVER: 2}, [ALONE, a_report((COVER, 2, "2.00"), order_id=THEIRS)]),
        ({COVER: 3}, [a_report((COVER, 3, "2.50"))]),
    ],
    ids=[
        "sold by hand",
        "the order still works",
        "our cover is not shown",
        "a long by hand covers some",
        "a lone long",
    ],
)
def test_these_are_not_naked_whoever_counts_as_ours(
    held: Mapping[OptionContract, int], reports: Iterable[OrderReport]
) -> None:
    """CS-574: to buy back what is covered, or may be in a moment, would leave a loose long."""
    assert naked(search(held, *reports, rules=ALL)) == {}


@pytest.mark.parametrize(
    "elsewhere",
    [call(6870), put(6870, expiry=DAY + dt.timedelta(days=1)), put(687, "SPY")],
    ids=["other right", "other expiry", "other underlying"],
)
def test_a_long_of_another_series_covers_nothing(elsewhere: OptionContract) -> None:
    found = search({SOLD: -3, elsewhere: 3}, ALONE, a_report((elsewhere, 3, "2.50"), order_id=OURS[:-17] + "1" * 17))

    assert naked(found) == {SOLD.occ: -3}


def test_only_our_part_of_a_short_is_bought_back() -> None:
    """CS-574: two of the five were sold by hand; whoever adopts everything still buys back only its own."""
    by_hand = a_report((SOLD, -2, "4.00"), order_id=THEIRS)
    found = search({SOLD: -5}, ALONE, by_hand, rules=ALL)

    assert naked(found) == {SOLD.occ: -3}
    assert dict(found.rest) == {SOLD.occ: -2}


def test_shares_our_orders_bought_are_no_cover_and_no_fault() -> None:
    shares = LegFill("SPY", Side.BUY, 100, Decimal(480))
    hedge = OrderReport(OURS[:-1] + "1", "2", OrderState.FILLED, Execution(100, None, legs=(shares,)), BOUGHT_AT)

    assert naked(search({SOLD: -3}, ALONE, hedge)) == {SOLD.occ: -3}
