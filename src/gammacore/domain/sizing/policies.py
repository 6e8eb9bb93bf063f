"""From a balance and a trade record to contracts: the two Half-Kelly policies, under one halt and one cap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attrs import evolve, frozen

from gammacore.domain.briefly import rules_briefly
from gammacore.domain.dollars import exact_decimal
from gammacore.domain.instruments import REGISTRY, Underlying
from gammacore.domain.parameters import parameter
from gammacore.domain.sizing.kelly import TradeStatistics, exact, kelly_fraction
from gammacore.domain.sizing.max_risk import RiskBasis
from gammacore.domain.words import Confidence
from gammacore.errors import InvalidInput

SPX = REGISTRY["SPX"]


class SizingPolicy(StrEnum):
    """Which rule sizes: version B (`rolling`, the default) or version A (`bootstrap-stats`)."""

    ROLLING = "rolling"
    BOOTSTRAP_STATS = "bootstrap-stats"


class SizeReason(StrEnum):
    """Why the answer is this many contracts."""

    KELLY = "kelly"
    CAP = "cap"
    MINIMUM = "minimum"
    FEW_TRADES = "few_trades"
    NO_WINS = "no_wins"
    NO_LOSSES = "no_losses"
    NO_EDGE = "no_edge"
    SIZING_OFF = "sizing_off"
    LOW_CONFIDENCE = "low_confidence"
    SAFETY_HALT = "safety_halt"


@frozen
class SizingRules:
    """The figures of sizing: fraction, window, caps and the halt. Rules: CS-023, CS-601..607."""

    policy: SizingPolicy = parameter(SizingPolicy.ROLLING, "rolling (version B) or bootstrap-stats (version A).")
    starting_capital: Decimal = parameter(Decimal(20_000), "What the account started with, dollars.", above=0)
    halt_below: Decimal = parameter(
        Decimal("0.5"), "Below this part of the starting capital nothing is traded.", at_least=0, at_most=1
    )
    fraction: Decimal = parameter(
        Decimal("0.5"), "Part of the Kelly fraction that is risked; 1 is full Kelly.", above=0, at_most=1
    )
    window: int = parameter(50, "Trades the statistics look back on.", at_least=1)
    first_trades: int = parameter(10, "Until this many trades are known the record is not trusted.", at_least=0)
    max_contracts: int = parameter(3, "Contracts a trade at most.", at_least=1)
    basis: RiskBasis = parameter(RiskBasis.ACTUAL, "Maximum risk: actual (width and credit) or table.")
    caps_by_account: bool = parameter(False, "Also cap by balance: 2 from 10k, 3 from 20k, 5 from 50k, 10 from 100k.")
    confidence_size: bool = parameter(False, "HIGH setups twice the size, LOW none, before the cap.")
    sizing: bool = parameter(True, "Off: `contracts` a trade.")
    contracts: int = parameter(1, "Contracts a trade while sizing is off.", at_least=1)

    __repr__ = rules_briefly

    def __attrs_post_init__(self) -> None:
        if self.window < self.first_trades:
            raise InvalidInput("window", self.window, f"give first_trades = {self.first_trades} or more: "
                               "with fewer no record is ever trusted")  # fmt: skip

    @property
    def warning(self) -> str:
        """What a person should know before these figures trade; "" when there is nothing. Rule: CS-602."""
        if self.fraction < 1:
            return ""
        return "full Kelly: in theory every second account halves at some time; 0.5 is the usual fraction"

    def is_halted(self, balance: Decimal) -> bool:
        """Whether the balance is below 50 % of the starting capital; exactly 50 % trades. Rule: CS-601.

        >>> SizingRules().is_halted(Decimal("9999.99")), SizingRules().is_halted(Decimal("10000"))
        (True, False)
        """
        floor = exact("starting_capital", self.starting_capital) * exact("halt_below", self.halt_below)
        return exact("balance", balance) < floor

    def halt_words(self, balance: Decimal) -> str:
        """The halt with its numbers, as people read it."""
        floor = self.starting_capital * self.halt_below
        return f"balance {balance:,.2f} < {floor:,.2f}, {self.halt_below:.0%} of the starting capital"

    def cap(self, balance: Decimal, underlying: Underlying = SPX) -> int:
        """Contracts a trade at most: the smallest of all caps that apply. Rules: CS-023, CS-607."""
        cap = min(self.max_contracts, underlying.max_contracts)
        return min(cap, account_cap(balance)) if self.caps_by_account else cap


ACCOUNT_CAPS = ((100_000, 10), (50_000, 5), (20_000, 3), (10_000, 2))
"""Balance in dollars from which so many contracts are allowed; less than the last: 1. Rule: CS-607."""


def account_cap(balance: Decimal) -> int:
    """Contracts at most for an account of this balance, dollars. Rule: CS-607."""
    return next((contracts for floor, contracts in ACCOUNT_CAPS if balance >= floor), 1)


@frozen
class Size:
    """How many contracts, and all that led there.

    `kelly` and `half_kelly` are parts of the balance (half = Kelly × fraction); `raw_contracts` is what they buy before
    floor and caps; `max_risk` dollars per contract. `assumed` is true while version A's assumed record decides.
    """

    contracts: int
    policy: SizingPolicy
    reason: SizeReason
    kelly: Fraction
    half_kelly: Fraction
    raw_contracts: Fraction
    max_risk: Decimal
    statistics: TradeStatistics
    assumed: bool = False

    @property
    def is_halted(self) -> bool:
        return self.reason is SizeReason.SAFETY_HALT


@frozen
class RollingHalfKelly:
    """Version B: the record of the last 50 trades decides; until it can, one contract. Rule: CS-604.

    >>> history = [Decimal(56)] * 11 + [Decimal("-34.62")] * 34
    >>> size = RollingHalfKelly().size(Decimal(19_995), history, max_risk=Decimal(250))
    >>> size.contracts, str(size.reason), round(float(size.half_kelly), 4)
    (1, 'no_edge', -0.1113)
    """

    rules: SizingRules = SizingRules()

    def size(
        self,
        balance: Decimal | int,
        history: Sequence[Decimal | int],
        max_risk: Decimal | int,
        underlying: Underlying = SPX,
        confidence: Confidence | None = None,
    ) -> Size:
        """Contracts for this balance; `history` is gross P/L per contract, dollars, oldest first.

        Raises:
            InvalidInput: a balance below 0, a risk of 0 or less, or a figure that is not finite or a float.
        """
        balance, max_risk = exact_decimal("balance", balance), exact_decimal("max_risk", max_risk)
        record = TradeStatistics.of(history, self.rules.window)
        size = _kelly_size(balance, record, record.kelly, max_risk, self.rules)
        if (doubt := self._doubt(record)) is not None:
            size = evolve(size, contracts=1, reason=doubt)
        return _limited(size, balance, underlying, confidence, self.rules)

    def _doubt(self, record: TradeStatistics) -> SizeReason | None:
        if record.trades < self.rules.first_trades:
            return SizeReason.FEW_TRADES
        if record.wins == 0:
            return SizeReason.NO_WINS
        if record.losses == 0:
            return SizeReason.NO_LOSSES
        return None


@frozen
class AssumedRecord:
    """The record version A assumes until there is one; dollars per contract of SPX, scaled by s. Rule: CS-605."""

    win_rate: Decimal = parameter(Decimal("0.582"), "Assumed win rate.", at_least=0, at_most=1)
    average_win: Decimal = parameter(Decimal(266), "Assumed average win, dollars.", at_least=0)
    average_loss: Decimal = parameter(Decimal(109), "Assumed average loss, dollars.", at_least=0)
    stop: Decimal = parameter(Decimal(150), "What a stopped contract loses, dollars.", above=0)
    least_wins: int = parameter(5, "Fewer wins than this and the record is not trusted.", at_least=0)
    least_losses: int = parameter(2, "Fewer losses than this and the record is not trusted.", at_least=0)

    def kelly(self, underlying: Underlying) -> Fraction:
        win, loss = underlying.dollars(self.average_win), underlying.dollars(self.average_loss)
        return kelly_fraction(exact("win_rate", self.win_rate), win, loss)

    def stop_for(self, underlying: Underlying) -> Decimal:
        """What a stopped contract loses, dollars: 150 × s."""
        scaled = underlying.dollars(self.stop)
        return Decimal(scaled.numerator) / scaled.denominator


@frozen
class BootstrapStats:
    """Version A: an assumed record until there is one, and the stop, not the width, as the risk. Rule: CS-605.

    `max_risk` is there so that a desk may hold either policy, and ignored: the answer reports 150 s, a stop.

    >>> size = BootstrapStats().size(Decimal(20_000), [])
    >>> size.contracts, round(float(size.kelly), 5), round(float(size.raw_contracts), 2)
    (3, 0.41071, 27.38)
    """

    rules: SizingRules = SizingRules(policy=SizingPolicy.BOOTSTRAP_STATS)
    record: AssumedRecord = AssumedRecord()

    def size(
        self,
        balance: Decimal | int,
        history: Sequence[Decimal | int],
        max_risk: Decimal | int | None = None,
        underlying: Underlying = SPX,
        confidence: Confidence | None = None,
    ) -> Size:
        """Contracts for this balance; `history` is gross P/L per contract, dollars, oldest first."""
        balance = exact_decimal("balance", balance)
        known = TradeStatistics.of(history, self.rules.window)
        assumed = (
            known.trades < self.rules.first_trades
            or known.wins < self.record.least_wins
            or known.losses < self.record.least_losses
        )
        kelly = self.record.kelly(underlying) if assumed else known.kelly
        stop = self.record.stop_for(underlying)
        size = _kelly_size(balance, known, kelly, stop, self.rules)
        size = evolve(size, policy=SizingPolicy.BOOTSTRAP_STATS, assumed=assumed)
        return _limited(size, balance, underlying, confidence, self.rules)


def sizing_policy(rules: SizingRules) -> RollingHalfKelly | BootstrapStats:
    """The policy the rules name."""
    return RollingHalfKelly(rules) if rules.policy is SizingPolicy.ROLLING else BootstrapStats(rules)


def _kelly_size(
    balance: Decimal, record: TradeStatistics, kelly: Fraction, max_risk: Decimal, rules: SizingRules
) -> Size:
    funds, risk = exact("balance", balance), exact("max_risk", max_risk)
    if funds < 0:
        raise InvalidInput("balance", balance, "give dollars, 0 or above")
    if risk <= 0:
        raise InvalidInput("max_risk", max_risk, "give dollars per contract, above 0")
    half = kelly * exact("fraction", rules.fraction)
    raw = funds * half / risk
    contracts = max(1, math.floor(raw))
    reason = SizeReason.NO_EDGE if half <= 0 else SizeReason.MINIMUM if raw < 1 else SizeReason.KELLY
    return Size(contracts, SizingPolicy.ROLLING, reason, kelly, half, raw, max_risk, record)


def _limited(
    size: Size, balance: Decimal, underlying: Underlying, confidence: Confidence | None, rules: SizingRules
) -> Size:
    contracts, reason = limited(size.contracts, balance, underlying, confidence, rules)
    return evolve(size, contracts=contracts, reason=reason or size.reason)


def limited(
    contracts: int, balance: Decimal, underlying: Underlying, confidence: Confidence | None, rules: SizingRules
) -> tuple[int, SizeReason | None]:
    """Contracts under the halt, the options and the cap, and which of them decided; None when none did.

    Rules: CS-601, CS-607, CS-023.
    """
    if rules.is_halted(balance):
        return 0, SizeReason.SAFETY_HALT
    if not rules.sizing:
        return rules.contracts, SizeReason.SIZING_OFF
    contracts *= multiple_for(confidence, rules)
    if contracts == 0:
        return 0, SizeReason.LOW_CONFIDENCE
    cap = rules.cap(balance, underlying)
    return (cap, SizeReason.CAP) if contracts > cap else (contracts, None)


def multiple_for(confidence: Confidence | None, rules: SizingRules) -> int:
    """What a setup's confidence multiplies its contracts by: HIGH 2, LOW 0, where that option is on. Rule: CS-607."""
    if not rules.confidence_size:
        return 1
    return {Confidence.HIGH: 2, Confidence.LOW: 0}.get(confidence, 1) if confidence else 1
