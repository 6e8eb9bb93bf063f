"""Read the old `orders.json`: one open position a record, taken over with what its rules remembered. Section 4."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from attrs import frozen

from gammacore.adapters.legacy.records import Fields, Refusal, load_json
from gammacore.domain.holdings.plans import SpreadWatch
from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.option_symbols import read_option_symbol
from gammacore.domain.sessions import new_york, new_york_date
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.words import Confidence, Direction, StrategyTag
from gammacore.domain.written_figures import read_figure
from gammacore.errors import InvalidInput

Choice = TypeVar("Choice")

STRATEGIES = {
    **{str(tag): tag for tag in StrategyTag if tag is not StrategyTag.SKIP},
    "IC": StrategyTag.IRON_CONDOR,
    "CALL": StrategyTag.CALL_SPREAD,
    "PUT": StrategyTag.PUT_SPREAD,
    "OTM_IRON_CONDOR": StrategyTag.OTM_SINGLE_SIDED,
}
"""Old names as well as ours. Both sides of an old OTM condor keep the rules of section 5.4 under the tag they have."""

SIDES = {
    StrategyTag.CALL_SPREAD: (Right.CALL,),
    StrategyTag.PUT_SPREAD: (Right.PUT,),
    StrategyTag.IRON_CONDOR: (Right.CALL, Right.PUT),
    StrategyTag.BROKEN_WING_CONDOR: (Right.CALL, Right.PUT),
}
LEANINGS: dict[tuple[Right, ...], Direction] = {(Right.CALL,): Direction.BEARISH, (Right.PUT,): Direction.BULLISH}
FIELDS = frozenset(
    {
        "order_id", "entry_credit", "entry_time", "strategy", "strikes", "direction", "confidence", "option_symbols",
        "short_indices", "tp_price", "sl_price", "trailing_stop_active", "best_profit_pct", "entry_distance",
        "index_entry", "index_code", "vix_entry", "position_size", "account_balance", "hold_to_expiry",
        "otm_lock_in_active", "last_quote_value", "last_quote_time", "pending_closure", "closure_attempts", "abandoned",
        "abandoned_time", "orphan_recovery",
    }
)  # fmt: skip
"""The legacy order record; what begins with `closure_exit_` belongs to it too."""


@frozen
class LegacyOrder:
    """One position of the old desk. Prices in points; `contracts` is 1 where the record has no size.

    `price` is the underlying's at the entry, that of the short strike where it is not known (distance 0: never held);
    `vix` is 0 where it is not known. `closing` is why a close had been asked for, empty when none was. `notes` say
    what a person should know; `unknown_underlying` is set when the registry has no such root (CS-017).
    """

    order_id: str
    strategy: StrategyTag
    direction: Direction
    confidence: Confidence
    spread: CreditSpread
    contracts: int
    credit: Decimal
    opened_at: dt.datetime
    price: Decimal
    vix: Decimal
    watch: SpreadWatch
    orphan: bool = False
    closing: str = ""
    unknown_underlying: bool = False
    notes: tuple[str, ...] = ()


def read_orders(path: Path) -> tuple[tuple[LegacyOrder, ...], tuple[Refusal, ...]]:
    """Every position the file holds, and every record that is none, with the reason.

    Raises:
        MissingData: the file cannot be read.
    """
    try:
        records = load_json(path)
        if not isinstance(records, list):
            raise InvalidInput(path.name, "no list", "give the JSON list the old desk wrote")
    except InvalidInput as wrong:
        return (), (Refusal.of(wrong, path.name),)
    orders: dict[str, LegacyOrder] = {}
    refused: list[Refusal] = []
    for index, record in enumerate(records):
        try:
            order = legacy_order(record)
            if order.order_id in orders:
                raise InvalidInput("order_id", order.order_id, "a position is taken over once; take the repeat out")
            orders[order.order_id] = order
        except InvalidInput as wrong:
            refused.append(Refusal.of(wrong, path.name, index=index))
    return tuple(orders.values()), tuple(refused)


def legacy_order(record: object) -> LegacyOrder:
    """One record of `orders.json`.

    Raises:
        InvalidInput: names the field that is wrong, and how to fix it.
    """
    fields = Fields(record)
    strategy = _one_of(fields, "strategy", STRATEGIES)
    spread = _spread(fields)
    _judge_strategy(strategy, spread)
    credit = fields.number("entry_credit")
    if not 0 < credit < spread.width:
        raise InvalidInput("entry_credit", credit, f"give points above 0 and below the width {spread.width} (CS-003)")
    opened_at, unknown_time = _opened(fields, spread)
    unknown_underlying = _judge_underlying(fields, spread)
    notes = list(unknown_time)
    if unread := [name for name in fields.unread(FIELDS) if not name.startswith("closure_exit_")]:
        notes.append(f"not read: {', '.join(unread)}")
    if unknown_underlying:
        notes.append("its underlying is in no registry: its exits use k = s = 1, with an alarm")
    return LegacyOrder(
        order_id=fields.text("order_id"),
        strategy=strategy,
        direction=_direction(fields, spread),
        confidence=_one_of(fields, "confidence", {str(each): each for each in Confidence}),
        spread=spread,
        contracts=fields.count("position_size", 1) if "position_size" in fields else 1,
        credit=credit,
        opened_at=opened_at,
        price=_price(fields, spread),
        vix=_positive(fields, "vix_entry") if "vix_entry" in fields else Decimal(0),
        watch=_watch(fields),
        orphan=fields.switch("orphan_recovery"),
        closing=_closing(fields),
        unknown_underlying=unknown_underlying,
        notes=tuple(notes),
    )


def _spread(fields: Fields) -> CreditSpread:
    """The legs by role: `short_indices` point into the symbols, strikes are short and long a side. Rule: CS-204."""
    symbols = fields.rows("option_symbols")
    if not symbols:
        raise InvalidInput(
            "option_symbols",
            "an empty list",
            "leave the record out: no broker filled an order without symbols (CS-228)",
        )
    legs = [_leg(symbol) for symbol in symbols]
    if len(legs) not in (2, 4) or len(set(legs)) < len(legs):
        raise InvalidInput("option_symbols", ", ".join(leg.occ for leg in legs), "give two or four different contracts")
    sold = _sold(fields, len(legs))
    shorts = [leg for place, leg in enumerate(legs) if place in sold]
    longs = [leg for place, leg in enumerate(legs) if place not in sold]
    try:
        pairs = [(short, _cover(short, longs)) for short in sorted(shorts, key=lambda leg: leg.right)]
        spread = CreditSpread(tuple(Vertical(short, long) for short, long in pairs))
    except InvalidInput as wrong:
        raise InvalidInput("option_symbols", wrong.value, wrong.fix) from wrong
    _compare_strikes(fields, spread)
    return spread


def _sold(fields: Fields, legs: int) -> set[int]:
    places = fields.rows("short_indices")
    whole = {place for place in places if type(place) is int and 0 <= place < legs}
    if len(whole) != len(places) or len(whole) != legs // 2:
        wanted = "[0]" if legs == 2 else "[0, 1]"
        raise InvalidInput("short_indices", places, f"give {wanted}: places among option_symbols, not strikes")
    return whole


def _leg(symbol: object) -> OptionContract:
    try:
        return read_option_symbol(str(symbol))
    except InvalidInput as wrong:
        raise InvalidInput("option_symbols", wrong.value, wrong.fix) from wrong


def _cover(short: OptionContract, longs: list[OptionContract]) -> OptionContract:
    same_side = [leg for leg in longs if leg.right is short.right]
    if len(same_side) != 1:
        raise InvalidInput("option_symbols", short.occ, "give one bought contract of the same right for each sold one")
    return same_side[0]


def _compare_strikes(fields: Fields, spread: CreditSpread) -> None:
    text = fields.text("strikes")
    strikes = [read_figure(part) for part in text.split("/")]
    if strikes != [contract.strike for contract in spread.contracts]:
        raise InvalidInput("strikes", text, f"its symbols are {spread.strikes}: one of the two is wrong")


def _judge_underlying(fields: Fields, spread: CreditSpread) -> bool:
    """Whether the registry does not know it: that stops no exit. Without an index code a record is of SPX. CS-017."""
    code = fields.text("index_code").upper() if "index_code" in fields else "SPX"
    if code not in REGISTRY or spread.underlying not in REGISTRY:
        return True
    if spread.underlying != code:
        remedy = f"its symbols are of {spread.underlying}; write index_code {spread.underlying}, or fix the symbols"
        raise InvalidInput("index_code", code, remedy)
    return False


def _judge_strategy(strategy: StrategyTag, spread: CreditSpread) -> None:
    rights = tuple(side.right for side in spread.sides)
    if rights != SIDES.get(strategy, rights):
        raise InvalidInput("strategy", strategy, f"its legs are {spread.symbols}; fix whichever is wrong")


def _direction(fields: Fields, spread: CreditSpread) -> Direction:
    leaning = LEANINGS.get(tuple(side.right for side in spread.sides), Direction.NEUTRAL)
    if "direction" not in fields:
        return leaning
    given = _one_of(fields, "direction", {str(each): each for each in Direction})
    if given is not leaning:
        raise InvalidInput("direction", given, f"its legs are {leaning}; fix whichever is wrong (CS-203)")
    return given


def _opened(fields: Fields, spread: CreditSpread) -> tuple[dt.datetime, tuple[str, ...]]:
    """When it was opened; unknown is the start of its day, so that no grace is left. Rule: CS-506."""
    expiry = spread.sides[0].short.expiry
    if "entry_time" not in fields:
        return new_york(expiry, dt.time(0)), ("entry_time is not known: every grace is over",)
    opened = fields.time("entry_time")
    if new_york_date(opened) > expiry:
        raise InvalidInput(
            "entry_time", fields.text("entry_time"), f"give a time before its contracts expired, {expiry}"
        )
    return opened, ()


def _price(fields: Fields, spread: CreditSpread) -> Decimal:
    """The underlying's price at the entry; an orphan's short strike: distance 0, so that it is never held. CS-575."""
    side = spread.sides[0]
    if fields.switch("orphan_recovery"):
        return side.short.strike
    if "index_entry" in fields:
        return _positive(fields, "index_entry")
    distance = fields.number("entry_distance") if "entry_distance" in fields and len(spread.sides) == 1 else Decimal(0)
    return side.short.strike - (distance if side.right is Right.CALL else -distance)


def _watch(fields: Fields) -> SpreadWatch:
    best = fields.number("best_profit_pct") if "best_profit_pct" in fields else None
    if best is not None and best > 1:
        raise InvalidInput(
            "best_profit_pct", best, "give the part of the credit, like 0.35 for 35 %: 1 at most (CS-004)"
        )
    return SpreadWatch(
        best_profit=best,
        trailing_armed=fields.switch("trailing_stop_active"),
        hold=fields.switch("hold_to_expiry"),
        lock_in_armed=fields.switch("otm_lock_in_active"),
    )


def _closing(fields: Fields) -> str:
    """Why it was being closed: nothing but the broker ends a position, whatever the old desk gave up. Rule: CS-563."""
    reason = fields.text("closure_exit_reason") if "closure_exit_reason" in fields else ""
    if fields.switch("abandoned"):
        return reason or "abandoned"
    return reason or "pending_closure" if fields.switch("pending_closure") else ""


def _positive(fields: Fields, name: str) -> Decimal:
    value = fields.number(name)
    if not 0 < value < 100_000:
        raise InvalidInput(name, value, "give points above 0 and below 100000")
    return value


def _one_of(fields: Fields, name: str, known: Mapping[str, Choice]) -> Choice:
    text = fields.text(name).upper()
    if text not in known:
        raise InvalidInput(name, text, f"give one of {', '.join(known)}")
    return known[text]
