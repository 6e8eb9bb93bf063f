"""CS-208: five factors, each 0..1, and the label their weighted sum earns; off unless somebody asks for it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from builders import a_put_spread, a_session, at
from builders_desk import CONDOR_QUOTES, PUT_SPREAD_QUOTES, Legs, a_case, a_situation, quotes_of
from gammacore.configuration import Sourced, configure
from gammacore.domain.desks.credit_spread import CreditSpreadDesk
from gammacore.domain.entries.confidence_score import ConfidenceScore, Factors, calm, earliness, nearness, tightness
from gammacore.domain.entries.credit import SpreadQuality, SpreadQuote
from gammacore.domain.entries.filters import EntryJudgement, judge_entry
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.entries.schedule import EarlyClosePolicy, Schedule
from gammacore.domain.entries.setup import DEFAULT_RULES
from gammacore.domain.entries.volatility import VixBand
from gammacore.domain.gex.pin import Lean, Polarity, PolarityConfidence
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sizing.policies import SizingRules
from gammacore.domain.strategy import Situation
from gammacore.domain.verdicts import Outcome, Verdict
from gammacore.domain.words import Confidence, StrategyTag
from gammacore.errors import InvalidInput

SPX, NDX, SPY = REGISTRY["SPX"], REGISTRY["NDX"], REGISTRY["SPY"]
ON = ConfidenceScore(on=True)
NOTHING = Factors(*[Fraction(0)] * 5)
PART = st.fractions(0, 1)


# -- the sum -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "weight"),
    [("distance", "0.20"), ("gex", "0.30"), ("liquidity", "0.20"), ("time", "0.15"), ("regime", "0.15")],
)
def test_each_factor_weighs_what_the_rule_says(factor: str, weight: str) -> None:
    """CS-208."""
    alone = evolve(NOTHING, **{factor: Fraction(1)})

    assert ON.rate(alone).value == Fraction(weight)


@pytest.mark.parametrize(
    ("regime", "label"),
    [
        (Fraction(1, 3), Confidence.HIGH),  # .20 + .30 + .20 + .15 x 1/3 = .75 exactly
        (Fraction(1, 3) - Fraction(1, 10**12), Confidence.MEDIUM),
    ],
)
def test_high_begins_at_three_quarters(regime: Fraction, label: Confidence) -> None:
    """CS-208: HIGH >= .75."""
    score = ON.rate(Factors(Fraction(1), Fraction(1), Fraction(1), Fraction(0), regime))

    assert score.label is label


@pytest.mark.parametrize(
    ("gex", "label"),
    [(Fraction(1), Confidence.MEDIUM), (1 - Fraction(1, 10**12), Confidence.LOW), (Fraction(0), Confidence.LOW)],
)
def test_medium_begins_at_one_half_and_low_is_below(gex: Fraction, label: Confidence) -> None:
    """CS-208: .30 + .20 = .50 is MEDIUM."""
    assert ON.rate(evolve(NOTHING, gex=gex, liquidity=Fraction(1))).label is label


def test_a_score_just_below_a_limit_is_not_shown_as_the_limit() -> None:
    score = ON.rate(Factors(Fraction(1), Fraction(1), Fraction(1), Fraction(0), Fraction(3333, 10_000)))

    assert score.label is Confidence.MEDIUM
    assert str(score).startswith("score 0.749 = distance 1.00 x 0.20 + gex 1.00 x 0.30 + liquidity")


@given(st.builds(Factors, PART, PART, PART, PART, PART), st.sampled_from(["distance", "gex", "liquidity", "time"]))
def test_a_score_lies_between_nothing_and_one_and_rises_with_each_factor(factors: Factors, better: str) -> None:
    before, after = ON.rate(factors), ON.rate(evolve(factors, **{better: Fraction(1)}))

    assert 0 <= before.value <= after.value <= 1


@pytest.mark.parametrize(
    ("figures", "field"),
    [({"gex": Decimal("0.31")}, "regime"), ({"medium": Decimal("0.76")}, "medium"), ({"full_gex": 0.0}, "full_gex")],
)
def test_weights_that_do_not_sum_to_one_and_limits_in_the_wrong_order_are_refused(
    figures: dict[str, Decimal], field: str
) -> None:
    with pytest.raises(InvalidInput, match=field):
        ConfidenceScore(**figures)  # type: ignore[arg-type]  # a row of the table fits one field


def test_every_figure_is_configuration() -> None:
    given = {"entries.score.on": Sourced("true", "test"), "entries.score.full_gex": Sourced("1e9", "test")}
    settings = configure([given]).settings

    assert (settings.entries.score.on, settings.entries.score.full_gex) == (True, 1e9)


# -- the factors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("underlying", "distance", "factor"),
    [
        (SPX, "0", Fraction(1)), (SPX, "25", Fraction(1, 2)), (SPX, "-25", Fraction(1, 2)),
        (SPX, "49.9", Fraction(1, 500)), (SPX, "50", Fraction(0)), (SPX, "51", Fraction(0)),
        (NDX, "125", Fraction(1, 2)), (SPY, "2.5", Fraction(1, 2)),
    ],
)  # fmt: skip
def test_distance_is_full_on_the_pin_and_nothing_at_the_far_limit(
    underlying: object, distance: str, factor: Fraction
) -> None:
    assert nearness(Decimal(distance), underlying, DEFAULT_RULES) == factor  # type: ignore[arg-type]  # from a table


@pytest.mark.parametrize(
    ("index", "magnitude", "factor"),
    [
        (0.5, 15e9, Fraction(1)),  # where CS-110 would say HIGH
        (1.0, 7.5e9, Fraction(1)),
        (0.5, 16e9, Fraction(1)),
        (0.5, 7.5e9, Fraction(1, 2)),
        (0.0, 50e9, Fraction(0)),
        (-1.0, 50e9, Fraction(0)),  # negative gamma drives away
    ],
)
def test_the_exposure_counts_net_and_only_when_it_attracts(index: float, magnitude: float, factor: Fraction) -> None:
    polarity = Polarity(index, magnitude, Lean.NEUTRAL, PolarityConfidence.LOW)

    assert ON.strength(polarity) == factor


@pytest.mark.parametrize(
    ("short", "long", "factor"),
    [
        (("4.00", "4.10"), ("1.50", "1.60"), Fraction(17, 25)),  # keeps .20 of the .625 it may keep of 2.50
        (("3.90", "4.20"), ("1.40", "1.70"), Fraction(1, 25)),  # .60 of .625
        (("3.85", "4.25"), ("1.425", "1.675"), Fraction(0)),  # more than it may
        (("4.00", "4.10"), ("1.45", "1.60"), 1 - Fraction("0.25") / (Fraction("2.525") / 4)),
        (("4.00", "4.10"), ("1.50", "1.55"), Fraction(1)),  # a tick each, .10 from 3.00: no market can be tighter
        (("2.95", "3.00"), ("1.50", "1.55"), Fraction(1)),
    ],
)
def test_liquidity_is_what_the_market_does_not_keep_of_what_it_may(
    short: tuple[str, str], long: tuple[str, str], factor: Fraction
) -> None:
    """CS-360 says how much it may keep."""
    quote = SpreadQuote.of(a_put_spread("6890", "6880"), quotes_of({"P6890": short, "P6880": long}))
    assert quote is not None

    assert tightness(quote, SpreadQuality(), SPX) == factor


def test_a_condor_is_as_liquid_as_its_worse_side() -> None:
    quotes = {
        "C6920": ("2.00", "2.05"),
        "C6930": ("0.60", "0.65"),
        "P6880": ("2.20", "2.30"),
        "P6870": ("0.80", "0.90"),
    }
    case = a_case(a_situation(peaks={6900: 50.0, 6950: -40.0}, legs=CONDOR_QUOTES))
    assert case.spread is not None
    quote = SpreadQuote.of(case.spread, quotes_of(quotes))
    assert quote is not None

    assert tightness(quote, SpreadQuality(), SPX) == 1 - Fraction("0.20") / Fraction("0.21")  # puts: 15 % of 1.40


@pytest.mark.parametrize(
    ("time", "factor"),
    [
        ("09:45", Fraction(1)), ("10:00", Fraction(1)), ("11:30", Fraction(1, 2)),
        ("12:30", Fraction(1, 6)), ("13:00", Fraction(0)), ("14:00", Fraction(0)),
    ],
)  # fmt: skip
def test_time_is_full_at_the_first_entry_and_nothing_at_the_cutoff(time: str, factor: Fraction) -> None:
    """CS-307, CS-308: 10:00 to 13:00."""
    assert earliness(at(time), a_session(), Schedule()) == factor


def test_on_a_half_day_the_cutoff_is_sixty_minutes_to_the_close() -> None:
    schedule = Schedule(early_close=EarlyClosePolicy.RELATIVE)

    assert earliness(at("11:00"), a_session("13:00"), schedule) == Fraction(1, 2)
    assert earliness(at("12:00"), a_session("13:00"), schedule) == 0


def test_a_schedule_without_time_for_entries_leaves_none() -> None:
    schedule = Schedule(window_from_minutes=240)

    assert earliness(a_session().after_open(240) + dt.timedelta(seconds=1), a_session(), schedule) == 0


@pytest.mark.parametrize(
    ("vix", "factor"),
    [("12", 1), ("13.0", 1), ("16.5", Fraction(1, 2)), ("19.3", Fraction(1, 10)), ("20.0", 0), ("25", 0)],
)
def test_the_regime_is_full_at_the_vix_floor_and_nothing_at_the_ceiling(vix: str, factor: Fraction) -> None:
    """CS-311, CS-312."""
    assert calm(Decimal(vix), VixBand(), Decimal("20.0")) == factor


# -- what it does ------------------------------------------------------------------------------------------------------


def judged(situation: Situation | None = None, score: ConfidenceScore = ON, slot: str = "10:00") -> EntryJudgement:
    desk = CreditSpreadDesk(entries=EntryRules(score=score))
    return judge_entry(a_case(situation, slot, desk))


def setup_line(judgement: EntryJudgement) -> Verdict:
    return next(entry.verdict for entry in judgement.record.filters if entry.rule == "CS-324")


def test_off_it_changes_nothing() -> None:
    by_default = judge_entry(a_case())

    assert by_default == judged(score=ConfidenceScore())
    assert setup_line(by_default).value == "PUT_SPREAD 6890/6880 HIGH, -15 from the pin"
    assert ConfidenceScore() == EntryRules().score
    assert not ConfidenceScore().on


def test_on_its_label_goes_with_the_plan_and_every_factor_with_the_record() -> None:
    """15 from the pin, 50e9 at one strike, .20 of .625 kept, 10:00, VIX 15.2."""
    judgement = judged()

    assert setup_line(judgement).value == (
        "PUT_SPREAD 6890/6880 HIGH, -15 from the pin, score 0.828 = distance 0.70 x 0.20 + gex 1.00 x 0.30 "
        "+ liquidity 0.68 x 0.20 + time 1.00 x 0.15 + regime 0.69 x 0.15"
    )
    assert judgement.plan is not None
    assert judgement.plan.confidence is Confidence.HIGH


def test_a_label_of_the_table_gives_way_in_plan_target_and_size() -> None:
    """HIGH by its distance, MEDIUM by its score: CS-507 asks for .60 at once, CS-607 no longer doubles."""
    demanding, sizing = evolve(ON, high=Decimal("0.90")), SizingRules(confidence_size=True)
    table = judge_entry(a_case(desk=CreditSpreadDesk(sizing=sizing))).plan
    scored = judge_entry(a_case(desk=CreditSpreadDesk(entries=EntryRules(score=demanding), sizing=sizing))).plan

    assert table is not None
    assert scored is not None
    assert (table.confidence, scored.confidence) == (Confidence.HIGH, Confidence.MEDIUM)
    assert (table.contracts, scored.contracts) == (2, 1)
    assert table.policy.target(0, table.confidence) == Decimal("0.50")
    assert scored.policy.target(0, scored.confidence) == Decimal("0.60")


def test_an_advisor_is_given_the_scored_label() -> None:
    desk = CreditSpreadDesk(entries=EntryRules(score=evolve(ON, high=Decimal("0.90"))))
    proposal = a_case(desk=desk).proposal

    assert proposal is not None
    assert proposal.setup.confidence is Confidence.MEDIUM


def test_low_is_never_traded() -> None:
    """CS-205: of negative gamma, late, with VIX near the ceiling."""
    weak = a_situation("12:30", peaks={6915: 1.0, 6880: -60.0}, vix="19.3")
    judgement = judged(weak, slot="12:30")

    assert judgement.plan is None
    line = setup_line(judgement)
    assert (line.outcome, line.reason, line.limit) == (Outcome.SKIP, "low_confidence", "< 0.50")
    assert "gex 0.00 x 0.30" in line.value


def test_without_quotes_nothing_is_scored_and_nothing_is_sold() -> None:
    judgement = judged(a_situation(legs={"P6890": PUT_SPREAD_QUOTES["P6890"]}))

    assert setup_line(judgement).value == "PUT_SPREAD 6890/6880, -15 from the pin, not scored"
    assert (judgement.record.reason, judgement.plan) == ("quotes_missing", None)


def test_far_out_of_the_money_its_own_label_stays() -> None:
    """CS-221: MEDIUM, whatever the factors."""
    legs: Legs = {"P6785": (0.70, 0.75), "P6765": (0.35, 0.40)}
    tolerant = SpreadQuality(thin_tolerance=Decimal(1))
    rules = EntryRules(score=ON, quality=tolerant)
    plan = judge_entry(a_case(a_situation(price="6850", legs=legs), desk=CreditSpreadDesk(entries=rules))).plan

    assert plan is not None
    assert (plan.strategy, plan.confidence) == (StrategyTag.OTM_SINGLE_SIDED, Confidence.MEDIUM)
