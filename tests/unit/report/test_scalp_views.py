"""What a scalping day adds to its report. Rules: SC-450, SC-803."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from builders_hedge_day import a_hedge_day
from builders_kinds_of_day import KINDS
from builders_scalping import a_share_world_holding
from gammacore.domain.broker_facts.fees import FeeSchedule
from gammacore.domain.holdings.plans import EntryTerms
from gammacore.domain.ledger import DayHalted
from gammacore.domain.reports.day_report import DayReport, day_report
from gammacore.domain.reports.scalp_views import Source, by_source, scalp_figures, target_below_fees
from gammacore.domain.reports.views import day_view
from gammacore.domain.scalping.signals.signal import SignalName


def shown(report: DayReport) -> dict[str, str]:
    return {figure.label: figure.text for figure in scalp_figures(report) if figure.label}


def test_sources_and_fees_add_up_to_the_net_of_the_day() -> None:
    """SC-450."""
    report = day_report(KINDS["scalp"])
    sums = by_source(report.trades)
    assert sums == {Source.PREMIUM: 0, Source.SCALP: Decimal("-3.00"), Source.SIGNAL: 0}
    assert sum(sums.values()) - report.fees == report.net


def test_options_of_a_signal_are_told_from_those_held_for_their_gamma() -> None:
    """SC-450: the same trade without terms, as the straddle of gamma scalping, then as one that a signal asked for."""
    (trade,) = day_report(a_hedge_day()).trades
    assert trade.end is not None
    assert by_source([trade])[Source.PREMIUM] == trade.end.options
    straddle = evolve(trade.holding, terms=EntryTerms(Decimal(1), signal="straddle"))
    assert by_source([evolve(trade, holding=straddle)])[Source.PREMIUM] == trade.end.options
    asked = evolve(trade.holding, terms=EntryTerms(Decimal(1), signal=SignalName.GAMMA_SQUEEZE))
    of_signal = by_source([evolve(trade, holding=asked)])
    assert of_signal == {Source.PREMIUM: 0, Source.SCALP: trade.end.shares, Source.SIGNAL: trade.end.options}


def test_refusals_are_counted_by_code_each_time_the_reason_changed() -> None:
    """SC-011, SC-803."""
    report = day_report(KINDS["scalp"])
    assert report.refusals == {"max_positions": 2, "cooldown": 2, "quote_wide": 1, "outside_window": 1}
    assert report.skipped == {"outside_window": 1}


def test_what_a_desk_still_holds_is_named() -> None:
    """SC-803."""
    assert shown(day_report(KINDS["scalp"]))["at the end"] == "st0cka flat"
    world = a_share_world_holding()
    assert shown(day_report(world.events))["at the end"] == "st0cka +3 SPY"


def test_a_halt_of_the_day_is_a_row_for_programs() -> None:
    world = a_share_world_holding()
    now = world.clock.now()
    world.day.ledger.record(DayHalted(now, world.session.date, "loss_streak", "3 losses in a row"))
    view = day_view(day_report(world.events))
    (halt,) = next(section for section in view.sections if section.key == "halts").rows
    assert {figure.key: figure.value for figure in halt} == {
        "at": now, "what": "no more entries today", "reason": "loss_streak: 3 losses in a row"
    }  # fmt: skip


def test_other_days_are_reported_as_before() -> None:
    for kind in ("trade", "hedge", "skip", "empty_day"):
        assert scalp_figures(day_report(KINDS[kind])) == ()


def test_fees_not_below_the_target_are_named_with_both_figures() -> None:
    """SC-216: half a cent a share and way is exactly the cent of the target; a mill less is below it."""
    assert target_below_fees(day_report(KINDS["scalp"]).trades) == (
        "fees of 0.01 a share and round trip, target 0.01"
    )  # fmt: skip
    world = a_share_world_holding(fees=FeeSchedule(share=Decimal("0.0049")))
    world.tick("590.02", times=4)
    assert len(world.closed) == 1
    assert target_below_fees(day_report(world.events).trades) is None
