"""What is simulated: paths, policy, risk, costs, stress; and what is reported of it. ST-402, ST-406, ST-412."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from attrs import field, frozen

from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sizing.max_risk import UNKNOWN_RISK, RiskBasis, table_max_risk
from gammacore.domain.sizing.on_paths import PathSizing, PolicyKind, TradeTerms
from gammacore.domain.sizing.policies import SPX
from gammacore.domain.study.draws import DrawMode
from gammacore.domain.study.paths import DrawnTrade, Stress
from gammacore.domain.study.record import ClosedTrade, TradeFlag
from gammacore.domain.study.warnings import StudyWarning
from gammacore.domain.words import Confidence, StrategyTag
from gammacore.domain.written_figures import read_figure
from gammacore.errors import InvalidInput

LADDER_COST = Decimal("6.03")
"""Dollars a contract and trade that source 000 counted as slippage and fees: 17,075/2,834. Rule: ST-412."""


@frozen
class RiskGiven:
    """Maximum risk in dollars a contract where the record does not say: one figure, or one for each strategy. ST-402.

    >>> RiskGiven.parse("GEX=250,OTM-SS=900").by_strategy["OTM-SS"], RiskGiven.parse("400").otherwise
    (Decimal('900'), Decimal('400'))
    """

    otherwise: Decimal | None = None
    by_strategy: Mapping[str, Decimal] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for risk in (*self.by_strategy.values(), *(() if self.otherwise is None else (self.otherwise,))):
            if not (risk.is_finite() and risk > 0):
                raise InvalidInput("risk", risk, "give dollars a contract, above 0")

    @classmethod
    def parse(cls, text: str) -> RiskGiven:
        otherwise, by_strategy = None, {}
        for part in text.split(","):
            name, named, figure = part.rpartition("=")
            risk = read_figure(figure.strip())
            if not isinstance(risk, Decimal) or bool(named) is not bool(name.strip()):
                raise InvalidInput("risk", text, "give dollars a contract, 400, or STRATEGY=DOLLARS,STRATEGY=DOLLARS")
            if named:
                by_strategy[name.strip()] = risk
            else:
                otherwise = risk
        return cls(otherwise, by_strategy)


@frozen
class CostGiven:
    """What a trade costs, dollars a contract: `dollars`, or `per_way` once where it was settled and else twice. ST-406.

    >>> CostGiven.of_legs(fee=Decimal("0.65"), slippage=Decimal("0.05"), legs=2).per_way
    Decimal('11.30')
    """

    dollars: Decimal | None = None
    per_way: Decimal = Decimal(0)

    def __attrs_post_init__(self) -> None:
        for cost in (Decimal(0) if self.dollars is None else self.dollars, self.per_way):
            if not (cost.is_finite() and cost >= 0):
                raise InvalidInput("cost", cost, "give dollars a contract, 0 or more")

    @classmethod
    def of_legs(cls, fee: Decimal, slippage: Decimal, legs: int) -> CostGiven:
        """A fee in dollars and a slippage in points a leg."""
        for name, figure in (("fee", fee), ("slippage", slippage)):
            if not (figure.is_finite() and figure >= 0):
                raise InvalidInput(name, figure, "give 0 or more")
        if legs < 1:
            raise InvalidInput("legs", legs, "give 1 or more")
        return cls(per_way=(fee + slippage * 100) * legs)

    def of(self, trade: ClosedTrade) -> Decimal:
        if self.dollars is not None:
            return self.dollars
        return self.per_way * (1 if TradeFlag.SETTLED in trade.flags else 2)

    @property
    def any(self) -> bool:
        return bool(self.dollars or self.per_way)


@frozen
class MonteCarloTerms:
    """What is simulated; `trades` a path is None for as many as the record has. Capital is that of the sizing rules.

    >>> MonteCarloTerms(runs=0)
    Traceback (most recent call last):
    gammacore.errors.InvalidInput: runs: 0 is not valid; give 1 path or more
    """

    runs: int = 10_000
    seed: int = 1
    trades: int | None = None
    mode: DrawMode = DrawMode()
    sizing: PathSizing = PathSizing()
    risk: RiskGiven = RiskGiven()
    cost: CostGiven = CostGiven()
    stress: Stress | None = None

    def __attrs_post_init__(self) -> None:
        if self.runs < 1:
            raise InvalidInput("runs", self.runs, "give 1 path or more")
        if self.seed < 0:
            raise InvalidInput("seed", self.seed, "give 0 or more")
        if self.trades is not None and self.trades < 1:
            raise InvalidInput("trades", self.trades, "give 1 trade a path or more")

    @property
    def start(self) -> Decimal:
        return self.sizing.rules.starting_capital


def drawn_trades(record: Sequence[ClosedTrade], terms: MonteCarloTerms, cost: CostGiven) -> list[DrawnTrade]:
    """What each trade of the record brings when it is drawn. Rules: ST-402, ST-406."""
    unknown = sorted(set(terms.risk.by_strategy) - {trade.strategy for trade in record})
    if unknown:
        there = ", ".join(sorted({trade.strategy or "(none)" for trade in record}))
        raise InvalidInput("risk", unknown[0], f"give strategies of the record: {there}")
    return [DrawnTrade(_whole(trade.per_contract), _terms_of(trade, terms), cost.of(trade)) for trade in record]


def _whole(profit: Decimal) -> Decimal:
    """A mean of contracts may have no end: 18 decimals are exact enough, and enough for exact arithmetic."""
    finest = Decimal("1e-18")
    return profit.quantize(finest) if int(profit.as_tuple().exponent) < -18 else profit


def _terms_of(trade: ClosedTrade, terms: MonteCarloTerms) -> TradeTerms:
    """The trade's own maximum risk, else the one given, else 800; `sizing.basis = "table"` puts the guide's first."""
    rules, risk = terms.sizing.rules, trade.max_risk
    if rules.basis is RiskBasis.TABLE and trade.strategy in set(StrategyTag):
        risk = table_max_risk(StrategyTag(trade.strategy), trade.credit)
    if risk is None:
        risk = terms.risk.by_strategy.get(trade.strategy, terms.risk.otherwise)
    risk = UNKNOWN_RISK if risk is None else risk
    if risk <= 0:
        raise InvalidInput("max_risk", risk, f"give dollars a contract above 0 for trade {trade.id}")
    confidence = Confidence(trade.confidence) if trade.confidence in set(Confidence) else None
    return TradeTerms(risk, REGISTRY.get(trade.underlying, SPX), confidence)


# -- what is reported of it -------------------------------------------------------------------------------------------


def warnings_of_terms(record: Sequence[ClosedTrade], terms: MonteCarloTerms) -> Iterator[StudyWarning]:
    fees = sum((trade.fees for trade in record), Decimal(0))
    if fees and not terms.cost.any:
        each = fees / sum(trade.contracts for trade in record)
        yield StudyWarning(
            "fees_not_charged",
            f"the record paid fees, {each:.2f} dollars a contract on average, and these paths pay none: P/L is drawn "
            f"before fees; give --cost {each:.2f}",
            {"fee_per_contract": each},
        )
    assumed = 0 if terms.sizing.rules.basis is RiskBasis.TABLE else sum(
        trade.max_risk is None and terms.risk.by_strategy.get(trade.strategy, terms.risk.otherwise) is None
        for trade in record
    )  # fmt: skip
    if assumed and terms.sizing.kind is PolicyKind.ROLLING:
        yield StudyWarning(
            "risk_assumed",
            f"the maximum risk of {assumed} of {len(record)} trades is not known and is taken as {UNKNOWN_RISK} "
            "dollars a contract: sizes follow from it; give --risk",
            {"trades": assumed, "of": len(record), "risk": UNKNOWN_RISK},
        )


def assumptions_of_terms(terms: MonteCarloTerms, cost: CostGiven, stress: Stress, beside: DrawMode) -> tuple[str, ...]:
    rules = terms.sizing.rules
    sizes = f"at most {rules.max_contracts}, from the last {rules.window} trades of the path"
    if not terms.sizing.reads_record:
        sizes = f"always {terms.sizing.fixed if terms.sizing.kind is PolicyKind.FIXED else 1}"
    sentences = [
        f"Draws: mode {terms.mode}, seed {terms.seed}; beside it mode {beside}. P/L a contract is drawn before fees.",
        f"Sizing: {terms.sizing}, contracts {sizes}; a path below "
        f"{rules.halt_below:.0%} of the starting capital stops.",
        "Costs: none." if not terms.cost.any else f"Costs: {_cost_words(terms.cost)}; charged to the balance only.",
        "Stress: none." if terms.stress is None else f"Stress: {_stress_words(stress)}; it replaces what was drawn.",
        f"Ladder: costs {_cost_words(cost)}; stress {_stress_words(stress)}.",
    ]
    return tuple(sentences)


def _cost_words(cost: CostGiven) -> str:
    if cost.dollars is not None:
        return f"{cost.dollars} dollars a contract and trade"
    return f"{cost.per_way} dollars a contract each way, one way where a trade was settled"


def _stress_words(stress: Stress) -> str:
    lost = "its maximum risk" if stress.gap_loss is None else f"{stress.gap_loss} dollars"
    return (
        f"{stress.gap_share:.1%} of the trades lose {lost} a contract in a gap, {stress.stop_share:.1%} lose "
        f"{stress.stop_loss} dollars at a forced stop"
    )
