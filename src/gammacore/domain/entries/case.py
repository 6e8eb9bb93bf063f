"""One scheduled entry under judgement: everything the filters ask for, derived once, None where it cannot be known."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from attrs import evolve, field, frozen

from gammacore.domain.advice import EntryProposal
from gammacore.domain.entries.confidence_score import Factors, Score, calm, earliness, nearness, tightness
from gammacore.domain.entries.credit import QuotedLoss, SpreadQuote, judge_positive
from gammacore.domain.entries.otm_single_sided import select_otm_single_sided
from gammacore.domain.entries.rechecks import JudgedSetup, Look
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.entries.setup import Refinement, break_wings, select_setup
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.pin import Pin, Polarity, find_pin, measure_polarity
from gammacore.domain.holdings.plans import SpreadPlan
from gammacore.domain.holdings.policy import StopPolicy
from gammacore.domain.instruments import OptionContract, Right, Side
from gammacore.domain.market import MarketSnapshot
from gammacore.domain.observation import Observation
from gammacore.domain.risk.limits import RiskLimits, contracts_by_buying_power
from gammacore.domain.sizing.max_risk import max_risk
from gammacore.domain.sizing.policies import Size, SizingRules, sizing_policy
from gammacore.domain.spreads import CreditSpread, Vertical
from gammacore.domain.strategy import Situation
from gammacore.domain.words import Confidence, Setup, StrategyTag


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
        return self._price_of(self.situation.market)

    @property
    def price_is_absurd(self) -> bool:
        return self.price is None and self.situation.price is not None

    def _price_of(self, market: MarketSnapshot) -> Decimal | None:
        spot, close = market.spot, market.previous_close
        if spot is None or not market.fresh(market.spot_at):
            return None
        return None if close is not None and abs(spot - close) > self.rules.price_sanity * close else spot

    @property
    def vix(self) -> Decimal | None:
        return self.situation.market.vix

    @property
    def look_again(self) -> MarketSnapshot:
        """The market as seen last, after pin and setup were found: its quotes make the credit. Rule: CS-359."""
        return self.situation.latest or self.situation.market

    @cached_property
    def pin(self) -> Pin | None:
        return self._pin_of(self.situation.exposure, self.price)

    def _pin_of(self, exposure: GammaExposure | None, price: Decimal | None) -> Pin | None:
        if exposure is None or price is None:
            return None
        measured = exposure.per_100pct
        return find_pin(measured.strikes, measured.net, price, self.situation.underlying, self.rules.pin)

    @cached_property
    def first_choice(self) -> Setup | None:
        """The setup of the first look, or OTM single-sided where the pin is too far (CS-324)."""
        return None if self._first is None else self._first.setup

    @property
    def otm_kept_out_because(self) -> str | None:
        """Why no OTM side is sold although the pin is too far; None where that was not the question. CS-221, CS-222."""
        first = self._first
        return first.kept_because if first is not None and first.setup.reason == "too_far" else None

    @cached_property
    def _first(self) -> Refinement | None:
        return self._choose(self.pin, self.price)

    def _choose(self, pin: Pin | None, price: Decimal | None) -> Refinement | None:
        vix, situation = self.vix, self.situation
        if pin is None or price is None or vix is None or not self.rules.vix.judge_presence(vix).passed:
            return None  # a reading that is no VIX selects nothing
        chosen = select_setup(situation.underlying, pin.strike, price, vix, self.rules.setup, competing=pin.competing)
        return select_otm_single_sided(
            chosen,
            situation.underlying,
            price,
            vix,
            minutes_since_open=situation.session.minutes_since_open(situation.now),
            hours_to_close=situation.session.hours_to_close(situation.now),
            rules=self.rules.otm,
        )

    @cached_property
    def late_condor(self) -> JudgedSetup | None:
        """What the time of day makes of a condor. Rule: CS-325."""
        return self._late(self.first_choice, self.pin, self.price)

    def _late(self, setup: Setup | None, pin: Pin | None, price: Decimal | None) -> JudgedSetup | None:
        if setup is None or setup.is_skip or pin is None or price is None or self.vix is None:
            return None
        minutes = self.situation.session.minutes_since_open(self.situation.now)
        return self.rules.late_condor.judge(
            setup, self.situation.underlying, pin.strike, price, self.vix,
            minutes_since_open=minutes, rules=self.rules.setup,
        )  # fmt: skip

    @cached_property
    def recheck(self) -> JudgedSetup | None:
        """The setup that outlived a second look at the price. Rules: CS-327, CS-359."""
        if self.late_condor is None or not self.late_condor.verdict.passed or self.late_condor.setup is None:
            return None
        winged = self._first_wings
        first = Look(
            self.price, None if self.pin is None else self.pin.strike, None if winged is None else winged.setup
        )
        return self.rules.recheck.judge(first, self._second_look(first), self.situation.underlying)

    def _second_look(self, first: Look) -> Look:
        """What the market as seen last would have come to: the same where neither price nor exposure moved."""
        again, exposure = self.situation.latest, self.situation.latest_exposure
        if again is None:
            return first
        price = self._price_of(again)
        if price == self.price and exposure is self.situation.exposure:
            return first
        return self._look_of(price, exposure)

    def _look_of(self, price: Decimal | None, exposure: GammaExposure | None) -> Look:
        """What another price and exposure would have come to, wings and all."""
        pin = self._pin_of(exposure, price)
        chosen = self._choose(pin, price)
        late = self._late(None if chosen is None else chosen.setup, pin, price)
        strike = None if pin is None else pin.strike
        if late is None or late.setup is None or not late.verdict.passed:
            return Look(price, strike, None)
        return Look(price, strike, self._winged(late.setup, self._polarity_of(exposure, price), price).setup)

    def _winged(self, setup: Setup, polarity: Polarity | None, price: Decimal | None) -> Refinement:
        """A condor with broken wings where polarity asks for them. Rules: CS-211..215."""
        if not setup.is_condor or polarity is None or price is None or self.vix is None:
            return Refinement(setup)
        return break_wings(
            setup, self.situation.underlying, price, self.vix,
            gpi=polarity.index, magnitude=polarity.magnitude, rules=self.rules.broken_wing,
        )  # fmt: skip

    @property
    def symmetric_because(self) -> str | None:
        """Why the wings of the first look's condor stay equal; None where they broke or nothing has wings. CS-211."""
        return None if self._first_wings is None else self._first_wings.kept_because

    @cached_property
    def _first_wings(self) -> Refinement | None:
        if self.late_condor is None or self.late_condor.setup is None:
            return None
        return self._winged(self.late_condor.setup, self.polarity, self.price)

    @cached_property
    def polarity(self) -> Polarity | None:
        """How one-sided dealer gamma is around the price of the first look. Rules: CS-109, CS-110."""
        return self._polarity_of(self.situation.exposure, self.price)

    def _polarity_of(self, exposure: GammaExposure | None, price: Decimal | None) -> Polarity | None:
        if exposure is None or price is None:
            return None
        measured = exposure.per_100pct
        return measure_polarity(measured.strikes, measured.net, price, self.situation.underlying)

    @property
    def setup(self) -> Setup | None:
        """The setup that is traded if no filter refuses; before that, the furthest it came."""
        if self.recheck is not None:
            return self.recheck.setup
        if self.late_condor is not None:
            return self.late_condor.setup
        return self.first_choice

    @cached_property
    def spread(self) -> CreditSpread | None:
        """The contracts of the setup; None without one, or with a strike that is not listed (CS-016)."""
        if self.setup is None or self.setup.is_skip or any(leg.strike <= 0 for leg in self.setup.legs):
            return None
        return self._spread_of(self.setup)

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

    @property
    def is_otm(self) -> bool:
        """Sold far from the pin, with a minimum credit of its own (CS-226)."""
        return self.setup is not None and self.setup.tag is StrategyTag.OTM_SINGLE_SIDED

    @property
    def is_scored(self) -> bool:
        """Whether five factors name the confidence; one of OTM is fixed. Rules: CS-208, CS-221."""
        return self.rules.score.on and self.setup is not None and not self.setup.is_skip and not self.is_otm

    @cached_property
    def score(self) -> Score | None:
        """The five factors of the setup that would be traded; None while one of them cannot be known. Rule: CS-208."""
        setup, polarity, quote, vix, situation = self.setup, self.polarity, self.quote, self.vix, self.situation
        if setup is None or polarity is None or vix is None or quote is None or self.credit is None:
            return None
        rules, underlying = self.rules, situation.underlying
        return rules.score.rate(
            Factors(
                distance=nearness(setup.distance, underlying, rules.setup),
                gex=rules.score.strength(polarity),
                liquidity=tightness(quote, rules.quality, underlying),
                time=earliness(situation.now, situation.session, rules.schedule),
                regime=calm(vix, rules.vix, rules.setup.vix_ceiling),
            )
        )

    @property
    def confidence(self) -> Confidence | None:
        """The setup table's label, or the score's where that is on; None where it cannot be known. CS-205, CS-208."""
        if not self.is_scored:
            return None if self.setup is None else self.setup.confidence
        return None if self.score is None else self.score.label

    @property
    def observed(self) -> Observation | None:
        """What was seen of the spread since the slot began, where it is watched first. Rule: CS-361."""
        watched = self.situation.memory.watched.get(self.slot)
        return None if watched is None else watched.observation

    @property
    def proposal(self) -> EntryProposal | None:
        """What an advisor is asked about; None while nothing is proposed."""
        if self.setup is None or self.price is None or self.pin is None or self.vix is None or self.credit is None:
            return None
        if self.confidence is None:
            return None
        symbol, setup = self.situation.underlying.symbol, evolve(self.setup, confidence=self.confidence)
        return EntryProposal(self.situation.now, symbol, setup, self.price, self.pin.strike, self.vix, self.credit)

    @cached_property
    def quote(self) -> SpreadQuote | None:
        return None if self.spread is None else SpreadQuote.of(self.spread, self.look_again.quote)

    @cached_property
    def credit(self) -> Decimal | None:
        """Expected credit when it is a credit at all, points."""
        if self.quote is None or not judge_positive(self.quote).passed:
            return None
        return self.quote.expected_credit

    @property
    def _minimum_credit(self) -> Fraction:
        """Dollars per share below which this setup is not sold. Rules: CS-226, CS-332."""
        underlying = self.situation.underlying
        if self.is_otm or self.quote is None:
            return self.rules.otm.minimum_credit(underlying)
        return self.rules.minimum.least(self.quote, underlying)

    @cached_property
    def stop_inside_quotes(self) -> QuotedLoss | None:
        """What bid and ask alone would cost, against the stop of this entry; None without a credit. Rule: CS-368."""
        if self.spread is None or self.credit is None or self.vix is None:
            return None
        mark = self.spread.mark(self.look_again.quote)
        return None if mark is None else QuotedLoss(self.credit, mark.worst, self.policy.at_entry(self.vix).stop)

    @cached_property
    def size(self) -> Size | None:
        if self.credit is None or self.setup is None or self.spread is None:
            return None
        underlying, book = self.situation.underlying, self.situation.book
        risk = max_risk(self.sizing.basis, self.setup.tag, self.spread.width, self.credit)
        policy = sizing_policy(self.sizing)
        return policy.size(book.balance, book.results, risk, underlying, self.confidence)

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

    def plan(self) -> SpreadPlan | None:
        """The entry as it would be ordered; None while anything of it is unknown."""
        if self.setup is None or self.spread is None or self.credit is None or self.pin is None:
            return None
        if self.price is None or self.vix is None or self.confidence is None or self.contracts < 1:
            return None
        return SpreadPlan(
            holding=self.position,
            strategy=self.setup.tag,
            direction=self.setup.direction,
            confidence=self.confidence,
            spread=self.spread,
            contracts=self.contracts,
            expected_credit=self.credit,
            limit=self.rules.limit.lowest(self.credit, self.situation.underlying, self._minimum_credit),
            price=self.price,
            pin=self.pin.strike,
            vix=self.vix,
            scheduled_at=self.slot,
            policy=self.policy.at_entry(self.vix),
        )
