"""Dividends of both brokers over their counterparts: one contract, and how each is asked. Rule: SC-425."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from attrs import frozen

from builders_alpaca import scripted_wire
from builders_tradier_market import TEN, AnsweringTradier
from contracts.dividend_source_contract import SINCE, SYMBOL, UNTIL, DividendControl, DividendSourceContract
from counterparts.alpaca_control import clients_of, spy_world
from counterparts.alpaca_dialect import alpaca_app
from counterparts.serving import serving
from counterparts.tradier_control import tradier_client
from counterparts.tradier_dialect import tradier_app
from counterparts.world import World
from gammacore.adapters.alpaca.dividends import AlpacaDividends
from gammacore.adapters.alpaca.questions import Questions
from gammacore.adapters.fake.in_memory import FakeClock
from gammacore.adapters.tradier.client import Patience
from gammacore.adapters.tradier.dividends import TradierDividends
from gammacore.adapters.wire import Repeats
from gammacore.adapters.wire.deadline import seconds_left, within
from gammacore.adapters.wire.dividends import LONGEST_SECONDS, AskedDividends
from gammacore.domain.pricing.rates import CashDividend

TWICE = 2


@frozen
class AtTradier:
    world: World
    source: TradierDividends

    def body(self, *rows: tuple[object, object], symbol: str = SYMBOL, currency: str = "USD") -> str:
        table = [{"ex_date": date, "cash_amount": amount, "currency_i_d": currency} for date, amount in rows]
        return json.dumps([{"request": symbol, "results": [{"type": "Stock", "tables": {"cash_dividends": table}}]}])


@frozen
class AtAlpaca:
    world: World
    source: AlpacaDividends

    def body(self, *rows: tuple[object, object], symbol: str = SYMBOL, currency: str = "USD") -> str:
        listed = [{"symbol": symbol, "ex_date": date, "rate": amount, "currency": currency} for date, amount in rows]
        return json.dumps({"corporate_actions": {"cash_dividends": listed}, "next_page_token": None})


class TestTradierDividends(DividendSourceContract):
    @pytest.fixture
    def control(self) -> Iterator[DividendControl]:
        world = spy_world()
        with serving(tradier_app(world)) as server:
            client = tradier_client(server, world, Patience(attempts=TWICE))
            yield AtTradier(world, TradierDividends(client))
            client.close()


class TestAlpacaDividends(DividendSourceContract):
    @pytest.fixture
    def control(self) -> Iterator[DividendControl]:
        world = spy_world()
        with serving(alpaca_app(world)) as server:
            clients = clients_of(server)
            yield AtAlpaca(world, AlpacaDividends(clients, Questions(world, Repeats(attempts=TWICE))))
            clients.close()


def table(*amounts: float) -> dict[str, object]:
    rows = [{"ex_date": "2025-06-20", "cash_amount": amount} for amount in amounts]
    return {"type": "Stock", "tables": {"cash_dividends": rows}}


def at_tradier(*results: dict[str, object]) -> tuple[AnsweringTradier, list[CashDividend] | None]:
    tradier = AnsweringTradier({"/beta/markets/fundamentals/dividends": [{"request": SYMBOL, "results": results}]})
    paid = TradierDividends(tradier.client(FakeClock(TEN))).cash_dividends(SYMBOL, SINCE, UNTIL)
    return tradier, None if paid is None else list(paid)


def test_the_loop_waits_five_seconds_for_dividends_whatever_a_question_may_take() -> None:
    left: list[float | None] = []

    def ask() -> tuple[CashDividend, ...]:
        left.append(seconds_left())
        return ()

    with within(20.0):
        assert AskedDividends(SYMBOL, SINCE, UNTIL).paid("any", ask) == ()

    (seconds,) = left
    assert seconds is not None
    assert seconds <= LONGEST_SECONDS == 5


def test_tradier_is_asked_once_beside_the_version_of_its_interface() -> None:
    tradier, paid = at_tradier(table(1.76))

    assert tradier.asked == [("/beta/markets/fundamentals/dividends", {"symbols": "SPY"})]
    assert paid == [CashDividend(dt.date(2025, 6, 20), Decimal("1.76"))]


def test_of_several_tables_at_tradier_only_one_may_have_rows() -> None:
    """Two share classes under one symbol: their sum would be twice the dividend."""
    assert at_tradier(table(), table(1.76))[1] == at_tradier(table(1.76))[1] != []
    assert at_tradier(table(1.76), table(1.76))[1] is None
    assert at_tradier(table())[1] == []


def test_alpaca_is_asked_by_the_days_of_payment_around_the_ex_dates() -> None:
    """Its dates are those of the payment: what went ex in December and is paid in January is asked for as well."""
    with scripted_wire() as wire:
        wire.script.tell({"corporate_actions": {}, "next_page_token": None})
        AlpacaDividends(wire.clients, Questions(wire.clock)).cash_dividends(SYMBOL, SINCE, UNTIL)

        assert [(asked.path, asked.query) for asked in wire.script.asked] == [
            (
                "/v1/corporate-actions",
                {
                    "symbols": "SPY",
                    "types": "cash_dividend",
                    "limit": "1000",
                    "start": "2024-12-06",
                    "end": "2026-05-05",
                },
            )
        ]


def test_a_page_of_alpaca_that_comes_again_and_again_ends_the_question() -> None:
    with scripted_wire() as wire:
        wire.script.tell({"corporate_actions": {}, "next_page_token": "again"})
        source = AlpacaDividends(wire.clients, Questions(wire.clock, Repeats(attempts=1)))

        assert source.cash_dividends(SYMBOL, SINCE, UNTIL) is None
        assert len(wire.script.asked) == 2
