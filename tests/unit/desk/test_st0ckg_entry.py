"""An entry of ST0CKG: calls for bullish, puts for bearish, and each gate's code alone. Rules: SC-302..334, SC-602."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders import DAY, at
from builders_scalping import a_minute, in_a_row
from builders_st0ckg import (
    DAILY,
    a_ledger,
    a_look,
    call,
    entry,
    put,
    sale,
    steps,
    the_chain,
    the_entry,
    the_minutes,
    the_openings,
)
from gammacore.domain.desks.st0ckg import St0ckgDesk
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.ledger import EntryJudged, Event, OrderCanceled
from gammacore.domain.orders import Effect, Purpose, TicketLife
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.scalping.option_choice import ExpiryChoice, StockFeed
from gammacore.domain.scalping.option_size import OptionSize
from gammacore.domain.scalping.signals.dealer_gamma import DealerGamma
from gammacore.domain.scalping.signals.history import SignalHistory, seen_in
from gammacore.domain.scalping.signals.signal import SignalName
from gammacore.domain.scalping.st0ckg import RangeProfile, St0ckgRules, TargetDelta
from gammacore.domain.strategy import Needs, NoTrade, Situation, Trade
from gammacore.domain.words import Confidence
from gammacore.errors import InvalidInput


def rules(**changes: Any) -> St0ckgDesk:
    return St0ckgDesk(St0ckgRules(**changes))


def reason(situation: Situation, desk: St0ckgDesk | None = None) -> str | None:
    """The first "no" of a morning entry; None where it is ordered."""
    (step,) = the_entry(situation, desk).steps()
    if isinstance(step, Trade):
        return None
    assert isinstance(step, NoTrade)
    return step.judgement.reason


def order(situation: Situation, desk: St0ckgDesk | None = None) -> Trade:
    (step,) = steps(situation, desk)
    assert isinstance(step, Trade), step
    return step


HIGHER = a_minute(591, high=594, low=589, start="00:00", seconds=86_400, date=DAILY.start.date())
DOWN: dict[str, Any] = {"price": "588", "days": (HIGHER,)}
"""Two dollars below the open, and below the session before."""


def test_a_bullish_signal_buys_calls_above_the_ask_for_ten_seconds() -> None:
    """SC-326, SC-330, SC-331, SC-334, SC-605."""
    bought = order(a_look())
    (leg,) = bought.legs
    assert (leg.symbol, bought.quantity, bought.limit) == (call(593).occ, 4, Decimal("0.53"))
    assert (bought.purpose, bought.effect, bought.life) == (Purpose.ENTRY, Effect.DEBIT, TicketLife(10))
    assert (bought.holding, bought.reason) == ("SPY-20260105-st0ckg-1", "OPENING_DRIVE")
    terms = bought.terms
    assert terms is not None
    assert (terms.price, terms.risk, terms.signal) == (Decimal(592), Decimal("106.00"), "OPENING_DRIVE")
    assert terms.source == "intraday"


def test_a_bearish_signal_buys_puts() -> None:
    """SC-326."""
    assert order(a_look(**DOWN)).legs[0].symbol == put(587).occ


# -- each gate alone: SC-325, SC-602 -----------------------------------------------------------------------------------

FILLED_EARLIER = [*entry(time="09:36"), *sale(4, "time_exit", limit=None, life=None, time="09:37", filled=4)]


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        (a_look(), None),
        (a_look("09:29:59"), "session_closed"),
        (a_look(book=a_ledger(entry(time="10:04", filled=0))), "order_in_flight"),
        (a_look("11:00:00"), "outside_window"),
        (a_look("10:59:59", minutes=the_minutes("10:59", "592")), None),
        (a_look(price=None), "quote_missing"),
        (a_look(age=5.1), "quote_stale"),
        (a_look(minutes=the_minutes("10:05", "592")[:20]), "opening_range_missing"),
        (a_look(days=()), "battle_lines_missing"),
        (a_look(minutes=the_minutes("10:05", "592")[1:]), "battle_lines_missing"),
        (a_look(days=(evolve(DAILY, high=Decimal(591), low=Decimal(500)),)), "battle_lines_bad"),
        (a_look(price="590.60", chain=the_chain("10:05", "590.60", interest=0)), "no_signal"),
        (a_look(openings=the_openings(3000)), "no_direction"),
        (a_look(openings=the_openings(3000), chain=the_chain("10:05", "592", interest=0)), "score_low"),
        (a_look(chain=the_chain("10:05", "592", expiry=DAY + dt.timedelta(days=1))), "no_expiry_today"),
        (a_look(chain=the_chain("10:05", "592", interest=0, volume=0)), "no_contract"),
        (a_look(worth=None), "equity_unknown"),
        (a_look(power=None), "buying_power_unknown"),
        (a_look(power="200"), "buying_power"),
        (a_look(worth="200"), "heat"),
    ],
)  # fmt: skip
def test_each_gate_has_its_code(situation: Situation, code: str | None) -> None:
    assert reason(situation) == code


def test_entries_are_thirty_minutes_apart() -> None:
    """SC-325."""
    book = a_ledger(FILLED_EARLIER)
    assert reason(a_look("10:05:59", book=book)) == "trade_spacing"
    assert reason(a_look("10:06:00", book=book, minutes=the_minutes("10:06", "592"))) is None


def test_the_same_signal_is_not_ordered_again_within_five_minutes() -> None:
    """SC-325: filled or not; another signal may be."""
    ended = [*entry(time="10:00", filled=0), *_called_back("10:00")]
    assert reason(a_look("10:04:59", book=a_ledger(ended))) == "signal_repeat"
    assert reason(a_look("10:05:00", book=a_ledger(ended))) is None
    other = [*entry(time="10:00", filled=0, signal="OPTIONS_PIN"), *_called_back("10:00")]
    assert reason(a_look("10:04:59", book=a_ledger(other))) is None


def _called_back(time: str) -> list[Event]:
    return [OrderCanceled(at(time), "gc-entry", "it has had its time")]


def test_a_direction_against_the_bias_is_refused() -> None:
    """SC-307."""
    first = in_a_row([*[a_minute("594.11", volume=3000)] * 5, *[a_minute(590, volume=3000)] * 25, *[a_minute(588)] * 5])
    opened_high = [evolve(first[0], open=Decimal(590), low=Decimal(590)), *first[1:]]
    assert reason(a_look(**DOWN, minutes=opened_high)) == "bias_disagrees"


def test_a_price_beyond_the_line_that_would_prove_it_wrong_is_refused() -> None:
    """SC-325, SC-335 (8): a bullish squeeze below yesterday's low."""
    closes = [*["593"] * 5, *["590"] * 25, *["591.7"] * 4, "592"]
    squeezed = in_a_row([a_minute(close) for close in closes])
    chain = the_chain("10:05", "592", interest=1500)

    def at_low(low: str) -> str | None:
        yesterday = evolve(DAILY, open=Decimal(598), close=Decimal(598), high=Decimal(600), low=Decimal(low))
        return reason(a_look(days=(yesterday,), minutes=squeezed, chain=chain))

    assert at_low("592.01") == "invalid_at_entry"
    assert at_low("592.00") is None


def test_three_trades_are_bounded_by_the_settings() -> None:
    """SC-325: positions and trades a day."""
    held = a_ledger(entry(time="09:31"))
    later = a_look("10:05:59", book=held)
    assert reason(later, rules(max_positions=1)) == "max_positions"
    assert reason(later, rules(max_trades_per_day=1)) == "max_trades"
    assert reason(later) is None


def test_the_limits_of_the_account_come_first() -> None:
    """SC-602."""
    worn = a_ledger(entry(time="09:31", contracts=10, price="3.00"))
    small = St0ckgDesk(limits=RiskLimits(heat=Decimal("0.001")))
    assert reason(a_look("10:05:59", book=worn), small) == "heat"


# -- settings ----------------------------------------------------------------------------------------------------------


def test_the_confidence_and_the_composite_may_be_asked_for() -> None:
    """SC-311, SC-323."""
    assert reason(a_look(), rules(min_confidence=Confidence.HIGH)) is None
    assert reason(a_look(), rules(min_composite=Decimal("9.225"))) is None
    assert reason(a_look(), rules(min_composite=Decimal("9.226"))) == "composite_low"


def test_the_early_profile_begins_at_09_40() -> None:
    """SC-303."""
    desk = rules(profile=RangeProfile.EARLY)
    early = a_look("09:40:00", minutes=in_a_row([*[a_minute(590, volume=3000)] * 9, a_minute(592, volume=3000)]))
    assert reason(early, desk) is None
    assert reason(evolve(early, now=at("09:39:59")), desk) == "outside_window"
    assert [desk.rules.window_at(at(time), early.session) is not None for time in ("10:29:59", "10:30:00")] == [
        True,
        False,
    ]


def test_the_afternoon_counts_back_from_the_close() -> None:
    """SC-003, SC-303."""
    session, desk = a_look().session, rules(afternoon=True)
    for time, is_open in (("14:59:59", False), ("15:00:00", True), ("15:44:59", True), ("15:45:00", False)):
        assert (desk.rules.window_at(at(time), session) is not None) is is_open
        assert St0ckgRules().window_at(at(time), session) is None


def test_a_window_that_begins_in_the_opening_range_is_refused() -> None:
    """SC-303."""
    with pytest.raises(InvalidInput):
        St0ckgRules(opening_range_minutes=31)
    with pytest.raises(InvalidInput):
        St0ckgRules(profile=RangeProfile.EARLY, opening_range_minutes=11)
    assert St0ckgRules(opening_range_minutes=15).range_minutes == 15


def test_five_minute_signal_bars_are_made_of_minutes() -> None:
    """SC-301."""
    entry_of_fives = the_entry(a_look(), rules(signal_bar_seconds=300))
    assert [bar.seconds for bar in entry_of_fives.frame.bars] == [300] * 7
    with pytest.raises(InvalidInput):
        St0ckgRules(signal_bar_seconds=120)


def test_the_nearest_expiry_serves_recordings_without_todays() -> None:
    """SC-327."""
    tomorrow = DAY + dt.timedelta(days=1)
    shown = a_look(chain=the_chain("10:05", "592", expiry=tomorrow))
    bought = order(shown, rules(expiry=ExpiryChoice.NEAREST))
    assert bought.legs[0].symbol[3:9] == "260106"


def test_the_free_feed_pays_more_for_less() -> None:
    """SC-330, SC-331."""
    bought = order(a_look(), rules(size=OptionSize(feed=StockFeed.IEX)))
    assert (bought.limit, bought.quantity) == (Decimal("0.55"), 3)


def test_the_delta_aimed_at_may_be_that_of_the_session() -> None:
    """SC-459: 0.45 in the morning, so a nearer strike."""
    by_session = rules(st0ckg_delta=TargetDelta.BY_SESSION)
    session = a_look().session
    assert by_session.rules.wanted_delta(at("10:05"), session) == Decimal("0.45")
    assert St0ckgRules().wanted_delta(at("10:05"), session) == Decimal("0.30")
    assert order(a_look(), by_session).legs[0].symbol == call(592).occ


def test_one_contract_is_bought_at_least_unless_told_otherwise() -> None:
    """SC-331."""
    assert order(a_look(worth="2000")).quantity == 1
    assert reason(a_look(worth="2000"), rules(size=OptionSize(allow_min_one=False))) == "size_zero"


def test_the_legacy_proxy_reads_what_is_held() -> None:
    """SC-320: inert while nothing is held; against ten calls of 0.6 delta it is bearish."""
    desk = rules(dealer_gamma=DealerGamma.LEGACY_DELTA_PROXY)
    assert order(a_look(), desk).reason == "OPENING_DRIVE"
    held = a_ledger(entry(10, time="09:31", contract=call(591)))
    (bought,) = the_entry(a_look("10:05:59", book=held, days=(evolve(DAILY, high=Decimal(600)),)), desk).steps()
    assert isinstance(bought, Trade)
    assert (bought.reason, bought.legs[0].symbol) == ("DEALER_GAMMA", put(591).occ)


def test_another_share_needs_the_close_before_to_scale_its_dollars() -> None:
    """SC-012."""
    look = a_look()
    other = evolve(look, market=evolve(look.market, previous_close=None), underlying=REGISTRY["QQQ"])
    assert reason(other) == "previous_close_missing"


# -- what is written down ----------------------------------------------------------------------------------------------


def judged(situation: Situation) -> EntryJudged:
    (step,) = the_entry(situation).steps()
    assert isinstance(step, NoTrade)
    return step.judgement


def test_a_no_is_written_down_once_and_once_a_bar_while_a_signal_is_seen() -> None:
    """SC-011, SC-324."""
    weak: dict[str, Any] = {"openings": the_openings(3000), "chain": the_chain("10:05", "592", interest=0)}
    first = judged(a_look("10:05:10", **weak))
    assert (first.scheduled_at, first.reason) == (at("10:00"), "score_low")
    known = a_ledger(evolve(first))
    assert steps(a_look("10:05:50", book=known, **weak)) == []
    (again,) = steps(a_look("10:06:00", book=known, minutes=the_minutes("10:06", "592"), **weak))
    assert isinstance(again, NoTrade)
    (other,) = steps(a_look("10:05:50", book=known, days=()))
    assert isinstance(other, NoTrade)
    assert other.judgement.reason == "battle_lines_missing"


def test_a_no_does_not_take_the_place_of_an_entry_at_the_windows_first_instant() -> None:
    """SC-011: both are kept."""
    record = order(a_look("10:00:00", minutes=the_minutes("10:00", "592"))).record
    assert isinstance(record, EntryJudged)
    assert at("10:00") < record.scheduled_at < at("10:00:01")


def test_the_record_of_an_entry_tells_which_signals_were_seen() -> None:
    """SC-324."""
    (step,) = the_entry(a_look("10:05:10")).steps()
    assert isinstance(step, Trade)
    assert isinstance(step.record, EntryJudged)
    seen = seen_in(step.record)
    assert {(one.name, one.passed) for one in seen} == {
        (SignalName.OPENING_DRIVE, True),
        (SignalName.OPTIONS_PIN, False),
    }
    assert {one.bar for one in seen} == {at("10:05")}
    assert SignalHistory.of(seen).total(SignalName.OPENING_DRIVE).passed == 1


def test_a_refusal_outside_the_windows_is_journaled_once() -> None:
    """SC-011: under the window that comes, or the last one that was."""
    (early,) = steps(a_look("09:31:00"))
    assert isinstance(early, NoTrade)
    assert (early.judgement.reason, early.judgement.scheduled_at) == ("outside_window", at("10:00"))
    assert steps(a_look("11:30:00", book=a_ledger(early.judgement))) == []
    (late,) = steps(a_look("15:46:00"), rules(afternoon=True))
    assert isinstance(late, NoTrade)
    assert late.judgement.scheduled_at == at("15:00")
    assert steps(a_look("09:29:00")) == []


def test_a_sale_that_rests_for_the_day_holds_no_entry_back() -> None:
    """SC-325."""
    offered = a_ledger(entry(time="09:31"), sale(4, "option_stop", limit="0.01", life=None, time="09:40"))
    assert reason(a_look("10:05:59", book=offered)) is None


def test_the_account_is_asked_in_the_window_alone() -> None:
    desk, session = St0ckgDesk(), a_look().session
    assert desk.needs(at("10:00"), session, a_ledger()) == Needs(minutes=True, account=True, equity=True)
    assert desk.needs(at("11:00"), session, a_ledger()) == Needs()
    assert desk.needs(at("11:00"), session, a_ledger(entry())) == Needs(minutes=True)
    assert at("15:50") in desk.deadlines(session, a_ledger())
