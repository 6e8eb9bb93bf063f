"""Whole streams through the filter: clock changes, half days, restarts anywhere, all that a line can have wrong."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders_hedging import CALENDAR, CALL, PUT, market
from gammacore.adapters.calendars.nyse import NyseCalendar
from gammacore.adapters.fake.in_memory import MemoryLedger, MemoryStorage
from gammacore.adapters.ndjson.decoding import decode_line
from gammacore.adapters.ndjson.inputs import read_inputs, read_plain_event
from gammacore.adapters.ndjson.lines import file_lines
from gammacore.domain.hedge_filter.inbound import read_message
from gammacore.domain.hedge_filter.protocol import MarketEvent
from gammacore.domain.hedging.decision import Reason
from gammacore.domain.hedging.settings import HedgeWith, HedgingSettings, Profile, hedging_profile
from gammacore.errors import InvalidInput
from gammacore.wiring.hedging import WiredHedging, wire_hedging


def lines_of(*events: dict[str, Any] | str) -> bytes:
    return "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in events).encode()


def filtered(content: bytes, settings: HedgingSettings | None = None, **options: Any) -> tuple[list[str], WiredHedging]:
    """The filter over some bytes: its output lines, and the filter."""
    written: list[str] = []
    options = {"calendar": CALENDAR, "assume_fills": True, **options}
    wired = wire_hedging(settings or HedgingSettings(), write=written.append, log=lambda _: None, **options)
    wired.stream.run(read_inputs(file_lines(io.BytesIO(content))))
    wired.close()
    return written, wired


def shown(lines: list[str]) -> list[tuple[str, str, int, str]]:
    """Instant, side, quantity and symbol of output lines."""
    intents = [json.loads(line) for line in lines]
    return [(intent["ts"], intent["side"], intent["qty"], intent["symbol"]) for intent in intents]


# -- calendars ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "opens", "cutoff"),
    [
        ("2025-10-31", "13:30:00", "19:45:00"),
        ("2025-11-03", "14:30:00", "20:45:00"),
        ("2026-03-06", "14:30:00", "20:45:00"),
        ("2026-03-09", "13:30:00", "19:45:00"),
        ("2025-11-28", "14:30:00", "17:45:00"),
        ("2025-12-24", "14:30:00", "17:45:00"),
    ],
)
def test_a_stream_opens_and_goes_flat_by_new_york_time(day: str, opens: str, cutoff: str) -> None:
    """DH-501, DH-503: the days around both clock changes, and half days, by the exchange's calendar."""
    option = f"SPY{day[2:4]}{day[5:7]}{day[8:]}C00500000"
    before = (dt.datetime.fromisoformat(f"{day}T{opens}") - dt.timedelta(milliseconds=1)).isoformat()[11:]
    content = lines_of(
        market(before, option, day=day, delta=0.5, quantity=1, underlying_price=500),
        market(opens, "SPY", day=day, price=500),
        market("21:30:00", "SPY", day=day, price=501),
    )
    lines, wired = filtered(content, calendar=NyseCalendar(2025, 2026))
    assert shown(lines) == [
        (f"{day}T{opens}Z", "sell", 50, "SPY"),
        (f"{day}T{cutoff}Z", "sell", 1, option),
        (f"{day}T{cutoff}Z", "buy", 50, "SPY"),
    ]
    assert wired.stream.counts.refusals == {"session_closed": 2}


def test_a_position_over_the_clock_change_is_closed_at_the_mondays_open() -> None:
    """DH-520: bought on Friday in winter time, closed at 13:30Z."""
    option = "SPY260313C00500000"
    friday, monday = "2026-03-06", "2026-03-09"
    content = lines_of(
        market("15:00:00", option, day=friday, delta=0.5, quantity=1, underlying_price=500),
        market("12:00:00", "SPY", day=monday, price=500),
        market("14:00:00", "SPY", day=monday, price=500),
    )
    lines, _ = filtered(content, calendar=NyseCalendar(2026, 2026), assume_fills=False)
    on_monday = dict.fromkeys(row for row in shown(lines) if row[0] > monday)
    assert list(on_monday) == [("2026-03-09T13:30:00Z", "sell", 1, option)], "of the shares nobody knows (DH-241)"


# -- what lines can have wrong -----------------------------------------------------------------------------------------

GOOD = market("15:00:00", CALL, event_id="good", delta=0.5, quantity=10, price=2.5, underlying_price=500)
WRONG: list[tuple[dict[str, Any] | str, str]] = [
    (GOOD, "duplicate"),
    ({**GOOD, "payload": {**GOOD["payload"], "bid": 1}}, "duplicate_conflict"),
    (market("14:59:59", CALL, event_id="late", quantity=3), "out_of_order"),
    (market("15:00:01", PUT, event_id="phantom", delta=-0.3, underlying_price=500), "no_position"),
    (market("15:00:02", PUT, event_id="zero", quantity=0), "below_threshold"),
    (market("15:00:03", PUT, event_id="blind", quantity=2), "missing_delta"),
    (market("15:00:04", PUT, event_id="seen", delta=0), "below_threshold"),
    (market("15:00:05", PUT, event_id="gone", quantity=0, delta=0), "below_threshold"),
    (market("15:00:06", "SPY251229C00500000", event_id="dead", delta=0.5, quantity=1), "expired"),
    (market("15:00:07", "TSLA", event_id="stranger", price=300), "unmapped_underlying"),
    (market("15:00:08", CALL, event_id="free", delta=0.9, underlying_price=-1), "rate_limited"),
    (json.dumps(market("15:00:09", CALL, event_id="nan", delta=float("nan"))), "invalid"),
    (json.dumps(market("15:00:09", CALL, event_id="inf", underlying_price=float("-inf"))), "invalid"),
    (market("15:00:09", CALL, event_id="text", delta="NaN"), "invalid"),
    (market("15:00:09", CALL, event_id="bool", quantity=True), "invalid"),
    (market("15:00:09", CALL, event_id="half", quantity=1.5), "invalid"),
    ('{"protocol":"v1","protocol":"v1","type":"shutdown"}', "invalid"),
    ("[]", "invalid"),
]


def test_every_line_that_emits_nothing_has_exactly_one_code() -> None:
    """DH-1101: one stream with all of it, lenient; what is wrong changes nothing."""
    content = lines_of(GOOD, *(line for line, _ in WRONG))
    lines, wired = filtered(content, strict=False)
    assert shown(lines) == [("2025-12-30T15:00:00Z", "sell", 500, "SPY")]
    assert wired.stream.counts.refusals == Counter(code for _, code in WRONG)
    assert wired.stream.counts.inputs == 1 + len(WRONG)


@pytest.mark.parametrize(("line", "code"), WRONG, ids=[f"{number}-{code}" for number, (_, code) in enumerate(WRONG)])
def test_strict_ends_at_what_is_invalid_and_at_nothing_else(line: dict[str, Any] | str, code: str) -> None:
    """DH-142."""
    if code == Reason.INVALID:
        with pytest.raises(InvalidInput, match="line 2"):
            filtered(lines_of(GOOD, line))
    else:
        filtered(lines_of(GOOD, line))


# -- restarts ----------------------------------------------------------------------------------------------------------

DAY = lines_of(
    market("14:20:00", "SPY", event_id="pre", price=495.5),
    market(
        "14:31:00", CALL, event_id="a1", delta=0.5, quantity=10, price=2.5, bid=2.4, ask=2.6, underlying_price=495.5
    ),
    market("14:31:10", "SPY251230P00494000", event_id="q1", delta=-0.3, bid=1, ask=1.1, underlying_price=495.5),
    market("14:31:30", PUT, event_id="a2", delta=-0.3, quantity=20, price=1.5, underlying_price=495.7),
    market("14:31:30", PUT, event_id="a2", delta=-0.3, quantity=20, price=1.5, underlying_price=495.7),
    market("14:33:00", CALL, event_id="a3", delta=0.7, underlying_price=496),
    market("14:32:00", CALL, event_id="late", delta=0.9, underlying_price=496),
    market("14:50:00", CALL, event_id="a4", delta=0.61234567891, underlying_price=496),
    market("15:30:00", "SPY", event_id="a5", price=497),
    market("20:44:59", PUT, event_id="a6", delta=-0.4, underlying_price=494),
    market("20:50:00", "SPY", event_id="a7", price=493),
    market("15:00:00", "SPY", event_id="b1", day="2025-12-31", price=493.5),
)


@pytest.mark.parametrize("fills", [True, False])
@pytest.mark.parametrize("hedge_with", [HedgeWith.SHARES, HedgeWith.BUY_PROTECTION])
@pytest.mark.parametrize("profile", list(Profile))
def test_a_stream_broken_after_any_line_and_read_again_from_the_start_ends_alike(
    profile: Profile, hedge_with: HedgeWith, fills: bool
) -> None:
    """DH-711: with the same ledger, whatever hedges are made of."""
    import attrs

    settings = attrs.evolve(hedging_profile(profile), hedge_with=hedge_with)
    whole, _ = filtered(DAY, settings, assume_fills=fills)
    assert whole
    rows = DAY.splitlines(keepends=True)
    for end in range(len(rows) + 1):
        medium = MemoryLedger()
        first, _ = filtered(b"".join(rows[:end]), settings, assume_fills=fills, ledger=MemoryStorage(medium))
        second, _ = filtered(DAY, settings, assume_fills=fills, ledger=MemoryStorage(medium))
        assert first + second == whole, f"broken after line {end}"


# -- the short way in --------------------------------------------------------------------------------------------------


def slowly(line: bytes) -> object:
    try:
        return read_message(decode_line(line))
    except InvalidInput:
        return None


def exact(event: object) -> object:
    """An event with its numbers to the last digit: 1.0 is not 1.00."""
    return repr(event)


NUMBERS = st.sampled_from(
    ["0", "-0", "1", "-1", "0.65", "0.650", "1.50", "-0.0", "1e0", "5E-1", "1E2", "0.123456785", "null", "true",
     '"0.5"', '"NaN"', "NaN", "01", ".5", "1.", "495.50", "1e400", "12345678901234567890123456789", "1E-31", "[]",
     '{"a":1}', "1234567890123456789012345678", "0.12345678901234567890123456789", '"1_0"', '""', "-1000000", "1000001"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["delta", "quantity", "price", "underlying_price", "gamma", "theta", "vega", "bid", "ask", "qty", "mid", "x", "a:b",
     "delta\\u003a", "greeks"]
)  # fmt: skip
ENVELOPE = st.sampled_from(
    ['"protocol":"v1"', '"type":"market_event"', '"event_id":"e1"', '"ts":"2025-12-30T15:00:00Z"', '"symbol":"SPY"',
     '"source":"t"', '"source":"a:b"', '"symbol":":"', '"ts":"2025-12-30T10:00:00-05:00"', '"ts":"20251230T15:00:00Z"',
     '"type":"shutdown"', '"ts" : "2025-12-30T15:00:00"', '"extra":1', '"event_id":"e:1"', '"ts":"x:y:z"',
     '"source":"\\u003a"', '"payload":{}', '"symbol":"SPY\u2028"']
)  # fmt: skip
FULL = ['"protocol":"v1"', '"type":"market_event"', '"event_id":"e1"', '"ts":"2025-12-30T15:00:00Z"', '"symbol":"SPY"',
        '"source":"t"']  # fmt: skip


@given(
    members=st.lists(st.tuples(KEYS, NUMBERS), max_size=6),
    extra=st.lists(ENVELOPE, max_size=2),
    left_out=st.sets(st.integers(0, 5), max_size=1),
    blank=st.sampled_from(["", " ", "\t", "\r"]),
)
@example(members=[("delta", "0.5"), ("delta", "0.6")], extra=[], left_out=set(), blank="")
@example(members=[("delta", "0.5")], extra=['"ts":"2025-12-30T15:00:00Z"'], left_out=set(), blank="")
@example(members=[("delta", "0.5")], extra=['"ts":"x:y:z"'], left_out=set(), blank="")
@example(members=[("delta", "0.5"), ("gamma", "null")], extra=[], left_out=set(), blank="")
@example(members=[("price", "500"), ("quantity", "-0")], extra=[], left_out=set(), blank=" ")
def test_the_short_way_takes_nothing_that_the_long_way_refuses_and_reads_it_alike(
    members: list[tuple[str, str]], extra: list[str], left_out: set[int], blank: str
) -> None:
    """DH-101, DH-110, DH-130: duplicate keys, NaN, booleans, 28 digits; equal to the last digit."""
    payload = ",".join(f'"{key}":{blank}{number}' for key, number in members)
    envelope = [part for number, part in enumerate(FULL) if number not in left_out]
    line = ("{" + ",".join([*envelope, f'"payload":{{{payload}}}', *extra]) + blank + "}").encode()

    short = read_plain_event(line)

    if short is not None:
        assert exact(short) == exact(slowly(line))


@given(st.data())
def test_a_line_with_a_few_bytes_changed_is_read_alike_both_ways_or_only_the_long_way(choices: st.DataObject) -> None:
    line = bytearray(
        b'{"protocol":"v1","type":"market_event","event_id":"e1","ts":"2025-12-30T15:00:00.5Z","symbol":"SPY",'
        b'"source":"t","payload":{"delta":0.65,"quantity":-3,"price":2.50,"bid":2.4,"ask":2.6}}'
    )
    for _ in range(choices.draw(st.integers(0, 3))):
        line[choices.draw(st.integers(0, len(line) - 1))] = choices.draw(
            st.sampled_from(list(b'"\\:,{}[]019eE.-+ \t\x00\xff'))
        )

    short = read_plain_event(bytes(line))

    if short is not None:
        assert exact(short) == exact(slowly(bytes(line)))


def test_the_plain_line_does_take_the_short_way() -> None:
    """Else nothing would be gained: the lines of the shared sample and of the benchmark."""
    assert isinstance(read_plain_event(lines_of(GOOD).rstrip()), MarketEvent)
    assert isinstance(read_plain_event(DAY.splitlines()[1]), MarketEvent)


def test_a_file_of_events_reads_alike_both_ways(shared_data: Path) -> None:
    for line in (shared_data / "delta_hedging" / "events.ndjson").read_bytes().splitlines():
        short = read_plain_event(line)
        assert short is None or exact(short) == exact(slowly(line))
