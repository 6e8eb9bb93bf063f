"""Two ledgers compared: why entries differ, and parts that add up. Rules: ST-621..623."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders_holdings import a_holding
from gammacore.domain.judged_entry import JudgedEntry
from gammacore.domain.ledger import EntryJudged, Mode
from gammacore.domain.reports.day_report import DayReport
from gammacore.domain.reports.trades import Trade
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.domain.study.comparison import LedgerSide, SlotCompared, Why, compare_slots, settings_apart
from gammacore.domain.study.trade_parts import TradeSide, match_trades, parts_of
from gammacore.domain.verdicts import FilterVerdict, Verdict

DAY = dt.date(2026, 3, 3)
TEN = new_york(DAY, dt.time(10))
SESSION = TradingSession.of(DAY)
A_TRADE = Trade(a_holding("h", "credit-spread", "SPX", TEN))


def a_filter(name: str, value: str = "1", limit: str = "< 2", *, passes: bool = True) -> FilterVerdict:
    verdict = Verdict.ok(value, limit) if passes else Verdict.skip(name, value, limit)
    return FilterVerdict("CS-300", name, verdict)


def an_entry(*filters: FilterVerdict, price: str = "6000", at: dt.datetime = TEN) -> JudgedEntry:
    refusal = next((one for one in filters if not one.verdict.passed), None)
    reason = None if refusal is None else refusal.name
    return JudgedEntry(EntryJudged(at, at, reason, "", filters, Decimal(price), Decimal(6010), Decimal(15)))


def a_side(*entries: JudgedEntry, configuration: str = "c", **other: Any) -> LedgerSide:
    report = DayReport(
        DAY, "SPX", "credit-spread", "a", Mode.STUDY, "recorded", SESSION.open, SESSION.close, Decimal(1000),
        Decimal(1000), scheduled=entries,
    )  # fmt: skip
    facts = {"mode": Mode.LIVE, "lineage": "l", "starting_balance": Decimal(1000), "record": (), **other}
    return LedgerSide(days={DAY: report}, configurations={DAY: configuration}, **facts)


def only_slot(live: LedgerSide, replay: LedgerSide) -> SlotCompared:
    (slot,) = compare_slots(live, replay, [])
    return slot


def test_equal_entries_have_no_difference() -> None:
    same = a_side(an_entry(a_filter("adx"), a_filter("rsi")))

    assert (only_slot(same, same).first, only_slot(same, same).why) == (None, None)


def test_the_first_filter_that_answers_differently_is_shown_with_both_values() -> None:
    live = a_side(an_entry(a_filter("adx", "20"), a_filter("rsi", "60"), a_filter("momentum", "3", passes=False)))
    replay = a_side(an_entry(a_filter("adx", "21"), a_filter("rsi", "75", passes=False), a_filter("momentum", "4")))
    first = only_slot(live, replay).first

    assert first is not None
    assert first.live is not None
    assert first.replay is not None
    assert (first.name, first.live.verdict.value, first.replay.verdict.value) == ("rsi", "60", "75")


@pytest.mark.parametrize(
    ("live", "replay", "settings", "why"),
    [
        (a_filter("rsi", "60"), a_filter("rsi", "75", passes=False), "c", Why.DATA),
        (a_filter("rsi", "60"), a_filter("rsi", "60", passes=False), "c", Why.CODE),
        (a_filter("rsi", "60", "< 70"), a_filter("rsi", "60", "< 50", passes=False), "c", Why.CODE),
        (a_filter("rsi", "60", "< 70"), a_filter("rsi", "60", "< 50", passes=False), "d", Why.SETTINGS),
        (a_filter("rsi", "60", "< 70"), a_filter("rsi", "61", "< 70"), "d", Why.DATA),
        (a_filter("strike_conflict", "none"), a_filter("strike_conflict", "6000", passes=False), "c", Why.CODE),
        (a_filter("halted", "no"), a_filter("halted", "by a person", passes=False), "c", Why.STATE),
        (a_filter("daily_loss", "+5"), a_filter("daily_loss", "+9"), "d", Why.STATE),
        (a_filter("daily_loss", "+5", "> -500"), a_filter("daily_loss", "+5", "> -900"), "d", Why.SETTINGS),
    ],
)
def test_why_an_entry_differs(live: FilterVerdict, replay: FilterVerdict, settings: str, why: Why) -> None:
    assert only_slot(a_side(an_entry(live)), a_side(an_entry(replay), configuration=settings)).why is why


def test_another_price_is_data_even_where_the_value_reads_the_same() -> None:
    live, replay = an_entry(a_filter("setup", "ok")), an_entry(a_filter("setup", "ok", passes=False), price="6001")

    assert only_slot(a_side(live), a_side(replay)).why is Why.DATA


def test_what_follows_from_an_earlier_difference_is_state() -> None:
    half = TEN + dt.timedelta(minutes=30)
    live = a_side(an_entry(a_filter("rsi", "60")), an_entry(a_filter("strike_conflict", "none"), at=half))
    replay = a_side(
        an_entry(a_filter("rsi", "75", passes=False)),
        an_entry(a_filter("strike_conflict", "6000", passes=False), at=half),
    )

    assert [slot.why for slot in compare_slots(live, replay, [])] == [Why.DATA, Why.STATE]
    apart = [TEN + dt.timedelta(minutes=5)]
    assert compare_slots(a_side(live.days[DAY].scheduled[1]), a_side(replay.days[DAY].scheduled[1]), apart)[0].why is (
        Why.STATE
    )


def test_an_entry_that_one_ledger_never_judged_is_shown() -> None:
    slot = only_slot(a_side(an_entry(a_filter("rsi"))), a_side())

    assert (slot.replay, slot.why) == (None, Why.DATA)


def test_on_the_very_same_market_another_value_is_a_fault() -> None:
    """A study's lineage is a hash of its inputs: a replay of the recording inherits it."""
    live = a_side(an_entry(a_filter("rsi", "60")), mode=Mode.STUDY)
    replay = a_side(an_entry(a_filter("rsi", "61")), mode=Mode.STUDY)

    assert only_slot(live, replay).why is Why.CODE
    assert only_slot(live, evolve(replay, lineage="other")).why is Why.DATA


def test_settings_come_with_the_limits_that_show_them() -> None:
    live = a_side(an_entry(a_filter("rsi", "60", "< 70")), starting_balance=Decimal(1000))
    replay = a_side(an_entry(a_filter("rsi", "60", "< 50", passes=False)), configuration="d", mode=Mode.STUDY)
    rows = settings_apart(live, replay, compare_slots(live, replay, []))

    assert [row.key for row in rows] == ["mode", f"configuration on {DAY}", "limit of rsi"]
    assert (rows[-1].live, rows[-1].replay) == ("< 70", "< 50")


def a_trade_side(**figures: Any) -> TradeSide:
    given_figures = {
        "trade": None, "slot": TEN, "strategy": "PUT_SPREAD", "opened": TEN, "closed": TEN + dt.timedelta(hours=1),
        "quantity": 2, "multiplier": 100, "credit": Decimal("2.30"), "gross": Decimal(110), "fees": Decimal("5.20"),
        "reason": "profit_target", "minutes": 60, **figures,
    }  # fmt: skip
    return TradeSide(**given_figures)


def test_the_parts_are_entry_exit_size_and_fees() -> None:
    """C 2.30 and 2.20, V 1.75 and 1.90, 3 contracts against 2."""
    live = a_trade_side(quantity=3, gross=Decimal(165), fees=Decimal("7.80"))
    replay = a_trade_side(credit=Decimal("2.20"), gross=Decimal(60))
    parts = parts_of(live, replay)

    assert (parts.entry, parts.exit, parts.size, parts.fees) == (
        Decimal("20.00"), Decimal("30.00"), Decimal("55.00"), Decimal("-2.60")
    )  # fmt: skip
    assert parts.total == live.net - replay.net


money = st.decimals(-5000, 5000, places=2)
sides = st.builds(
    a_trade_side,
    quantity=st.integers(1, 13),
    credit=st.decimals("0.05", 20, places=4),
    gross=money,
    fees=st.decimals(0, 50, places=2),
)


@given(st.one_of(st.none(), sides), st.one_of(st.none(), sides))
def test_the_parts_add_up_to_the_cent(live: TradeSide | None, replay: TradeSide | None) -> None:
    parts = parts_of(live, replay)
    whole = sum((side.net * sign for side, sign in ((live, 1), (replay, -1)) if side is not None), Decimal(0))

    assert parts.total == whole
    if live is not None and replay is not None:
        exact = (replay.value - live.value) * replay.multiplier * replay.quantity
        assert abs(Fraction(parts.exit) - exact) <= Fraction(1, 100)


def test_trades_are_matched_by_slot_and_strategy_and_the_rest_counts_whole() -> None:
    half = TEN + dt.timedelta(minutes=30)
    live = [a_trade_side(trade=A_TRADE), a_trade_side(trade=A_TRADE, slot=half)]
    replay = [a_trade_side(trade=A_TRADE, slot=half, strategy="CALL_SPREAD"), a_trade_side(trade=A_TRADE)]
    pairs = match_trades(DAY, live, replay)

    assert [(pair.live is None, pair.replay is None) for pair in pairs] == [
        (False, False), (False, True), (True, False)
    ]  # fmt: skip
    assert [pair.parts.total for pair in pairs] == [0, live[1].net, -replay[0].net]
    assert [pair.is_apart for pair in pairs] == [False, True, True]


def test_trades_without_a_slot_are_matched_by_the_nearest_opening() -> None:
    def at(minutes: int) -> TradeSide:
        return a_trade_side(trade=A_TRADE, slot=None, opened=TEN + dt.timedelta(minutes=minutes))

    pairs = match_trades(DAY, [at(0), at(60)], [at(5), at(90)])
    assert [(pair.live is not None, pair.replay is not None) for pair in pairs] == [
        (True, True), (True, False), (False, True)
    ]  # fmt: skip
