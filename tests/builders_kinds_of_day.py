"""One ledger for each kind of day that people read of: trades, skips, hedges, delivered shares, quarantine, halts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import evolve

from builders import DAY, a_plan, a_put_spread, at
from builders_day import PUT_TRADE, a_day, closed, day_finished, day_started, judged, ledger_opened, opened, settled
from builders_hedge_day import a_delivery, a_hedge_day
from builders_scalping import a_share_world
from builders_st0ckg import an_option_world
from gammacore.domain import ledger
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.ledger import Event
from gammacore.domain.orders import Purpose
from gammacore.domain.verdicts import Verdict

TUESDAY = DAY + dt.timedelta(days=1)


def a_day_of_skips() -> list[Event]:
    """Every slot is refused: one by a figure, one by a reading that is missing, one near the pin."""
    return [
        ledger_opened(),
        day_started(),
        judged("10:00", Verdict.skip("vix_ceiling", "VIX 21.3", ">= 20.0")),
        judged("10:30", Verdict.unknown("vix_missing", "VIX not known")),
        judged("11:00", Verdict.skip("too_far", "price 56 points from the pin", "> 50")),
        day_finished("20000"),
    ]


def a_quarantined_day() -> list[Event]:
    """The broker shows contracts without a tag of ours: they are left alone, and an order for them is refused."""
    strange = "SPXW260105C07000000"
    return [
        ledger_opened(),
        day_started(),
        ledger.HoldingsQuarantined(at("09:31"), {strange: 2}, "no tag of ours"),
        ledger.AlarmRaised(at("09:31"), "quarantined", f"+2 {strange}: no tag of ours"),
        *opened(PUT_TRADE, fees="3.90"),
        ledger.TicketRefused(at("10:20"), "p1", Purpose.EXIT, (strange,), "not_ours", "no order of ours opened it"),
    ]


def a_halted_day() -> list[Event]:
    """The breaker trips, a person flattens and halts, the trade is closed at a loss; trading is resumed late."""
    return [
        ledger_opened(),
        day_started(),
        *opened(PUT_TRADE, fees="3.90"),
        ledger.BreakerTripped(at("10:40"), 3, "no answer"),
        ledger.BreakerCleared(at("10:45"), "the broker answers again"),
        ledger.Halted(at("10:50"), "daily loss"),
        ledger.FlattenRequested(at("10:51"), "going home"),
        *closed(PUT_TRADE, "10:52", "flatten", "2.88", "-114", fees="3.90", detail="asked for: going home"),
        ledger.Resumed(at("15:00"), "looked at"),
        day_finished("19878.20"),
    ]


def a_half_day() -> list[Event]:
    """Trading ends at 13:00; one spread settles there at a price that is not official."""
    started = evolve(day_started(), session_close=at("13:00"))
    return [
        ledger_opened(),
        started,
        *opened(PUT_TRADE, fees="3.90"),
        evolve(settled(PUT_TRADE, "6876", "4", "-450", estimated=True), at=at("13:00"), fees=Decimal("3.90")),
        evolve(day_finished("19546.10"), at=at("13:00")),
    ]


def an_empty_day() -> list[Event]:
    """Started, and nothing happened."""
    return [ledger_opened(), day_started()]


def two_days() -> list[Event]:
    """A won put spread on Monday, one left open on Tuesday."""
    monday = [*opened(PUT_TRADE), *closed(PUT_TRADE, "12:00", "profit_target", "0.75", "525")]
    tuesday = evolve(a_plan(a_put_spread(expiry=TUESDAY), position="p9"), scheduled_at=at("10:00", TUESDAY))
    return [ledger_opened(), day_started(), *monday, day_finished("20525"), day_started(TUESDAY), *opened(tuesday)]


def a_scalp_day() -> list[Event]:
    """ST0CKA on three shares: a target, a stop, an entry refused for its quote, and the end of its window."""
    world = a_share_world(start="09:50:00", fees=FeeSchedule(share=Decimal("0.005")))
    world.look()
    world.tick()
    world.tick("590.02", times=4)
    world.until("09:55:00", "590.00")
    world.tick(times=2)
    world.tick("589.00", times=6)
    world.until("09:58:00", "589.00", "590.50")
    world.until("10:00:00", "589.00", "589.01")
    world.until("16:00:00")
    return list(world.events)


def a_signal_day() -> list[Event]:
    """ST0CKG on four calls: half sold at 1.5 R, the rest at 3 R; then nothing may be bought for half an hour."""
    world = an_option_world()
    world.look()
    world.tick()
    for bid in ("592.09", "592.14", "592.14", "592.29", "592.29", "592.29"):
        world.tick(bid)
    world.tick(times=60)
    return list(world.events)


KINDS: dict[str, list[Event]] = {
    "trade": a_day(),
    "skip": a_day_of_skips(),
    "hedge": a_hedge_day(),
    "delivered_shares": a_delivery(sold=True),
    "quarantine": a_quarantined_day(),
    "halt": a_halted_day(),
    "half_day": a_half_day(),
    "empty_day": an_empty_day(),
    "two_days": two_days(),
    "scalp": a_scalp_day(),
    "signals": a_signal_day(),
}
