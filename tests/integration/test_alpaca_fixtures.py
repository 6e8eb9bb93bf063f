"""Real bodies of Alpaca: each is read or refused with a reason, whole and damaged; nothing leaves our error tree."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import a_put_spread
from builders_alpaca import Bodies
from builders_exchange import an_entry
from extent import many
from gammacore.domain.instruments import Side
from gammacore.domain.orders import OrderState
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.errors import GammacoreError

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy is deprecated:DeprecationWarning")

COUNT = 68
EXAMPLES = many(500, 10_000)
TICKET = an_entry("gc-1", a_put_spread(688, 687, "SPY"), limit="0.23")
CHAIN_DAY, CONTRACTS_DAY, STOCK_DAY = dt.date(2024, 5, 3), dt.date(2023, 11, 3), dt.date(2022, 3, 18)

Call = Callable[[Bodies], object]

CALLS: Mapping[str, Call] = {
    "submit": lambda served: served.broker.submit(TICKET),
    "order": lambda served: served.broker.order("gc-1"),
    "orders": lambda served: served.broker.orders(),
    "holdings": lambda served: served.broker.holdings(),
    "account": lambda served: served.broker.account(),
    "clock": lambda served: served.broker.clock(),
    "cancel": lambda served: served.broker.cancel("gc-1"),
    "snapshot": lambda served: served.market().snapshot(served.clock.now()),
    "bars": lambda served: served.market().bars(
        "AAPL", 86_400, new_york(dt.date(2022, 1, 3), dt.time()), served.clock.now()
    ),
    "settlement": lambda served: served.market().settlement("AAPL", dt.date(2022, 2, 1)),
}
OWN_CALL = [
    ("account_routes__get_account.json", "account"),
    ("position_routes__get_all", "holdings"),
    ("order_routes__get_orders", "orders"),
    ("order_routes__get_order", "submit"),
    ("order_routes__limit", "submit"),
    ("order_routes__market", "submit"),
    ("order_routes__order_position", "submit"),
    ("order_routes__replace", "submit"),
    ("position_routes__close_position", "submit"),
    ("openapi_example", "submit"),
    ("historical_stock_data__get_bars", "bars"),
    ("historical_stock_data__multisymbol_get_bars", "bars"),
]
"""What asks for such a body in trading; all others answer questions we do not ask."""


def own_call(name: str) -> str | None:
    return next((call for beginning, call in OWN_CALL if name.startswith(beginning)), None)


@cache
def bodies_in(folder: Path) -> Mapping[str, Any]:
    return {path.name: json.loads(path.read_text()) for path in sorted((folder / "alpaca_fixtures").glob("*.json"))}


@pytest.fixture(scope="session")
def fixtures(shared_data: Path) -> Mapping[str, Any]:
    return bodies_in(shared_data)


def bodies_on(day: dt.date, time: dt.time = dt.time(15, 59)) -> Bodies:
    return Bodies.of(new_york(day, time), TradingSession.of(day))


@pytest.fixture
def served() -> Iterator[Bodies]:
    bodies = bodies_on(STOCK_DAY)
    yield bodies
    bodies.clients.close()


def outcome(served: Bodies, call: str, body: str) -> str:
    """ "read" or the reason of the refusal; anything outside our tree is the test's failure."""
    served.tell(body)
    try:
        CALLS[call](served)
    except GammacoreError as refusal:
        return f"{type(refusal).__name__}: {refusal}" if str(refusal).strip() else "refused without a reason"
    return "read"


def test_every_body_is_read_or_refused_with_a_reason_by_every_question(
    fixtures: Mapping[str, Any], served: Bodies, record_property: Callable[[str, object], None]
) -> None:
    assert len(fixtures) == COUNT
    outcomes: Counter[tuple[str, bool]] = Counter()
    for body in fixtures.values():
        for call in CALLS:
            words = outcome(served, call, json.dumps(body))
            assert words != "refused without a reason"
            outcomes[call, words == "read"] += 1

    assert sum(outcomes.values()) == COUNT * len(CALLS)
    record_property("outcomes", {f"{call} read={is_read}": count for (call, is_read), count in outcomes.items()})


def test_the_bodies_our_questions_bring_are_read(fixtures: Mapping[str, Any], served: Bodies) -> None:
    asked = {name: call for name in fixtures if (call := own_call(name)) is not None}
    paged = {name for name, body in fixtures.items() if isinstance(body, dict) and body.get("next_page_token")}

    refused = {
        name: words
        for name, call in asked.items()
        if (words := outcome(served, call, json.dumps(fixtures[name]))) != "read"
    }

    assert set(refused) <= paged, refused  # a page that comes for ever is refused, and nothing else
    assert len(asked) >= 20


def test_a_multileg_fill_of_the_vendors_own_is_reported_whole(fixtures: Mapping[str, Any], served: Bodies) -> None:
    """1.28 paid for 3 x 0.43 - 0.01: the parent's price is positive for a debit."""
    body = fixtures["openapi_example__MultilegOptionsOrderResponse.json"]
    served.tell(json.dumps(body))

    report = served.broker.order(body["client_order_id"])

    assert report is not None
    assert (report.state, report.execution.quantity, report.execution.price) == (OrderState.FILLED, 1, Decimal("1.28"))
    assert [(fill.side, fill.quantity, fill.price) for fill in report.execution.legs] == [
        (Side.BUY, 3, Decimal("0.43")), (Side.SELL, 1, Decimal("0.01")),
    ]  # fmt: skip


def test_a_chain_with_greeks_and_one_without_are_quotes_alike(fixtures: Mapping[str, Any]) -> None:
    """The vendor's greeks are left alone."""
    from gammacore.adapters.alpaca.listed_options import Listings, chain_of, read_quotes

    for name, expiry, bid_ask in (
        ("historical_option_data__get_option_chain.json", dt.date(2024, 5, 3), (0.32, 0.35)),
        ("historical_option_data__get_snapshot_latest_quote_only.json", dt.date(2024, 1, 26), (0.48, 0.59)),
    ):
        quotes = read_quotes([fixtures[name]])
        now = dt.datetime(2024, 5, 3, 20, tzinfo=dt.UTC)
        chain = chain_of("AAPL", Listings({}), quotes, now, expiry=expiry, tolerance=dt.timedelta(seconds=5))
        assert chain is not None
        assert (float(chain.bid[0]), float(chain.ask[0])) == bid_ask
        assert np.isnan(chain.gamma).all()
        assert np.isnan(chain.iv).all()
        assert chain.defects == {"no_open_interest": 1}


def test_contracts_are_read_with_their_open_interest(fixtures: Mapping[str, Any]) -> None:
    from gammacore.adapters.alpaca.listed_options import read_listings

    listings = read_listings([fixtures["option_routes__get_option_contracts.json"]])
    listing = listings.contracts["AAPL231103C00170000"]
    assert (listing.contract.strike, listing.open_interest, listing.size) == (Decimal(170), 0.0, 100)


def test_a_share_is_priced_by_its_quote_and_the_close_before_it(fixtures: Mapping[str, Any]) -> None:
    from gammacore.adapters.alpaca.share_price import read_share_price

    now = dt.datetime(2022, 3, 18, 14, 34, tzinfo=dt.UTC)
    price = read_share_price(
        fixtures["historical_stock_data__get_snapshot.json"], "AAPL", now, tolerance=dt.timedelta(seconds=5),
        widest=Decimal("0.002"),
    )  # fmt: skip
    seen = price.newest(now, 15)

    assert seen is not None
    assert (seen.price, price.previous_close) == (Decimal("161.195"), Decimal("160.62"))


JUNK: list[Any] = [
    None, "", "null", "NaN", "-1", "1e400", "0", 0, -1, 10**30, 1.5, True, False, [], {}, [None], {"a": 1}, "x" * 300,
    "2026-13-45T99:99:99Z", "2026-01-05", "9999-12-31T23:59:59-23:59", "SPY260105P00688000", "mleg", "rejected",
    "\ud800", float("inf"), float("nan"),
]  # fmt: skip


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a body, the body itself included."""
    yield path
    children = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in children:
        yield from places(value, (*path, key))


def damaged(body: Any, path: tuple[Any, ...], junk: Any, *, drop: bool) -> Any:
    if not path:
        return junk
    body = copy.deepcopy(body)
    inside = body
    for key in path[:-1]:
        inside = inside[key]
    if drop:
        del inside[path[-1]]
    else:
        inside[path[-1]] = junk
    return body


@cache
def known_places(folder: Path) -> Mapping[str, list[tuple[Any, ...]]]:
    return {name: list(places(body)) for name, body in bodies_in(folder).items()}


@cache
def bodies_once() -> Bodies:
    return bodies_on(STOCK_DAY)


@settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(seed=st.randoms(use_true_random=False), cut=st.booleans(), drop=st.booleans())
def test_a_damaged_body_is_read_or_refused(shared_data: Path, seed: Any, cut: bool, drop: bool) -> None:
    """Bodies, 10,000 in a sweep, with one value replaced, dropped, or the text cut short."""
    name = seed.choice(sorted(bodies_in(shared_data)))
    body = damaged(
        bodies_in(shared_data)[name], seed.choice(known_places(shared_data)[name]), seed.choice(JUNK), drop=drop
    )
    text = json.dumps(body)
    if cut and seed.random() < 0.3:
        text = text[: seed.randrange(len(text))]
    call = own_call(name) if seed.random() < 0.6 else None

    outcome(bodies_once(), call or seed.choice(sorted(CALLS)), text)
