"""The entry filters in their order: each with its rule, name and verdict; the first "no" is the reason. CS-300, CS-366.

Later filters are still judged for the record where their inputs exist. Filters of the table that are not listed here
belong to the desk's later work: bars, advisors, observation (CS-313..322, CS-325, CS-327, CS-333..336).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

from attrs import field, frozen

from gammacore.domain.entries.credit import (
    EntryLimit,
    HourlyCredit,
    MinimumCredit,
    SpreadQuality,
    SpreadQuote,
    judge_positive,
    judge_quotes,
)
from gammacore.domain.entries.fomc import FomcGate
from gammacore.domain.entries.schedule import Schedule
from gammacore.domain.entries.setup import Setup, SetupRules, select_setup, shorts_out_of_the_money
from gammacore.domain.entries.strike_conflicts import StrikeConflicts
from gammacore.domain.entries.vix_band import VixBand
from gammacore.domain.gex.pin import Pin, PinRule, find_pin
from gammacore.domain.gex.units import ExposureUnit
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.parameters import parameter
from gammacore.domain.positions import EntryPlan
from gammacore.domain.risk.limits import (
    RiskLimits,
    contracts_by_buying_power,
    judge_halted,
    live_plans,
)
from gammacore.domain.sizing.max_risk import max_risk
from gammacore.domain.sizing.policies import Size, SizingRules, sizing_policy
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.stops.policy import StopPolicy
from gammacore.domain.strategy import Situation
from gammacore.domain.verdicts import FilterVerdict, Outcome, Verdict


@frozen
class EntryRules:
    """Every rule an entry must pass, with its figures. Section 3 of the credit-spread rules."""

    schedule: Schedule = Schedule()
    fomc: FomcGate = FomcGate()
    vix: VixBand = VixBand()
    pin: PinRule = PinRule()
    setup: SetupRules = SetupRules()
    quality: SpreadQuality = SpreadQuality()
    hourly: HourlyCredit = HourlyCredit()
    minimum: MinimumCredit = MinimumCredit()
    limit: EntryLimit = EntryLimit()
    conflicts: StrikeConflicts = StrikeConflicts()
    price_sanity: Decimal = parameter(
        Decimal("0.20"), "A price further from the previous close is a defect of the data, part of it.", above=0
    )
    strike_sanity: Decimal = parameter(Decimal("0.10"), "Strikes further from the price are refused, part of it.",
                                       above=0)  # fmt: skip


@frozen
class EntryJudgement:
    """What became of one scheduled entry: the record, and the plan when nothing said no."""

    record: EntryJudged
    plan: EntryPlan | None


@frozen
class EntryCase:
    """One scheduled entry under judgement. What cannot be known is None, and the filters that need it say so."""

    situation: Situation
    slot: dt.datetime
    rules: EntryRules
    limits: RiskLimits
    sizing: SizingRules
    policy: StopPolicy
    position: str = field(default="")

    @property
    def price(self) -> Decimal | None:
        """Points, fresh and not absurdly far from the previous close. Rule: CS-353."""
        return None if self.price_is_absurd else self.situation.price

    @property
    def price_is_absurd(self) -> bool:
        price, known = self.situation.price, self.situation.market.previous_close
        return price is not None and known is not None and abs(price - known) > self.rules.price_sanity * known

    @property
    def vix(self) -> Decimal | None:
        return self.situation.market.vix

    @cached_property
    def pin(self) -> Pin | None:
        exposure = self.situation.exposure
        if exposure is None or self.price is None:
            return None
        measured = exposure.converted(ExposureUnit.PER_100PCT)
        return find_pin(measured.strikes, measured.net, self.price, self.situation.underlying, self.rules.pin)

    @cached_property
    def setup(self) -> Setup | None:
        if self.pin is None or self.price is None or self.vix is None:
            return None
        if not self.rules.vix.judge_presence(self.vix).passed:
            return None  # a reading that is no VIX selects nothing
        underlying = self.situation.underlying
        return select_setup(
            underlying, self.pin.strike, self.price, self.vix, self.rules.setup, competing=self.pin.competing
        )

    @cached_property
    def spread(self) -> CreditSpread | None:
        return None if self.setup is None or self.setup.is_skip else self._spread_of(self.setup)

    def _spread_of(self, setup: Setup) -> CreditSpread:
        contracts: dict[tuple[Right, Side], OptionContract] = {}
        for leg in setup.legs:
            contract = self.situation.underlying.contract(self.situation.session.date, leg.right, leg.strike)
            contracts[leg.right, leg.side] = contract
        return CreditSpread(
            tuple(
                Vertical(contracts[right, Side.SELL], contracts[right, Side.BUY])
                for right in (Right.CALL, Right.PUT)
                if (right, Side.SELL) in contracts
            )
        )

    @cached_property
    def quote(self) -> SpreadQuote | None:
        return None if self.spread is None else SpreadQuote.of(self.spread, self.situation.market.quote)

    @cached_property
    def credit(self) -> Decimal | None:
        """Expected credit when it is a credit at all, points."""
        if self.quote is None or not judge_positive(self.quote).passed:
            return None
        return self.quote.expected_credit

    @cached_property
    def size(self) -> Size | None:
        if self.credit is None or self.setup is None or self.spread is None:
            return None
        underlying, book = self.situation.underlying, self.situation.book
        risk = max_risk(self.sizing.basis, self.setup.tag, self.spread.width, self.credit)
        policy = sizing_policy(self.sizing)
        return policy.size(book.balance, book.results, risk, underlying, self.setup.confidence)

    @cached_property
    def risk_per_contract(self) -> Decimal | None:
        return None if self.spread is None or self.credit is None else self.spread.maximum_risk(self.credit)

    @cached_property
    def contracts(self) -> int:
        """The size that also fits concurrent risk and buying power. Rule: CS-363."""
        if self.size is None or self.risk_per_contract is None:
            return 0
        power = self.situation.buying_power
        return min(
            self.size.contracts,
            self.limits.contracts_by_risk(self.situation.book, self.risk_per_contract),
            contracts_by_buying_power(power or Decimal(0), self.risk_per_contract),
        )

    def plan(self) -> EntryPlan | None:
        """The entry as it would be ordered; None while anything of it is unknown."""
        if self.setup is None or self.spread is None or self.credit is None or self.pin is None:
            return None
        if self.price is None or self.vix is None or self.contracts < 1:
            return None
        return EntryPlan(
            position=self.position,
            strategy=self.setup.tag,
            direction=self.setup.direction,
            confidence=self.setup.confidence,
            spread=self.spread,
            contracts=self.contracts,
            expected_credit=self.credit,
            limit=self.rules.limit.price(self.credit, self.situation.underlying),
            price=self.price,
            pin=self.pin.strike,
            vix=self.vix,
            scheduled_at=self.slot,
            policy=self.policy.at_entry(self.vix),
        )


Filter = Callable[[EntryCase], Verdict]
NOT_JUDGED = Verdict.not_judged()


def _trading_day(case: EntryCase) -> Verdict:
    session = case.situation.session
    if not session.is_trading(case.situation.now):
        return Verdict.skip("trading_day", "the session is over" if case.situation.now >= session.close else "not open")
    return Verdict.ok(session.date)


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
    if case.setup is None:
        return NOT_JUDGED
    if case.setup.is_skip:
        return Verdict.skip(case.setup.reason or "setup", case.setup.detail)
    strikes = "" if case.spread is None else case.spread.strikes
    return Verdict.ok(f"{case.setup.tag} {strikes} {case.setup.confidence}, {case.setup.distance} from the pin")


def _short_clearance(case: EntryCase) -> Verdict:
    if case.setup is None or case.price is None or case.setup.is_skip:
        return NOT_JUDGED
    underlying = case.situation.underlying
    least = underlying.strike_increment * case.rules.setup.short_clearance
    gaps = shorts_out_of_the_money(case.setup, case.price, underlying)
    nearest = min(gaps.values())
    if nearest < least:
        return Verdict.skip("short_too_near", f"{nearest} points out of the money", f"< {least}")
    return Verdict.ok(f"{nearest} points out of the money", f">= {least}")


def _quotes(case: EntryCase) -> Verdict:
    if case.spread is None or case.price is None:
        return NOT_JUDGED
    for contract in case.spread.contracts:
        if abs(contract.strike - case.price) > case.rules.strike_sanity * case.price:
            return Verdict.skip("bad_strike", contract.occ, f"> {case.rules.strike_sanity:.0%} from {case.price}")
    return judge_quotes(case.spread, case.situation.market.quote)


def _positive(case: EntryCase) -> Verdict:
    return NOT_JUDGED if case.quote is None else judge_positive(case.quote)


def _quality(case: EntryCase) -> Verdict:
    if case.quote is None or case.credit is None:
        return NOT_JUDGED
    return case.rules.quality.judge(case.quote, case.situation.underlying)


def _hourly(case: EntryCase) -> Verdict:
    if case.credit is None:
        return NOT_JUDGED
    return case.rules.hourly.judge(case.credit, case.situation.now, case.situation.underlying)


def _minimum(case: EntryCase) -> Verdict:
    if case.quote is None or case.credit is None:
        return NOT_JUDGED
    verdict = case.rules.minimum.judge(case.quote, case.situation.underlying)
    if verdict.passed and case.rules.limit.price(case.credit, case.situation.underlying) <= 0:
        return Verdict.skip("limit_not_positive", f"{case.rules.limit.concession} x {case.credit} is below one tick")
    return verdict


def _size(case: EntryCase) -> Verdict:
    if case.size is None:
        halted = case.sizing.is_halted(case.situation.book.balance)
        return Verdict.skip("safety_halt", f"balance {case.situation.book.balance:.2f}") if halted else NOT_JUDGED
    if case.size.contracts == 0:
        return Verdict.skip(str(case.size.reason), f"balance {case.situation.book.balance:.2f}", "0 contracts")
    return Verdict.ok(f"{case.size.contracts} contracts ({case.size.reason})")


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
    ("CS-302", "halted", lambda case: judge_halted(case.situation.book)),
    ("CS-303", "trading_day", _trading_day),
    ("CS-304", "fomc_day", lambda case: case.rules.fomc.judge(case.situation.session.date)),
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
    ("CS-323", "pin_missing", _pin),
    ("CS-324", "setup", _setup),
    ("CS-326", "short_too_near", _short_clearance),
    ("CS-328", "quotes_missing", _quotes),
    ("CS-329", "credit_not_positive", _positive),
    ("CS-330", "spread_quality", _quality),
    ("CS-331", "hourly_credit", _hourly),
    ("CS-332", "minimum_credit", _minimum),
    ("CS-337", "entry_spacing", lambda case: case.limits.judge_spacing(case.situation.book, case.situation.now)),
    ("CS-338", "position_limit", lambda case: case.limits.judge_position_limit(case.situation.book)),
    ("CS-339", "daily_loss", lambda case: case.limits.judge_daily_loss(case.situation.book, case.situation.now)),
    ("CS-340", "minimum_account", lambda case: case.limits.judge_minimum_account(case.situation.book)),
    ("CS-341", "safety_halt", _size),
    ("CS-342", "concurrent_risk", _concurrent_risk),
    ("CS-343", "buying_power", _buying_power),
    ("CS-344", "strike_conflict", _conflicts),
)
"""The table of section 3, in its order."""


def judge_entry(case: EntryCase) -> EntryJudgement:
    """Judge one scheduled entry by every filter; the plan exists only when none said no. Rules: CS-300, CS-366.

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
    return EntryJudgement(record, plan)


def _reason(refusal: FilterVerdict) -> tuple[str, str]:
    verdict = refusal.verdict
    if verdict.outcome is Outcome.NOT_JUDGED:
        return f"{refusal.name}_unknown", f"skip {refusal.name}: could not be judged"
    return verdict.reason or refusal.name, str(verdict)
