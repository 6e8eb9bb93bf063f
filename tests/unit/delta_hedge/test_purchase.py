"""The day's one purchase: each verdict that stops it, and what is bought when none does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from builders import DAY, a_session, at
from builders_delta_hedge import ALL_ON, CALL, EVENT, PUT, STRADDLE, a_look, bought, steps, straddle_legs
from builders_desk import a_book, a_situation
from builders_exchange import call, put
from builders_holdings import holding_began, holding_closed
from gammacore.domain.desks.delta_hedge.desk import NAME, DeltaHedgeDesk
from gammacore.domain.hedging.settings import HedgingSettings
from gammacore.domain.holding_events import HoldingAdopted
from gammacore.domain.instruments import Side
from gammacore.domain.ledger import BreakerTripped, EntryJudged, Halted, Resumed
from gammacore.domain.legs import Leg
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.regime.regime import MacroState
from gammacore.domain.risk.opening_limits import EquityPoint, EquityWatch, OpeningGuards, OpeningLimits
from gammacore.domain.straddles.straddle import StraddleRules
from gammacore.domain.strategy import NoTrade, Situation, Trade, Warn
from gammacore.domain.verdicts import Outcome

SLOT = "09:45"
DESK = DeltaHedgeDesk()


def a_slot(*events: Any, **more: Any) -> Situation:
    return a_look(SLOT, book=a_book(*events), **more)


def purchase(situation: Situation, desk: DeltaHedgeDesk = DESK) -> Trade:
    (trade,) = steps(situation, desk)
    assert isinstance(trade, Trade)
    return trade


def judgement(situation: Situation, desk: DeltaHedgeDesk = DESK) -> EntryJudged:
    stand = next(step for step in steps(situation, desk) if isinstance(step, NoTrade))
    return stand.judgement


# -- what is bought ----------------------------------------------------------------------------------------------------


def test_the_straddle_nearest_to_the_price_is_bought_at_the_asks() -> None:
    quotes = straddle_legs("600.6", SLOT, strikes=(600, 601))
    trade = purchase(a_slot(spot="600.6", legs=quotes))

    assert trade.legs == (Leg(call(601, "SPY"), Side.BUY), Leg(put(601, "SPY"), Side.BUY))
    assert trade.limit == Decimal(str(quotes["C601"][1])) + Decimal(str(quotes["P601"][1]))
    assert (trade.quantity, trade.effect, trade.purpose) == (1, Effect.DEBIT, Purpose.ENTRY)
    assert (trade.holding, trade.strategy, trade.underlying) == (STRADDLE, NAME, "SPY")


def test_an_index_straddle_is_bought_on_the_tick_of_its_orders() -> None:
    """SPX: 0.05 for several legs, rounded up."""
    quotes = {"C6900": (20.00, 20.13), "P6900": (19.00, 19.10)}

    assert purchase(a_situation(SLOT, price="6901", legs=quotes, buying_power="300000")).limit == Decimal("39.25")


def test_it_is_bought_once_and_not_before_its_time() -> None:
    """CS-306."""
    assert steps(a_look("09:44:59.999")) == []
    assert steps(a_slot(purchase(a_slot()).record)) == []


# -- what waits --------------------------------------------------------------------------------------------------------


def test_a_missing_quote_at_the_slot_costs_no_day() -> None:
    """The next look with quotes buys, for the same slot."""
    waits = judgement(a_slot(spot=None))
    trade = purchase(a_look("09:46", book=a_book(waits)))

    assert waits.reason == "no_quotes"
    assert isinstance(trade.record, EntryJudged)
    assert (trade.record.scheduled_at, trade.record.at) == (at(SLOT), at("09:46"))


def test_a_reason_is_journaled_when_it_changes() -> None:
    waits = judgement(a_slot(spot=None))
    assert steps(a_look("09:46", book=a_book(waits), spot=None)) == []

    wide = judgement(a_look("09:47", book=a_book(waits), legs={"C600": (1.0, 1.2), "P600": (1.0, 1.2)}))
    assert wide.reason == "wide_quotes"
    assert judgement(a_look("09:48", book=a_book(waits, wide), spot=None)).reason == "no_quotes"


@pytest.mark.parametrize(("time", "buys"), [("14:00", True), ("14:00:00.001", False)])
def test_it_is_tried_until_the_latest_time_and_the_last_reason_stands(time: str, buys: bool) -> None:
    waits = judgement(a_slot(spot=None))

    assert bool(steps(a_look(time, book=a_book(waits)))) is buys


@pytest.mark.parametrize(("time", "buys"), [("12:59:59.999", True), ("13:00", False)])
def test_nothing_is_bought_once_everything_goes(time: str, buys: bool) -> None:
    """DH-510: the cut-off may come before the latest time."""
    early = DeltaHedgeDesk(HedgingSettings(exit_before_close=Decimal(10_800)))
    found = steps(a_look(time), early)

    assert [type(step) for step in found] == [Trade if buys else NoTrade]
    assert buys or judgement(a_look(time), early).reason == "too_late"


def test_an_alarm_of_a_limit_is_raised_once_however_often_it_is_tried() -> None:
    """DH-1003."""
    desk = limited(max_contracts_per_symbol=1)
    stand, warning = steps(a_slot(), desk)

    assert isinstance(stand, NoTrade)
    assert isinstance(warning, Warn)
    assert steps(a_look("09:46", book=a_book(stand.judgement)), desk) == []


def test_what_waited_for_a_halt_to_end_is_bought_when_a_person_resumes() -> None:
    halted = Halted(at("09:30"), "by hand")
    waits = judgement(a_slot(halted))

    assert purchase(a_look("10:00", book=a_book(halted, waits, Resumed(at("09:59"), "home")))).quantity == 1


def test_a_judgement_shows_every_verdict() -> None:
    """CS-366."""
    record = purchase(a_slot()).record
    assert isinstance(record, EntryJudged)

    assert record.reason is None
    assert [one.name for one in record.filters] == [
        "halted", "circuit_breaker", "macro_pause", "releases", "leftovers", "time_left", "daily_loss",
        "minimum_account", "quotes", "size", "limits", "guards", "buying_power",
    ]  # fmt: skip
    assert {one.verdict.outcome for one in record.filters} == {Outcome.PASS}
    assert next(one.verdict.value for one in record.filters if one.name == "time_left") == f"{SLOT}:00 New York"
    assert "1 straddle 600" in record.explanation


# -- what stops it -----------------------------------------------------------------------------------------------------


def yesterdays_shares() -> HoldingAdopted:
    return holding_began(at("09:30", DAY.replace(day=2)), "old", NAME, "SPY", {"SPY": 5}, Decimal(600))


PAUSED = evolve(EVENT, macro=MacroState(detected=True, actions=("pause_trading",)))
LOST = holding_closed(at("09:40"), "x", "flat", Decimal(-500), Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (a_slot(Halted(at("09:30"), "by hand")), "halted"),
        (a_slot(BreakerTripped(at("09:40"), 3, "no answer")), "circuit_breaker"),
        (a_slot(regime=PAUSED), "paused"),
        (a_slot(yesterdays_shares()), "leftover"),
        (a_look("14:00:00.001"), "too_late"),
        (a_look("11:00:01", session=a_session("13:00")), "too_late"),
        (a_slot(holding_began(at("09:31"), "x", "", "SPY", {}, Decimal(0)), LOST), "daily_loss"),
        (a_look(SLOT, book=a_book(balance="9999.99")), "minimum_account"),
        (a_slot(spot=None), "no_quotes"),
        (a_slot(price_age=15.1), "no_quotes"),
        (a_slot(quote_age=15.1), "no_quotes"),
        (a_slot(legs={"C600": (1.0, 1.1)}), "no_quotes"),
        (a_slot(legs={"C600": (1.0, 1.2), "P600": (1.0, 1.2)}), "wide_quotes"),
        (a_slot(regime=EVENT), "no_size"),
        (a_slot(buying_power="100"), "buying_power"),
        (a_slot(buying_power=None), "buying_power_missing"),
    ],
)
def test_each_no_has_its_reason(situation: Situation, reason: str) -> None:
    assert judgement(situation).reason == reason
    assert not [step for step in steps(situation) if isinstance(step, Trade) and step.purpose is Purpose.ENTRY]


def test_the_last_moment_and_the_widest_quotes_still_pass() -> None:
    assert purchase(a_look("14:00")).quantity == 1
    assert purchase(a_slot(legs={"C600": (1.85, 2.15), "P600": (1.85, 2.15)})).quantity == 1  # 0.60 of 4.00 is 15 %


def test_the_power_that_is_needed_is_the_limits() -> None:
    """CS-343; a straddle at 600 may come to 100 shares of it, a SPX one at 6,000 to 1,000 SPY shares at 600."""
    cost, cent = (purchase(a_slot()).limit or Decimal(0)) * 100, Decimal("0.01")

    assert purchase(a_slot(buying_power=str(cost + 18_000))).quantity == 1
    assert judgement(a_slot(buying_power=str(cost + 18_000 - cent))).reason == "hedge_buying_power"
    assert judgement(a_slot(buying_power=str(cost))).reason == "hedge_buying_power"
    assert judgement(a_slot(buying_power=str(cost - cent))).reason == "buying_power"

    quotes = {"C6000": (15.0, 15.2), "P6000": (15.0, 15.2)}
    index = a_situation(SLOT, price="6000", legs=quotes, buying_power="20000")
    assert judgement(index).explanation == "skip hedge_buying_power: 20000.00 < 3040.00 + 180000.00 for hedges"
    assert purchase(evolve(index, buying_power=Decimal("183040"))).quantity == 1


def test_the_part_that_is_left_for_hedges_is_configured() -> None:
    overnight = DeltaHedgeDesk(straddle=StraddleRules(hedge_margin=Decimal("0.50")))

    assert judgement(a_slot(buying_power="29000"), overnight).reason == "hedge_buying_power"
    assert purchase(a_slot(buying_power="29000")).quantity == 1


# -- sizes, limits, guards ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "bought_in_event", "bought_in_a_wild_market"), [(2, 1, 1), (3, 2, 1), (4, 3, 2), (8, 6, 4)]
)
def test_a_macro_event_and_a_wild_market_shrink_new_risk(
    wanted: int, bought_in_event: int, bought_in_a_wild_market: int
) -> None:
    """DH-452: × 0.75, floored. DH-1009: half above VIX 30."""
    desk = DeltaHedgeDesk(straddle=StraddleRules(contracts=wanted))
    wild = evolve(desk, guards=OpeningGuards(vix_halves_above=Decimal(30)))

    assert purchase(a_slot(regime=EVENT), desk).quantity == bought_in_event
    assert purchase(a_slot(vix="30.01"), wild).quantity == bought_in_a_wild_market
    assert purchase(a_slot(vix="30"), wild).quantity == wanted


def limited(**limits: Any) -> DeltaHedgeDesk:
    return DeltaHedgeDesk(HedgingSettings(limits=OpeningLimits(**limits)), StraddleRules(contracts=2))


def watched(worth: str = "20000", best: str = "20000") -> EquityWatch:
    return EquityWatch(DAY, Decimal(best), Decimal(best), (EquityPoint(at("09:44"), Decimal(worth)),))


@pytest.mark.parametrize(
    ("limits", "code", "is_alarming"),
    [
        ({"max_contracts_per_symbol": 1}, "position_limit", True),
        ({"max_net_delta": Decimal("0.01")}, "net_delta_limit", True),
        ({"gamma_limit": Decimal(1)}, "gamma_limit", False),
        ({"vega_limit": Decimal(1)}, "vega_limit", False),
        ({"max_daily_loss": Decimal(100)}, "daily_loss", False),
        ({"max_drawdown": Decimal(100)}, "drawdown", False),
        ({"max_trades_per_day": 0}, "trades_per_day", False),
    ],
)
def test_a_limit_refuses_an_opening_beyond_it(limits: dict[str, Any], code: str, is_alarming: bool) -> None:
    """DH-1003."""
    situation = evolve(a_slot(spot="600.2"), equity=watched("19900"))
    decisions = steps(situation, limited(**limits))

    assert judgement(situation, limited(**limits)).reason == code
    assert [step.code for step in decisions if isinstance(step, Warn)] == ([code] if is_alarming else [])


@pytest.mark.parametrize(
    ("limit", "one_leg", "both_legs"), [("gamma_limit", "33.2", "66.3"), ("vega_limit", "12.8", "25.5")]
)
def test_a_limit_counts_the_greeks_of_both_legs(limit: str, one_leg: str, both_legs: str) -> None:
    """DH-1003: two straddles near the money, each leg with about half of their gamma and vega."""
    situation = evolve(a_slot(spot="600.2"), equity=watched("19900"))

    assert judgement(situation, limited(**{limit: Decimal(one_leg) * Decimal("1.5")})).reason == limit
    assert purchase(situation, limited(**{limit: Decimal(both_legs)})).quantity == 2


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_drawdown"])
def test_a_limit_without_its_input_refuses(limit: str) -> None:
    """DH-1003."""
    assert judgement(a_slot(), limited(**{limit: Decimal(100)})).filters[-3].verdict.outcome is Outcome.UNKNOWN


def test_within_its_limits_it_buys() -> None:
    desk = limited(max_contracts_per_symbol=2, max_net_delta=Decimal("0.5"), gamma_limit=Decimal(100),
                   vega_limit=Decimal(100), max_daily_loss=Decimal(101), max_trades_per_day=1)  # fmt: skip

    assert purchase(evolve(a_slot(), equity=watched("19900")), desk).quantity == 2


@pytest.mark.parametrize(
    ("equity", "reason"),
    [
        (watched("19600"), "daily_loss_halt"),
        (EquityWatch(), "drawdown_halt"),
        (watched("900", best="900"), "symbol_share"),
    ],
)
def test_a_guard_refuses_an_opening(equity: EquityWatch, reason: str) -> None:
    """DH-1009: a loss, an equity nobody knows, a fifth of it in one symbol."""
    assert judgement(evolve(a_slot(), equity=equity), DeltaHedgeDesk(guards=ALL_ON)).reason == reason


def test_nothing_of_it_stops_a_hedge() -> None:
    """DH-1003."""
    desk = limited(max_contracts_per_symbol=0, max_net_delta=Decimal(0), max_trades_per_day=0)
    trade, _ = steps(a_look("10:30", "601", book=a_book(bought())), desk)  # and its alarm

    assert isinstance(trade, Trade)
    assert trade.purpose is Purpose.HEDGE


def test_both_options_are_of_today_and_of_one_strike() -> None:
    assert {(leg.contract.expiry, leg.contract.strike) for leg in purchase(a_slot()).legs if isinstance(leg, Leg)} == {
        (DAY, Decimal(600))
    }
    assert {CALL.occ, PUT.occ} == {leg.symbol for leg in purchase(a_slot()).legs}
