"""Rows of orders and positions spoiled at random, by seed: types, nulls, missing keys, rows twice, rows of others.

Nothing here is a believable lie: what is changed cannot be meant so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from attrs import evolve

from counterparts.wire_faults import ORDERS, POSITIONS, Bend, Fault, Memory
from counterparts.wire_rows import Reply, Row, Subject

SPOILED_ANSWERS = 0.25
"""How many answers of the two kinds are spoiled."""
NONSENSE: tuple[Any, ...] = (None, "", "many", "null", -1, 1e400, "NaN", 0.5, True, [], {}, ["x"], {"x": None}, 10**30)

Spoil = Callable[[Random, list[Row], Memory], None]


def a_fuzz(seed: int, seconds: int) -> Fault:
    """Spoils answers about orders and positions for so long, the same ones for the same seed."""
    return Fault(f"fuzz {seed}", "rows spoiled at random", ORDERS | POSITIONS, spoiled(Random(seed)), seconds=seconds)


def spoiled(rng: Random) -> Bend:
    def bent(reply: Reply, memory: Memory) -> Reply:
        if reply.status != 200 or rng.random() >= SPOILED_ANSWERS:
            return reply
        words, body = memory.words, reply.json
        are_orders = memory.subject is Subject.ORDERS
        rows = deepcopy(words.orders_in(body) if are_orders else words.positions_in(body))
        for _ in range(rng.randint(1, 2)):
            rng.choice(SPOILS)(rng, rows, memory)
        if are_orders and words.is_one_order(body):
            spoilt: Any = rows[0] if rows else body
        else:
            spoilt = words.with_orders(body, rows) if are_orders else words.with_positions(rows)
        return evolve(reply, body=json.dumps(spoilt).encode())

    return bent


def _part(rng: Random, rows: list[Row], memory: Memory) -> Row | None:
    """A row, or one of its legs."""
    if not rows:
        return None
    row = rng.choice(rows)
    legs = row.get(memory.words.legs)
    return rng.choice(legs) if isinstance(legs, list) and legs and rng.random() < 0.5 else row


def _nonsense(rng: Random, rows: list[Row], memory: Memory) -> None:
    if part := _part(rng, rows, memory):
        part[rng.choice(sorted(part))] = rng.choice(NONSENSE)


def _missing_key(rng: Random, rows: list[Row], memory: Memory) -> None:
    if part := _part(rng, rows, memory):
        del part[rng.choice(sorted(part))]


def _other_type(rng: Random, rows: list[Row], memory: Memory) -> None:
    """A number as text, a text as a number's neighbour in JSON: a list of it."""
    if part := _part(rng, rows, memory):
        key = rng.choice(sorted(part))
        part[key] = str(part[key]) if isinstance(part[key], int | float) else [part[key]]


def _row_twice(rng: Random, rows: list[Row], _: Memory) -> None:
    if rows:
        rows.append(deepcopy(rng.choice(rows)))


def _others_row(rng: Random, rows: list[Row], memory: Memory) -> None:
    rows.insert(rng.randint(0, len(rows)), deepcopy(memory.words.other_order))


def _no_row(rng: Random, rows: list[Row], _: Memory) -> None:
    """A thing that is no row in the place of one."""
    rows.insert(rng.randint(0, len(rows)), rng.choice(NONSENSE))


def _backwards(_: Random, rows: list[Row], __: Memory) -> None:
    rows.reverse()


SPOILS: tuple[Spoil, ...] = (
    _nonsense, _nonsense, _missing_key, _missing_key, _other_type, _row_twice, _others_row, _no_row, _backwards,
)  # fmt: skip
