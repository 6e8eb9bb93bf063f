"""Every recorded Tradier body is read by the reader of its kind or refused with a reason, and nothing else happens.

The bodies are of three generations (2013 to 2024); those of 2013 tell who only knew the old names. Mutated in every way
the wire could, they are still read or refused: nothing outside our tree of errors is raised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extent import many
from gammacore.adapters.tradier.accounts import read_balances, read_positions, read_profile
from gammacore.adapters.tradier.faults import WireTrouble, read_answer
from gammacore.adapters.tradier.listed_options import read_options
from gammacore.adapters.tradier.markets import read_clock, read_expirations
from gammacore.adapters.tradier.news import read_session
from gammacore.adapters.tradier.order_reports import report_of
from gammacore.adapters.tradier.orders import read_canceled, read_orders, read_placed
from gammacore.adapters.tradier.price_history import read_daily, read_intraday
from gammacore.adapters.tradier.quotes import read_quotes
from gammacore.errors import GammacoreError

Reader = Callable[[object], object]


def reports(answer: object) -> object:
    """Rows of a list of orders, as far as our report of them."""
    return [report_of(row) for row in read_orders(answer)]


def account_figures(answer: object) -> object:
    balances = read_balances(answer)
    return balances.total_equity, balances.for_options


def minutes(answer: object) -> object:
    return read_intraday(answer, 60)


READ: dict[Reader, list[str]] = {
    reports: [
        "asynctradier__get_orders_multiple",
        "asynctradier__get_orders_single",
        "asynctradier__get_orders_single_1",
        "orders_empty_null_string",
        "orders_null",
        "swift_tradier_lib__orders_1",
    ],
    read_placed: [
        "asynctradier__buy_option",
        "asynctradier__modify_order",
        "swift_tradier_lib__orders_3",
        "tradier_rb_2013__placed_order",
    ],
    read_canceled: ["asynctradier__cancel_order"],
    account_figures: [
        "asynctradier__get_balance_cash",
        "asynctradier__get_balance_margin",
        "asynctradier__get_balance_pdt",
    ],
    read_positions: [
        "asynctradier__get_positions_multiple",
        "asynctradier__get_positions_single",
        "positions_empty_null_string",
        "tradier_rb_2013__account_positions",
    ],
    read_session: [
        "asynctradier__get_streaming_account_session",
        "asynctradier__get_streaming_market_data_session",
        "tradier_rb_2013__session",
    ],
    read_profile: ["asynctradier__get_user_profile", "tradier_rb_2013__user_profile"],
    read_quotes: [
        "asynctradier__get_quotes_multiple",
        "asynctradier__get_quotes_parts_unmatch_symbol",
        "asynctradier__get_quotes_single",
        "asynctradier__get_quotes_unmatched_symbol",
        "asynctradier__get_quotes_with_greeks",
        "tradier_rb_2013__option_quote",
        "tradier_rb_2013__option_quotes",
        "tradier_rb_2013__quote",
        "tradier_rb_2013__quotes",
    ],
    read_options: [
        "asynctradier__get_option_chains",
        "asynctradier__get_option_chains_invalid_symbol",
    ],
    read_expirations: [
        "asynctradier__get_option_expirations_all_info",
        "asynctradier__get_option_expirations_only_date",
        "asynctradier__get_option_expirations_toggles",
        "tradier_rb_2013__expirations",
        "tradier_rb_2013__expirations_with_strikes",
    ],
    read_clock: ["tradier_rb_2013__clock"],
    minutes: ["asynctradier__get_time_and_sale", "tradier_rb_2013__timesales"],
    read_daily: [
        "asynctradier__get_historical_quotes",
        "asynctradier__get_historical_quotes_non_list",
        "tradier_rb_2013__history",
    ],
}

REFUSED: dict[str, tuple[Reader, str]] = {
    # orders and chains as they were in 2013: times under other names, no word of what was filled, no kind of option
    "tradier_rb_2013__account_orders": (reports, "has no time"),
    "tradier_rb_2013__chain": (read_options, "none of the 330 contracts"),
    "tradier_rb_2013__order_with_warnings": (read_placed, "buying power"),
    # the account as it was in 2013
    "tradier_rb_2013__account_balances": (account_figures, "total_equity"),
    # several accounts at once: resources we never ask for
    "tradier_rb_2013__user_balances": (account_figures, "does not hold balances"),
    "tradier_rb_2013__user_orders": (reports, "does not hold orders"),
    "tradier_rb_2013__user_positions": (read_positions, "does not hold positions"),
    # one order, previews, clearing, strikes, the calendar: resources we never ask for
    "asynctradier__get_order": (reports, "does not hold orders"),
    "swift_tradier_lib__orders_2": (reports, "does not hold orders"),
    "tradier_rb_2013__order": (reports, "does not hold orders"),
    "asynctradier__get_history_multiple": (read_positions, "does not hold positions"),
    "asynctradier__get_history_page": (read_positions, "does not hold positions"),
    "asynctradier__get_history_single": (read_positions, "does not hold positions"),
    "asynctradier__get_gainloss_multiple": (read_positions, "does not hold positions"),
    "asynctradier__get_gainloss_page": (read_positions, "does not hold positions"),
    "asynctradier__get_gainloss_single": (read_positions, "does not hold positions"),
    "tradier_rb_2013__account_gainloss": (read_positions, "does not hold positions"),
    "tradier_rb_2013__account_history": (read_positions, "does not hold positions"),
    "tradier_rb_2013__user_gainloss": (read_positions, "does not hold positions"),
    "tradier_rb_2013__user_history": (read_positions, "does not hold positions"),
    "asynctradier__get_option_strikes": (read_options, "does not hold options"),
    "asynctradier__get_option_strikes_invalid_date": (read_options, "does not hold options"),
    "tradier_rb_2013__strikes": (read_options, "does not hold options"),
    "asynctradier__get_calendar": (read_clock, "does not hold clock"),
    "tradier_rb_2013__calendar": (read_clock, "does not hold clock"),
    "order_preview_equity": (reports, "does not hold orders"),
    # listings of other things: resources we never ask for
    "asynctradier__get_etb": (read_quotes, "does not hold quotes"),
    "asynctradier__get_etbs_singal_item": (read_quotes, "does not hold quotes"),
    "tradier_rb_2013__etb": (read_quotes, "does not hold quotes"),
    "asynctradier__search_symbols": (read_quotes, "does not hold quotes"),
    "asynctradier__search_symbols_single_item": (read_quotes, "does not hold quotes"),
    "tradier_rb_2013__search": (read_quotes, "does not hold quotes"),
    "tradier_rb_2013__lookup": (read_quotes, "does not hold quotes"),
    "asynctradier__option_lookup": (read_options, "does not hold options"),
    "asynctradier__option_lookup_invalid_symbol": (read_options, "does not hold options"),
    "tradier_rb_2013__watchlist": (read_quotes, "does not hold quotes"),
    "tradier_rb_2013__watchlist_item": (read_quotes, "does not hold quotes"),
    "tradier_rb_2013__watchlists": (read_quotes, "does not hold quotes"),
}

FAULTS = {
    "fault_access_token_expired": "Access Token expired",
    "fault_datastore_error_transient": "Datastore Error",
    "fault_invalid_access_token": "Invalid Access Token",
    "ws_error": "1234 is not a valid symbol",
}


@pytest.fixture(scope="session")
def bodies(shared_data: Path) -> dict[str, str]:
    """The recorded bodies by name; what is no body (the index) is left out."""
    folder = shared_data / "tradier_fixtures"
    return {file.stem: file.read_text() for file in folder.glob("*.json") if file.stem != "INDEX"}


def test_every_body_has_its_reader(bodies: dict[str, str]) -> None:
    named = [name for names in READ.values() for name in names] + [*REFUSED, *FAULTS]
    assert sorted(named) == sorted(bodies)


@pytest.mark.parametrize(("reader", "name"), [(reader, name) for reader, names in READ.items() for name in names])
def test_a_body_is_read_by_the_reader_of_its_kind(bodies: dict[str, str], reader: Reader, name: str) -> None:
    reader(read_answer(200, bodies[name]))


@pytest.mark.parametrize(("name", "reader", "reason"), [(name, *by) for name, by in REFUSED.items()], ids=list(REFUSED))
def test_a_body_that_cannot_be_used_is_refused_with_a_reason(
    bodies: dict[str, str], name: str, reader: Reader, reason: str
) -> None:
    with pytest.raises(GammacoreError, match=reason):
        reader(read_answer(200, bodies[name]))


@pytest.mark.parametrize(("name", "words"), FAULTS.items(), ids=list(FAULTS))
def test_a_fault_is_recognised_before_any_reader_sees_it(bodies: dict[str, str], name: str, words: str) -> None:
    for status in (200, 401, 500):
        with pytest.raises(WireTrouble) as trouble:
            read_answer(status, bodies[name])
        assert words in trouble.value.words


# -- mutated bodies ---------------------------------------------------------------------------------------------------

EXAMPLES = many(50, 800)
"""For each reader; more than 10,000 over all of them."""

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        ["null", "", "NaN", "-1", "0", "Infinity", "1e400", "9" * 5000, "2026-02-30", "0000", "SPXW", "\x00"]
    ),
    st.sampled_from([0, -1, 10**9, 10**18, 10**40, -(10**15), 1e-300, 1e308, float("nan"), float("inf"), 0.1, 2.5]),
    st.sampled_from([[], {}, [None], [[]], {"x": {}}, ["null"], [{}, 7]]),
    st.text(max_size=4),
)
Change = tuple[int, str, Any]
CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["drop", "replace", "repeat", "rename", "wrap"]), JUNK),
    min_size=1,
    max_size=4,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a body, outermost first."""
    if isinstance(value, dict):
        here: list[tuple[Any, Any]] = [(value, key) for key in value]
    elif isinstance(value, list):
        here = [(value, number) for number in range(len(value))]
    else:
        return []
    return here + [place for container, key in here for place in places(container[key])]


def change(body: Any, where: int, how: str, junk: Any) -> None:
    """One mutation, in place. "repeat" writes a key twice (or an element), the second time with something else."""
    if not (all_places := places(body)):
        return
    container, key = all_places[where % len(all_places)]
    junk = deepcopy(junk)  # a later change may land in it
    if how == "drop":
        del container[key]
    elif how == "replace":
        container[key] = junk
    elif how == "wrap":
        container[key] = [container[key]]
    elif isinstance(container, list):
        container.insert(key, container[key] if how == "repeat" else junk)
    elif how == "repeat":
        container[key + TWICE] = junk
    else:
        container[f"{key}_"] = container.pop(key)


TWICE = "~twice"


def shortened(value: Any) -> Any:
    """A body with lists of three at most: the kinds of its elements, not their number, are what a mutation meets."""
    if isinstance(value, dict):
        return {key: shortened(cell) for key, cell in value.items()}
    return [shortened(cell) for cell in value[:3]] if isinstance(value, list) else value


def mutated(body: str, changes: Sequence[Change], cut: int | None) -> str:
    tree = shortened(json.loads(body))
    for where, how, junk in changes:
        change(tree, where, how, junk)
    text = json.dumps(tree).replace(TWICE, "")
    return text if cut is None else text[: cut % (len(text) + 1)]


@pytest.mark.parametrize("reader", READ, ids=lambda reader: reader.__name__)
def test_a_mutated_body_is_read_or_refused_and_nothing_else(bodies: dict[str, str], reader: Reader) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(name=st.sampled_from(READ[reader]), changes=CHANGES, cut=st.none() | st.integers(0, 5000))
    def read_or_refused(name: str, changes: list[Change], cut: int | None) -> None:
        text = mutated(bodies[name], changes, cut)
        with suppress(GammacoreError, WireTrouble):
            reader(read_answer(200, text))

    read_or_refused()


@settings(max_examples=many(30, 300), deadline=None)
@given(status=st.integers(100, 599), text=st.text() | st.recursive(JUNK, st.lists).map(json.dumps))
def test_any_answer_at_all_is_read_or_is_trouble(status: int, text: str) -> None:
    with suppress(WireTrouble):
        read_answer(status, text)
