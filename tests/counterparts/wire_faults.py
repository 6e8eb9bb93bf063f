"""Every fault of the wire by name, written once for both brokers: what is done to a request or to its answer.

A fault is switched on for a while (`Switchboard.fault`) and is answered in the broker's own words. Time is the served
clock's: nothing here sleeps.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from attrs import define, evolve, field, frozen

from counterparts.wire_rows import DialectWords, Reply, Row, Subject
from counterparts.world import World
from gammacore.adapters.fake.order import Behaviour


@define(eq=False)
class Memory:
    """What a fault may know: the world, how often it met a thing since it was switched on, positions as they were."""

    words: DialectWords
    world: World
    subject: Subject = Subject.OTHER
    """What the answer that is bent is about."""
    seen: Counter[str] = field(factory=Counter)
    positions: list[tuple[dt.datetime, Reply]] = field(factory=list)


Bend = Callable[[Reply, Memory], Reply | None]
"""The answer that is given instead; None: the connection is closed without one."""
BendRow = Callable[[Row, Memory], None]
BendEvents = Callable[[list[bytes]], list[bytes]]
"""The stream's messages so far unsent: what is sent of them, and in which order."""


def as_it_is(reply: Reply, _: Memory) -> Reply:
    return reply


@frozen
class Fault:
    """One fault: the answers it touches, and what becomes of them.

    `takes` says how the exchange treats an order that is posted meanwhile; `events` what becomes of the stream's
    messages. `seconds` is how long it lasts.
    """

    name: str
    meaning: str
    subjects: frozenset[Subject] = frozenset()
    bend: Bend = as_it_is
    takes: Callable[[list[str]], Behaviour] | None = None
    events: BendEvents | None = None
    seconds: int = 120

    def __str__(self) -> str:
        return self.name


# -- how faults are made -----------------------------------------------------------------------------------------------


def rows(bend: BendRow) -> Bend:
    """Change each row of an order in place."""

    def bent(reply: Reply, memory: Memory) -> Reply:
        if reply.status != 200:
            return reply
        body = reply.json
        for row in memory.words.orders_in(body):
            bend(row, memory)
        return evolve(reply, body=json.dumps(body).encode())

    return bent


def filled_rows(bend: BendRow) -> Bend:
    return rows(lambda row, memory: bend(row, memory) if memory.words.is_filled(row) else None)


def _set(row: Row, words: DialectWords, count: int | None = None, price: object = ...) -> None:
    """Another count or price, in the order's row and in its legs'."""
    for one in (row, *(row.get(words.legs) or ())):
        if count is not None:
            one[words.filled] = words.count(count)
        if price is not ...:
            one[words.price] = price


def _null_symbol(row: Row, memory: Memory) -> None:
    memory.words.carriers(row)[-1][memory.words.leg_symbol] = None


def _padded_symbols(row: Row, memory: Memory) -> None:
    for leg in memory.words.carriers(row):
        if symbol := leg.get(memory.words.leg_symbol):
            leg[memory.words.leg_symbol] = f"{symbol[:-15]:<6}{symbol[-15:]}"


def _priced_later(row: Row, memory: Memory) -> None:
    """At first filled and without a price, then half of it and priced, then as it is."""
    number = str(row["id"])
    memory.seen[number] += 1
    if memory.seen[number] == 1:
        _set(row, memory.words, price=memory.words.no_price)
    elif memory.seen[number] == 2:
        row["status"] = "partially_filled"


def _shrunk(row: Row, memory: Memory) -> None:
    """Once filled, fewer of it than before."""
    number, words = str(row["id"]), memory.words
    memory.seen[number] += 1
    if memory.seen[number] > 1 and (count := words.filled_count(row)) > 1:
        row["status"] = "partially_filled"
        _set(row, words, count=count - 1)


def _unknown_status(row: Row, _: Memory) -> None:
    row["status"] = "executed"


def _unreadable(row: Row, memory: Memory) -> None:
    _set(row, memory.words, price="n/a")
    row[memory.words.filled] = "many"


def _without_legs(row: Row, memory: Memory) -> None:
    row.pop(memory.words.legs, None)


def _with_others_row(reply: Reply, memory: Memory) -> Reply:
    if reply.status != 200:
        return reply
    body, words = reply.json, memory.words
    return evolve(reply, body=json.dumps(words.with_orders(body, [words.other_order, *words.orders_in(body)])).encode())


def _server_error(_: Reply, memory: Memory) -> Reply:
    return memory.words.server_error


def listed_late(seconds: int, *, answered: bool = True) -> Bend:
    """An order is shown only so long after it came in; `answered` False: and the answer to its POST is lost."""

    def bent(reply: Reply, memory: Memory) -> Reply | None:
        if memory.subject is Subject.SUBMIT:
            return reply if answered else None
        if reply.status != 200:
            return reply
        words, body = memory.words, reply.json
        since = memory.world.now() - dt.timedelta(seconds=seconds)
        shown = [row for row in words.orders_in(body) if words.created(row) <= since]
        if not shown and words.is_one_order(body):
            return words.no_order
        return evolve(reply, body=json.dumps(words.with_orders(body, shown)).encode())

    return bent


def _nothing_held(reply: Reply, memory: Memory) -> Reply:
    return evolve(reply, body=json.dumps(memory.words.with_positions([])).encode())


def late(seconds: int) -> Bend:
    """Positions as they were shown so long ago, or as early as anybody asked."""

    def bent(_: Reply, memory: Memory) -> Reply:
        then = memory.world.now() - dt.timedelta(seconds=seconds)
        shown = [reply for at, reply in memory.positions if at <= then]
        return shown[-1] if shown else memory.positions[0][1]

    return bent


def refused_but_taken(status: int) -> Bend:
    return lambda _reply, memory: memory.words.refusals[status]


def _error_beside_an_id(reply: Reply, memory: Memory) -> Reply:
    return reply if reply.status != 200 else Reply.of(200, memory.words.error_beside(reply.json))


def headers(change: Callable[[str], str | None]) -> Bend:
    """Other rate-limit headers, by what each is for; None leaves it out."""

    def bent(reply: Reply, memory: Memory) -> Reply:
        kept = {name: value for name, value in reply.headers.items() if not name.startswith("x-ratelimit")}
        odd = {name: change(use) for use, name in memory.words.rate_headers.items()}
        return evolve(reply, headers=kept | {name: value for name, value in odd.items() if value is not None})

    return bent


def slow(seconds: int) -> Bend:
    """The body takes so long on the served clock."""

    def bent(reply: Reply, memory: Memory) -> Reply:
        memory.world.clock.wait_until(memory.world.now() + dt.timedelta(seconds=seconds))
        return reply

    return bent


def only_what_is_sold(sides: list[str]) -> Behaviour:
    """Of several legs only the sold ones fill: a short without its cover, at the entry as at the exit."""
    if len(sides) < 2:
        return Behaviour(delay=1)
    return Behaviour(leg_contracts=tuple(2 if side == "sell" else 0 for side in sides))


def doubled(messages: list[bytes]) -> list[bytes]:
    return [message for message in messages for _ in range(2)]


def reordered(messages: list[bytes]) -> list[bytes]:
    """Two at a time, the newer one first: the odd one waits for its neighbour."""
    return [] if len(messages) < 2 else messages[::-1]


def left_out(_: list[bytes]) -> list[bytes]:
    return []


# -- the table ---------------------------------------------------------------------------------------------------------

ORDERS = frozenset({Subject.ORDERS})
POSITIONS = frozenset({Subject.POSITIONS})
SUBMITS = frozenset({Subject.SUBMIT})
EVERYTHING = frozenset(Subject)
LATE_SECONDS = (30, 60, 120, 300)


def _all() -> Iterator[Fault]:
    yield Fault("leg symbol null", "a filled order's leg has no symbol", ORDERS, filled_rows(_null_symbol))
    yield Fault("leg symbol padded", "leg symbols of 21 characters", ORDERS, filled_rows(_padded_symbols))
    yield Fault("priced later", "filled without a price, then partially filled with one", ORDERS,
                filled_rows(_priced_later))  # fmt: skip
    yield Fault("quantity shrunk", "after a fill of two a fill of one is shown", ORDERS, filled_rows(_shrunk))
    yield Fault("unknown status", "filled orders have a status nobody knows", ORDERS, filled_rows(_unknown_status))
    yield Fault("legs missing", "orders of several legs come without them", ORDERS, rows(_without_legs))
    yield Fault("others row unreadable", "another trader's order makes no sense", ORDERS, _with_others_row)
    yield Fault("our row unreadable", "our order's quantity is a word", ORDERS, rows(_unreadable))
    yield Fault("order list down", "questions about orders answer 500", ORDERS, _server_error)
    yield Fault("positions down", "positions answer 500", POSITIONS, _server_error)
    for seconds in LATE_SECONDS:
        yield Fault(f"positions {seconds} s late", f"positions as they were {seconds} s ago", POSITIONS,
                    late(seconds), seconds=seconds + 90)  # fmt: skip
    yield Fault("positions null", "positions show nothing for four minutes", POSITIONS, _nothing_held, seconds=240)
    yield Fault("one leg filled", "of several legs only the sold ones fill", SUBMITS, takes=only_what_is_sold)
    yield Fault("error beside an id", "an order is taken, the answer has its id and an error", SUBMITS,
                _error_beside_an_id)  # fmt: skip
    yield Fault("400 but taken", "an order is taken and answered with 400", SUBMITS, refused_but_taken(400))
    yield Fault("403 but taken", "an order is taken and answered with 403", SUBMITS, refused_but_taken(403))
    yield Fault("answer lost", "an order is taken and the connection closed", SUBMITS, lambda _reply, _memory: None)
    yield Fault("listed late", "an order is shown a minute after it came in", ORDERS, listed_late(60))
    yield Fault("lost and listed late", "an order is taken, its answer lost, and it is shown 90 s later",
                ORDERS | SUBMITS, listed_late(90, answered=False))  # fmt: skip
    yield Fault("limits are words", 'rate-limit headers say "many"', EVERYTHING, headers(lambda _: "many"))
    yield Fault("limits are negative", "rate-limit headers are negative", EVERYTHING, headers(lambda _: "-1"))
    yield Fault("limits are missing", "answers have no rate-limit headers", EVERYTHING, headers(lambda _: None))
    yield Fault("slow body", "answers about orders and positions take 25 s", ORDERS | POSITIONS, slow(25))
    yield Fault("events doubled", "every message of the stream comes twice", events=doubled)
    yield Fault("events reordered", "messages of the stream come in the wrong order", events=reordered)
    yield Fault("events left out", "no message about an order comes", events=left_out)


FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _all()}
"""In the order of the table that the sweep prints."""


def lasting(fault: Fault, seconds: int) -> Fault:
    """The same fault for another while."""
    return evolve(fault, seconds=seconds)
