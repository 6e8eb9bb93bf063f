"""Format 2 of the ledger: small records, policies by id, kinds of a watch, contracts as OCC; and format 1 beside it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from attrs import evolve

from builders_desk import CONDOR_QUOTES, PUT_SPREAD_QUOTES, Legs, a_situation, steps
from builders_ledger import a_plan, an_entry_ticket, at, ledger_opened, order_intended, policy_recorded
from builders_world import World, a_scripted_plan, a_world
from gammacore.adapters.codec.conversion import event_converter
from gammacore.adapters.codec.records import NewerRecord, UnreadableRecord, decode, encode
from gammacore.adapters.codec.versions import RETIRED, UPCASTERS
from gammacore.domain.book.book import Book
from gammacore.domain.holding_events import PolicyRecorded, WatchChanged
from gammacore.domain.holdings.holding import is_spread
from gammacore.domain.holdings.plans import Notes, SpreadPlan, SpreadWatch, Watch
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.ledger import Event, OrderIntended
from gammacore.domain.legs import Leg, ShareLeg
from gammacore.domain.strategy import Open
from gammacore.errors import InvalidInput

RECORDS_V1 = Path(__file__).with_name("records_v1.jsonl").read_text(encoding="utf-8").splitlines()


def body_of(event: Event) -> dict[str, Any]:
    body = json.loads(encode(event))["body"]
    assert isinstance(body, dict)
    return body


# Size -----------------------------------------------------------------------------------------------------------------


def entered(legs: Legs, peaks: dict[int, float] | None) -> World:
    """A world in which the desk's own entry of 10:00 was carried out as the desk names it, ids and all."""
    (step,) = (each for each in steps(a_situation(legs=legs, peaks=peaks)) if isinstance(each, Open))
    world = a_world(cash="200000")
    world.terms = evolve(world.terms, account="paper-account-1")
    world.day.begin()
    world.day.carry_out(step)
    return world


@pytest.mark.parametrize(
    ("legs", "peaks", "sides"),
    [(PUT_SPREAD_QUOTES, None, 1), (CONDOR_QUOTES, {6900: 50.0, 6950: -40.0}, 2)],
    ids=["put spread", "condor"],
)
def test_the_intent_of_an_entry_takes_700_bytes_at_most(legs: Legs, peaks: dict[int, float] | None, sides: int) -> None:
    """Its policy is recorded beside it, once; its spread and quantity are the ticket's."""
    world = entered(legs, peaks)
    (intent,), (policy,) = world.all(OrderIntended), world.all(PolicyRecorded)

    assert len(intent.ticket.legs) == 2 * sides
    assert len(encode(intent).encode()) <= 700
    assert intent.policy is None
    assert intent.opens is not None
    assert intent.opens.spread is not None
    assert intent.opens.spread.policy == policy.id
    assert decode(encode(intent)) == intent


def test_what_an_intent_does_not_have_is_not_written() -> None:
    body = body_of(OrderIntended(at(), an_entry_ticket()))

    assert body.keys() == {"at", "ticket"}
    assert "life" not in body["ticket"]


# Policies -------------------------------------------------------------------------------------------------------------


def opens(world: World, plan: SpreadPlan) -> None:
    world.strategy = evolve(world.strategy, plans=(*world.strategy.plans, plan))
    world.restart()
    world.cycle()


def test_a_policy_is_recorded_once_before_the_first_spread_that_names_it() -> None:
    """Also over a restart: what is folded is known."""
    world = a_world(cash="200000")
    first, second = a_scripted_plan(1), a_scripted_plan(1, "p2", "10:30")
    world.day.begin()
    opens(world, first)
    world.clock.advance(1800)
    opens(world, second)
    kinds = [type(event) for event in world.events if isinstance(event, PolicyRecorded | OrderIntended)]

    assert kinds == [PolicyRecorded, OrderIntended, OrderIntended]
    assert [world.position(name).plan.policy for name in ("p1", "p2")] == [first.policy, second.policy]


def test_another_policy_has_another_id() -> None:
    world = a_world(cash="200000")
    wide = evolve(a_scripted_plan(1, "p2", "10:30"), policy=StopPolicy(stop=Decimal("4.5"), emergency=Decimal(6)))
    world.day.begin()
    opens(world, a_scripted_plan(1))
    world.clock.advance(1800)
    opens(world, wide)
    recorded = world.all(PolicyRecorded)

    assert len({event.id for event in recorded}) == len(recorded) == 2
    assert world.position("p2").plan.policy == wide.policy


def test_a_spread_of_a_policy_that_was_not_recorded_is_refused() -> None:
    intent = evolve(order_intended(), policy=None)
    book = Book.of([ledger_opened()])

    with pytest.raises(InvalidInput, match="recorded before the first spread"):
        book.apply(intent)
    assert Book.of([ledger_opened(), policy_recorded(), intent]).holdings["p1"].plan == a_plan()


# Kinds of a watch -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("watch", "written"),
    [
        (SpreadWatch(hold=True), {"kind": "spread", "hold": True}),
        (SpreadWatch(), {"kind": "spread"}),
        (Notes({"high": "601.20"}), {"kind": "notes", "values": {"high": "601.20"}}),
        (Notes(), {"kind": "notes", "values": {}}),
    ],
)
def test_a_watch_says_of_which_kind_it_is(watch: Watch, written: dict[str, object]) -> None:
    event = WatchChanged(at(), "p1", watch)

    assert body_of(event)["watch"] == written
    read = decode(encode(event))
    assert read == event
    assert isinstance(read, WatchChanged)
    assert type(read.watch) is type(watch)


@pytest.mark.parametrize("watch", [{"kind": "dreams"}, {}, {"kind": ["spread"]}, None, "spread"])
def test_a_watch_of_no_kind_known_is_refused(watch: object) -> None:
    record = json.loads(encode(WatchChanged(at(), "p1", Notes())))
    record["body"]["watch"] = watch

    with pytest.raises((NewerRecord, UnreadableRecord)):
        decode(json.dumps(record))


def test_a_kind_of_watch_that_came_later_asks_for_a_newer_gammacore() -> None:
    record = json.loads(encode(WatchChanged(at(), "p1", Notes())))
    record["body"]["watch"]["kind"] = "straddle"

    with pytest.raises(NewerRecord, match="straddle"):
        decode(json.dumps(record))


@pytest.mark.parametrize("watch", [{"kind": "notes"}, None])
def test_what_is_no_watch_is_not_written(watch: object) -> None:
    event = WatchChanged(at(), "p1", Notes())
    object.__setattr__(event, "watch", watch)

    with pytest.raises(InvalidInput, match="spread, notes"):
        encode(event)


# Contracts ------------------------------------------------------------------------------------------------------------

ADJUSTED = OptionContract("ABC", "ABCW", dt.date(2026, 8, 19), Right.CALL, Decimal("302.5"))


@pytest.mark.parametrize(
    "written",
    [
        "ABC ABCW260819C00302500",
        {"underlying": "ABC", "root": "ABCW", "expiry": "2026-08-19", "right": "C", "strike": "302.5"},
    ],
    ids=["format 2", "format 1"],
)
def test_a_contract_is_read_in_both_shapes(written: object) -> None:
    """With its underlying, which cannot be read off every root."""
    assert event_converter().structure(written, OptionContract) == ADJUSTED


def test_a_contract_is_written_as_its_underlying_and_symbol() -> None:
    assert event_converter().unstructure(ADJUSTED) == "ABC ABCW260819C00302500"


@pytest.mark.parametrize(
    "written",
    [
        "ABCW260819C00302500", "ABC ABCW260819C0030250", "ABC  ABCW260819C00302500 ", "ABC ABCW 260819C00302500",
        "ABC ABCW261319C00302500", "ABC ABCW260819C00000000", "", 7, None, ["ABC", "ABCW260819C00302500"],
        {"underlying": "ABC", "root": "ABCW", "expiry": "2026-08-19", "right": "C"},
    ],
)  # fmt: skip
def test_what_names_no_contract_exactly_is_refused(written: object) -> None:
    record = json.loads(encode(order_intended()))
    record["body"]["ticket"]["legs"][0] = {"contract": written, "side": "sell", "ratio": 1}

    with pytest.raises(UnreadableRecord):
        decode(json.dumps(record))


@pytest.mark.parametrize(
    "contract",
    [evolve(ADJUSTED, root="abcw"), evolve(ADJUSTED, expiry=dt.date(1999, 8, 19)), evolve(ADJUSTED, root="TOOLONG")],
)
def test_a_contract_its_symbol_does_not_name_is_not_written(contract: OptionContract) -> None:
    with pytest.raises(InvalidInput):
        event_converter().unstructure(contract)


LEGS = (
    (Leg(ADJUSTED, Side.SELL), "-1 ABC ABCW260819C00302500"),
    (Leg(ADJUSTED, Side.BUY, 2), "+2 ABC ABCW260819C00302500"),
    (ShareLeg("ABC", Side.BUY, closes=False), {"symbol": "ABC", "side": "buy", "closes": False}),
)


@pytest.mark.parametrize(("leg", "written"), LEGS)
def test_a_leg_is_its_signed_ratio_and_contract_and_shares_are_an_object(leg: Leg | ShareLeg, written: object) -> None:
    intent = evolve(order_intended(), ticket=evolve(an_entry_ticket(), legs=(leg,)))

    assert body_of(intent)["ticket"]["legs"] == [written]
    assert decode(encode(intent)) == intent


@pytest.mark.parametrize(
    "leg",
    [
        [], "", "SPX SPXW260819P06040000", "1 SPX SPXW260819P06040000", "-0 SPX SPXW260819P06040000",
        "- SPX SPXW260819P06040000", "-1 SPXW260819P06040000",
        "-01 SPX SPXW260819P06040000",
    ],
)  # fmt: skip
def test_a_text_that_is_no_leg_is_refused(leg: object) -> None:
    record = json.loads(encode(order_intended()))
    record["body"]["ticket"]["legs"][0] = leg

    with pytest.raises(UnreadableRecord):
        decode(json.dumps(record))


# Format 1 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(RETIRED))
@pytest.mark.parametrize("version", [2, 3])
def test_a_retired_name_has_no_version_but_its_first(name: str, version: int) -> None:
    """A later one would be another program's: nothing is broken, it wants that program."""
    with pytest.raises(NewerRecord, match=f"{name} version {version} is not known, the latest is 1"):
        decode(json.dumps({"type": name, "v": version, "body": {}}))


@pytest.mark.parametrize("name", sorted(RETIRED))
def test_a_retired_record_that_lacks_something_is_unreadable_and_one_with_more_is_newer(name: str) -> None:
    (record,) = (json.loads(text) for text in RECORDS_V1 if json.loads(text)["type"] == name)
    for field in record["body"]:
        short = {key: value for key, value in record["body"].items() if key != field}
        if field not in MAY_BE_MISSING.get(name, ()):
            with pytest.raises(UnreadableRecord):
                decode(json.dumps({**record, "body": short}))
    if name not in PICKED:
        with pytest.raises(NewerRecord, match="surprise"):
            decode(json.dumps({**record, "body": {**record["body"], "surprise": 1}}))


MAY_BE_MISSING = {
    "PositionClosed": ("contracts", "exit_value", "settlement_price", "estimated"),
    "PositionMissing": ("looks",),
}
"""What has a default today, or is no longer asked for."""
PICKED = ("InventoryOpened", "PositionAdopted", "PositionMissing")
"""Upcast field by field: what version 1 never had is not looked at."""


def test_every_record_of_version_1_becomes_one_event_and_stays_as_it_is_written_today() -> None:
    """One record is one event: a book counts events, and storage compares the count."""
    for text in RECORDS_V1:
        event = decode(text)
        assert decode(encode(event)) == event


def test_a_plan_of_format_1_is_the_plan_it_was() -> None:
    """The policy that stood in it needs no record of its own."""
    (intent,) = (event for event in map(decode, RECORDS_V1) if isinstance(event, OrderIntended))
    book = Book.of([ledger_opened(), intent])
    holding = book.holdings["p1"]

    assert is_spread(holding)
    assert holding.plan == a_plan()
    assert holding.owner == "credit-spread"


def test_versions_are_of_types_that_are_written_and_retired_ones_of_those_that_are_not() -> None:
    kinds = {kind.__name__ for kind in get_args(Event)}

    assert UPCASTERS.keys() <= kinds
    assert not RETIRED.keys() & kinds
    assert {name for name, _ in RETIRED.values()} <= kinds
