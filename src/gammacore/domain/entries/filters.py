"""The entry filters in order: a rule id, a name, a pure function of the case; the first "no" wins. CS-300, CS-366."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

from attrs import evolve, frozen

from gammacore.domain.entries.case import EntryCase
from gammacore.domain.entries.credit import judge_positive, judge_quotes
from gammacore.domain.entries.desk_limits import judge_otm_limit
from gammacore.domain.entries.entry_advisor import judge_opinion
from gammacore.domain.entries.setup import judge_strikes, shorts_out_of_the_money
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.market_history import MarketHistory
from gammacore.domain.risk.limits import judge_halted, live_plans
from gammacore.domain.risk.pause import judge_breaker, judge_pause
from gammacore.domain.strategy import Situation, Warn
from gammacore.domain.verdicts import FilterVerdict, Outcome, Verdict
from gammacore.domain.words import Confidence, Setup, StrategyTag

Filter = Callable[[EntryCase], Verdict]
NOT_JUDGED = Verdict.not_judged()


def _halted(case: EntryCase) -> Verdict:
    halt, breaker = judge_halted(case.situation.book), judge_breaker(case.situation.book.breaker_tripped_at)
    return halt if breaker.passed or not halt.passed else breaker


def _trading_day(case: EntryCase) -> Verdict:
    session = case.situation.session
    if not session.is_trading(case.situation.now):
        return Verdict.skip("trading_day", "the session is over" if case.situation.now >= session.close else "not open")
    return _broker_agrees(case.situation, case.rules.most_clock_skew)


def _broker_agrees(situation: Situation, most_skew: float) -> Verdict:
    """The broker's clock is open, and within 2 s of ours. Rules: CS-303, R7."""
    broker = situation.broker_clock
    if broker is None:
        return Verdict.unknown("trading_day_unknown", "the broker's clock does not answer")
    if not broker.is_open:
        return Verdict.skip("trading_day", "the broker says closed")
    skew = broker.skew_seconds(situation.now)
    if skew > most_skew:
        return Verdict.skip("clock_skew", f"broker and local clock {skew:.1f} s apart", f"> {most_skew:g} s")
    return Verdict.ok(situation.session.date)


def _price(case: EntryCase) -> Verdict:
    market = case.situation.market
    if case.price is not None:
        return Verdict.ok(case.price)
    if case.price_is_absurd:
        limit = f"> {case.rules.price_sanity:.0%} from the previous close {market.previous_close}"
        return Verdict.unknown("price_missing", f"price {market.spot}", limit)
    if market.spot is None or market.spot_at is None:
        return Verdict.unknown("price_missing", "no price yet")
    age = (market.at - market.spot_at).total_seconds()
    limit = f"> {market.quote_age_limit:.0f} s"
    return Verdict.unknown("price_missing", f"price {market.spot} is {age:.0f} s old", limit)


def _pin(case: EntryCase) -> Verdict:
    if case.price is None:
        return NOT_JUDGED
    if case.pin is None:
        return Verdict.unknown("pin_missing", "no contract of today's expiry counts")
    detail = f"pin {case.pin.strike} ({case.pin.polarity})"
    return Verdict.ok(f"{detail}, competing" if case.pin.competing else detail)


def _setup(case: EntryCase) -> Verdict:
    chosen = case.first_choice
    if chosen is None:
        return NOT_JUDGED
    if chosen.is_skip:
        otm = case.otm_kept_out_because
        return Verdict.skip(chosen.reason or "setup", chosen.detail, "" if otm is None else f"(no OTM side: {otm})")
    shown = chosen if case.setup is None or case.setup.is_skip else case.setup
    strikes = "/".join(str(leg.strike) for leg in shown.legs)
    symmetric = case.symmetric_because if shown.tag is StrategyTag.IRON_CONDOR else None
    where = f"{shown.distance} from the pin" + (f", wings equal ({symmetric})" if symmetric else "")
    return _rated(case, f"{shown.tag} {strikes}", where, shown)


def _rated(case: EntryCase, sold: str, distance: str, shown: Setup) -> Verdict:
    """The setup with its confidence; LOW is never traded, and only a score can say so here. Rules: CS-205, CS-208."""
    if not case.is_scored:
        return Verdict.ok(f"{sold} {shown.confidence}, {distance}")
    if case.score is None:  # a leg without a quote or a credit: one of the later filters refuses
        return Verdict.ok(f"{sold}, {distance}, not scored")
    reading = f"{sold} {case.score.label}, {distance}, {case.score}"
    if case.score.label is Confidence.LOW:
        return Verdict.skip("low_confidence", reading, f"< {case.rules.score.medium}")
    return Verdict.ok(reading)


def _late_condor(case: EntryCase) -> Verdict:
    return NOT_JUDGED if case.late_condor is None else case.late_condor.verdict


def _recheck(case: EntryCase) -> Verdict:
    """The second look; what it adopts is judged for clearance again. Rules: CS-327, CS-359."""
    if case.recheck is None:
        return NOT_JUDGED
    verdict, setup = case.recheck.verdict, case.recheck.setup
    if not verdict.passed or setup is None or case.late_condor is None or setup == case.late_condor.setup:
        return verdict
    again = _clearance(case, setup, case.look_again.spot)
    return verdict if again.passed else again


def _history(judge: Callable[[EntryCase, MarketHistory], Verdict]) -> Filter:
    """A filter of the past: without any history its inputs are missing, and it says so itself."""

    def judged(case: EntryCase) -> Verdict:
        situation = case.situation
        return judge(case, situation.history or MarketHistory(situation.now, situation.session))

    return judged


def _momentum(case: EntryCase, history: MarketHistory) -> Verdict:
    if case.setup is None or case.setup.is_skip:
        return NOT_JUDGED
    return case.rules.momentum.judge(case.price, history, case.setup.direction, case.situation.underlying)


def _advisors(case: EntryCase) -> Verdict:
    """The built-in veto against a weak pin, where it is on, then the advisor. Rules: CS-335, CS-362."""
    exposure, rule = case.situation.exposure, case.rules.weak_pin
    if rule.on and case.setup is not None and exposure is not None and case.price is not None and case.vix is not None:
        measured, underlying = exposure.per_100pct, case.situation.underlying
        veto = rule.judge(case.setup, measured.strikes, measured.net, case.price, case.vix, underlying, case.rules.pin)
        if not veto.passed:
            return veto
    return judge_opinion(case.situation.entry_opinion)


def _otm_limit(case: EntryCase) -> Verdict:
    if case.setup is None:
        return NOT_JUDGED
    today = case.situation.book.entries_on(case.situation.session.date)
    return judge_otm_limit(case.setup.tag, today, case.rules.otm)


def _two_desks(case: EntryCase) -> Verdict:
    if not case.rules.two_desks.on:
        return Verdict.ok("off")
    plan, book = case.plan(), case.situation.book
    if plan is None:
        return NOT_JUDGED
    return case.rules.two_desks.judge(plan, live_plans(book), book.balance, _conflicts_last_hour(case))


def _conflicts_last_hour(case: EntryCase) -> int:
    """Scheduled entries judged in the last hour that CS-344 refused, whatever else did. Rule: CS-365."""
    situation = case.situation
    since = situation.now - dt.timedelta(hours=1)
    judged = (situation.book.judgement(slot) for slot in case.rules.schedule.slots(situation.session))
    return sum(
        record is not None
        and record.at > since
        and any(each.rule == "CS-344" and each.verdict.blocks for each in record.filters)
        for record in judged
    )


def _short_clearance(case: EntryCase) -> Verdict:
    setup = None if case.late_condor is None else case.late_condor.setup
    return NOT_JUDGED if setup is None or setup.is_skip else _clearance(case, setup, case.price)


def _clearance(case: EntryCase, setup: Setup, price: Decimal | None) -> Verdict:
    if price is None:
        return NOT_JUDGED
    underlying = case.situation.underlying
    least = underlying.strike_increment * case.rules.setup.short_clearance
    nearest = min(shorts_out_of_the_money(setup, price, underlying).values())
    if nearest < least:
        return Verdict.skip("short_too_near", f"{nearest} points out of the money", f"< {least}")
    return Verdict.ok(f"{nearest} points out of the money", f">= {least}")


def _quotes(case: EntryCase) -> Verdict:
    if case.setup is None or case.setup.is_skip or case.price is None:
        return NOT_JUDGED
    strikes = judge_strikes(case.setup, case.price, case.rules.strike_sanity)
    if not strikes.passed or case.spread is None:
        return strikes
    return judge_quotes(case.spread, case.look_again.quote)


def _positive(case: EntryCase) -> Verdict:
    return NOT_JUDGED if case.quote is None else judge_positive(case.quote)


def _quality(case: EntryCase) -> Verdict:
    if case.quote is None or case.credit is None:
        return NOT_JUDGED
    return case.rules.quality.judge(case.quote, case.situation.underlying)


def _hourly(case: EntryCase) -> Verdict:
    if case.credit is None:
        return NOT_JUDGED
    if case.is_otm:
        return Verdict.ok("OTM: its own minimum (CS-226)")
    return case.rules.hourly.judge(case.credit, case.situation.now, case.situation.underlying)


def _minimum(case: EntryCase) -> Verdict:
    if case.quote is None or case.credit is None:
        return NOT_JUDGED
    underlying = case.situation.underlying
    least = case.rules.otm.minimum_credit(underlying) if case.is_otm else None
    verdict = case.rules.minimum.judge(case.quote, underlying, least)
    if verdict.passed and case.rules.limit.price(case.credit, underlying) <= 0:
        return Verdict.skip("limit_not_positive", f"{case.rules.limit.concession} x {case.credit} is below one tick")
    return verdict


def _stop_inside_quotes(case: EntryCase) -> Verdict:
    return (
        NOT_JUDGED if case.stop_inside_quotes is None else case.rules.stop_inside_quotes.judge(case.stop_inside_quotes)
    )


def _size(case: EntryCase) -> Verdict:
    balance = case.situation.book.balance
    if case.size is None:
        halted = case.sizing.is_halted(balance)
        return Verdict.skip("safety_halt", case.sizing.halt_words(balance)) if halted else NOT_JUDGED
    if case.size.is_halted:
        return Verdict.skip("safety_halt", case.sizing.halt_words(balance))
    if case.size.contracts == 0:
        return Verdict.skip(str(case.size.reason), "0 contracts")
    number = "1 contract" if case.size.contracts == 1 else f"{case.size.contracts} contracts"
    return Verdict.ok(f"{number} ({case.size.reason})")


def _concurrent_risk(case: EntryCase) -> Verdict:
    if case.size is None or case.risk_per_contract is None or case.size.contracts == 0:
        return NOT_JUDGED
    return case.limits.judge_concurrent_risk(case.situation.book, case.size.contracts, case.risk_per_contract)


def _buying_power(case: EntryCase) -> Verdict:
    if case.size is None or case.risk_per_contract is None or case.size.contracts == 0:
        return NOT_JUDGED
    wanted = min(case.size.contracts, case.limits.contracts_by_risk(case.situation.book, case.risk_per_contract))
    return case.limits.judge_buying_power(case.situation.buying_power, max(wanted, 1), case.risk_per_contract)


def _conflicts(case: EntryCase) -> Verdict:
    if case.spread is None or case.setup is None:
        return NOT_JUDGED
    plans = live_plans(case.situation.book)
    return case.rules.conflicts.judge(case.spread, case.setup.tag, plans, case.situation.underlying)


FILTERS: tuple[tuple[str, str, Filter], ...] = (
    ("CS-301", "single_writer", lambda case: Verdict.ok("this process holds the ledger")),
    ("CS-302", "halted", _halted),
    ("CS-303", "trading_day", _trading_day),
    ("CS-304", "fomc_day", lambda case: case.rules.fomc.judge(case.situation.session.date)),
    (
        "CS-367",
        "event_day",
        lambda case: case.rules.event_days.judge(case.situation.session.date, case.situation.now),
    ),
    ("CS-305", "early_close", lambda case: case.rules.schedule.judge_early_close(case.situation.session)),
    ("CS-306", "schedule", lambda case: case.rules.schedule.judge_slot(case.slot, case.situation.now)),
    (
        "CS-307",
        "entry_window",
        lambda case: case.rules.schedule.judge_window(case.situation.session, case.situation.now),
    ),
    (
        "CS-308",
        "entry_cutoff",
        lambda case: case.rules.schedule.judge_cutoff(case.situation.session, case.situation.now),
    ),
    ("CS-309", "price_missing", _price),
    ("CS-310", "vix_missing", lambda case: case.rules.vix.judge_presence(case.vix)),
    ("CS-311", "vix_floor", lambda case: case.rules.vix.judge_floor(case.vix)),
    ("CS-312", "vix_ceiling", lambda case: case.rules.vix.judge_ceiling(case.vix, case.rules.setup.vix_ceiling)),
    ("CS-313", "paused", lambda case: judge_pause(case.situation.pause, case.situation.now)),
    ("CS-314", "vix_spike", _history(lambda case, past: case.rules.vix_spike.judge(case.vix, past))),
    ("CS-315", "realized_volatility", _history(lambda case, past: case.rules.realized_volatility.judge(past))),
    ("CS-316", "adx", _history(lambda case, past: case.rules.adx.judge(past))),
    (
        "CS-317",
        "trend_move",
        _history(lambda case, past: case.rules.trend_move.judge(case.price, past, case.situation.underlying)),
    ),
    (
        "CS-318",
        "expected_move",
        lambda case: case.rules.expected_move.judge(case.price, case.vix, case.situation.underlying),
    ),
    ("CS-319", "rsi", _history(lambda case, past: case.rules.rsi.judge(past))),
    (
        "CS-320",
        "friday",
        lambda case: case.rules.friday.judge(case.situation.session.date, live=case.situation.is_live),
    ),
    ("CS-321", "down_days", _history(lambda case, past: case.rules.down_days.judge(past))),
    ("CS-322", "gap", _history(lambda case, past: case.rules.gap.judge(past))),
    ("CS-323", "pin_missing", _pin),
    ("CS-324", "setup", _setup),
    ("CS-325", "late_condor", _late_condor),
    ("CS-326", "short_too_near", _short_clearance),
    ("CS-327", "price_moved", _recheck),
    ("CS-328", "quotes_missing", _quotes),
    ("CS-329", "credit_not_positive", _positive),
    ("CS-330", "spread_quality", _quality),
    ("CS-331", "hourly_credit", _hourly),
    ("CS-332", "minimum_credit", _minimum),
    ("CS-368", "stop_inside_quotes", _stop_inside_quotes),
    ("CS-333", "momentum", _history(_momentum)),
    (
        "CS-334",
        "observation",
        lambda case: case.rules.observation.judge(case.observed, case.situation.now, case.situation.underlying),
    ),
    ("CS-335", "entry_advisor", _advisors),
    ("CS-336", "otm_limit", _otm_limit),
    ("CS-337", "entry_spacing", lambda case: case.limits.judge_spacing(case.situation.book, case.situation.now)),
    (
        "CS-338",
        "position_limit",
        lambda case: case.limits.judge_position_limit(case.situation.book, case.situation.underlying),
    ),
    ("CS-339", "daily_loss", lambda case: case.limits.judge_daily_loss(case.situation.book, case.situation.now)),
    ("CS-340", "minimum_account", lambda case: case.limits.judge_minimum_account(case.situation.book)),
    ("CS-341", "safety_halt", _size),
    ("CS-342", "concurrent_risk", _concurrent_risk),
    ("CS-343", "buying_power", _buying_power),
    ("CS-344", "strike_conflict", _conflicts),
    ("CS-365", "two_desks", _two_desks),
)
"""The table of section 3, in its order."""


@frozen
class EntryJudgement:
    """What became of one scheduled entry: the record, the plan when every filter passed, and its warnings."""

    record: EntryJudged
    plan: SpreadPlan | None
    warnings: tuple[Warn, ...] = ()

    def refused(self, verdict: Verdict) -> EntryJudgement:
        """The judgement after a limit beyond the filters refused."""
        return EntryJudgement(evolve(self.record, reason=verdict.reason, explanation=str(verdict)), None)


def judge_entry(case: EntryCase) -> EntryJudgement:
    """Judge one scheduled entry by every filter; the plan exists only when none refused. Rules: CS-300, CS-366.

    A filter that had nothing to judge although all before it passed is a fault of ours and blocks (fail closed).
    """
    verdicts = tuple(FilterVerdict(rule, name, judge(case)) for rule, name, judge in FILTERS)
    refusal = next((entry for entry in verdicts if not entry.verdict.passed), None)
    plan = case.plan() if refusal is None else None
    reason, explanation = _reason(refusal) if refusal is not None else (None, "")
    if refusal is None and plan is None:
        reason, explanation = "plan_incomplete", "every filter passed but the plan is incomplete"
    record = EntryJudged(
        at=case.situation.now,
        scheduled_at=case.slot,
        reason=reason,
        explanation=explanation,
        filters=verdicts,
        price=case.price,
        pin=None if case.pin is None else case.pin.strike,
        vix=case.vix,
    )
    return EntryJudgement(record, plan, () if plan is None else tuple(_warnings(case)))


def _warnings(case: EntryCase) -> Iterator[Warn]:
    """A stop inside bid and ask, whether or not the filter is on. Rule: CS-368."""
    if case.stop_inside_quotes is not None and case.stop_inside_quotes.is_inside:
        detail = f"{case.stop_inside_quotes} {case.stop_inside_quotes.limit}: bid and ask alone would stop it"
        yield Warn("stop_inside_quotes", detail, case.position)


def _reason(refusal: FilterVerdict) -> tuple[str, str]:
    verdict = refusal.verdict
    if verdict.outcome is Outcome.NOT_JUDGED:
        return f"{refusal.name}_unknown", f"skip {refusal.name}: could not be judged"
    return verdict.reason or refusal.name, str(verdict)
