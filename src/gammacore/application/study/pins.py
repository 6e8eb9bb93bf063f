"""Study the pin: look at every mark of every day, then tell what the days show and what they cannot. ST-701..706."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from gammacore.domain.columns import Floats
from gammacore.domain.entries.otm_single_sided import expected_move
from gammacore.domain.entries.setup import DEFAULT_RULES, SetupRules
from gammacore.domain.gex.pin import STANDARD_PIN, PinRule, find_pin
from gammacore.domain.gex.units import IMPLIED_FORWARD, GreeksSource, Rates, SignModel
from gammacore.domain.instruments import Underlying
from gammacore.domain.market import MarketSnapshot, OptionChain
from gammacore.domain.sessions import TradingSession, new_york
from gammacore.domain.study.documents import canonical
from gammacore.domain.study.pin_sensitivity import PinMoment, PinSensitivity, PinVariant, SensitivityTally, read_pins
from gammacore.domain.study.pin_study import MarkDays, PinMark, share_known_to, study_marks
from gammacore.domain.study.warnings import StudyWarning
from gammacore.errors import InvalidInput
from gammacore.frames import Columns, Framed, rows_as_columns
from gammacore.ports.market_data import GexSource, MarketData, SettlementPrint

MARKS = tuple(dt.time(hour) for hour in range(10, 16))
"""New York times at which the pin is looked at: 10:00, 11:00 ... 15:00 (ours). Rule: ST-701."""
OLDEST_SECONDS = 600.0
"""A snapshot older than this says nothing of its mark. Rule: ST-701."""


@frozen
class PinTerms:
    """How the pin is looked at. `marks` are New York times; what is measured is the configured pin's.

    Sensitivity is measured at `most_moments` marks at most (ours), spread evenly over all: each takes about a second.
    """

    marks: tuple[dt.time, ...] = MARKS
    oldest_seconds: float = OLDEST_SECONDS
    pin_rule: PinRule = STANDARD_PIN
    setup_rules: SetupRules = DEFAULT_RULES
    sign: SignModel = SignModel.NAIVE
    greeks: GreeksSource = GreeksSource.MODEL
    rates: Rates = IMPLIED_FORWARD
    most_moments: int = 60

    def __attrs_post_init__(self) -> None:
        if not self.marks:
            raise InvalidInput("at", "no time", "give times of day in New York, like 10:00,11:00")
        if len(set(self.marks)) < len(self.marks):
            raise InvalidInput("at", ",".join(f"{mark:%H:%M}" for mark in self.marks), "give each time once")
        object.__setattr__(self, "marks", tuple(sorted(self.marks)))

    @property
    def configured(self) -> PinVariant:
        """The way of measuring that the others are compared with."""
        return PinVariant(self.sign, self.greeks, self.rates if self.greeks is GreeksSource.MODEL else None)


@frozen(eq=False)
class PinLook:
    """One mark of one day, points. `close` is what the day's contracts settled at, `move` one expected move."""

    date: dt.date
    mark: dt.time
    price: Decimal
    vix: Decimal
    pin: Decimal
    close: Decimal
    move: float
    estimated: bool
    by_chance: float
    moment: PinMoment


@frozen
class MarkOut:
    """A mark of a day that says nothing, and the code of the reason."""

    date: dt.date
    mark: dt.time
    reason: str


def look_at_marks(
    market: MarketData, underlying: Underlying, session: TradingSession, exposures: GexSource, terms: PinTerms
) -> tuple[PinLook | MarkOut, ...]:
    """Price, pin, VIX and expected move at each mark, as they were known then, and where the day settled. Rule: ST-701.

    Reasons of a mark that is out: no_settlement, after_close, chain_missing, chain_old, price_missing, price_old,
    vix_missing, pin_missing.
    """
    settled = market.settlement(underlying.symbol, session.date)
    found: list[PinLook | MarkOut] = []
    for mark in terms.marks:
        at = new_york(session.date, mark)
        if settled is None or not session.open <= at < session.close:
            reason = "no_settlement" if settled is None else "after_close"
            found.append(MarkOut(session.date, mark, reason))
            continue
        snapshot = evolve(market.snapshot(at), quote_age_limit=terms.oldest_seconds)
        look = _look(snapshot, settled, underlying, session, mark, exposures, terms)
        found.append(MarkOut(session.date, mark, look) if isinstance(look, str) else look)
    return tuple(found)


def _look(
    seen: MarketSnapshot,
    settled: SettlementPrint,
    underlying: Underlying,
    session: TradingSession,
    mark: dt.time,
    exposures: GexSource,
    terms: PinTerms,
) -> PinLook | str:
    """What the mark shows, or why it says nothing."""
    if seen.chain is None:
        return "chain_missing"
    if not seen.fresh(seen.chain.as_of):
        return "chain_old"
    if seen.spot is None:
        return "price_missing"
    if not seen.fresh(seen.spot_at):
        return "price_old"
    if seen.vix is None:
        return "vix_missing"
    exposure = exposures.exposure(seen)
    if exposure is None:
        return "pin_missing"
    measured = exposure.per_100pct
    pin = find_pin(measured.strikes, measured.net, seen.spot, underlying, terms.pin_rule)
    if pin is None:
        return "pin_missing"
    today = seen.chain.expiring(session.date, (underlying.option_root,))
    moment = PinMoment(
        today, seen.spot, seen.vix, underlying, session.close, terms.pin_rule, terms.setup_rules
    )  # fmt: skip
    move = expected_move(seen.spot, seen.vix, session.hours_to_close(seen.at))
    nearer = _further_than(pin.strike, settled.price, today, seen.spot, underlying)
    return PinLook(
        session.date, mark, seen.spot, seen.vix, pin.strike, settled.price, move, settled.estimated, nearer, moment
    )  # fmt: skip


def _further_than(pin: Decimal, close: Decimal, today: OptionChain, price: Decimal, underlying: Underlying) -> float:
    """The part of the strikes in the pin's reach that lie further from the close than the pin; as far counts half."""
    strikes = np.unique(today.strike)
    near = strikes[np.abs(strikes - float(price)) < float(underlying.pin_radius) * float(price)]
    if not len(near):
        return float("nan")
    distance, pins = np.abs(near - float(close)), abs(float(pin) - float(close))
    return float((distance > pins).mean() + 0.5 * (distance == pins).mean())


class PinDraws(Protocol):
    """Where chance comes from. Rule: ST-004."""

    def permutations(self, days: int) -> NDArray[np.int64]:
        """(B, days): the orders in which offsets are dealt to days, the same ones for each mark of so many days."""
        ...

    def normals(self, contracts: int) -> Floats:
        """(draws, contracts) standard normal figures for the open interest of one moment."""
        ...


@frozen(eq=False)
class PinStudy(Framed):
    """What the days show of the pin. Rules: ST-701..706; ST-006 puts `warnings` first."""

    underlying: str
    market: str
    days: int
    missing: tuple[dt.date, ...]
    out: tuple[MarkOut, ...]
    marks: tuple[PinMark, ...]
    sensitivity: tuple[PinSensitivity, ...]
    warnings: tuple[StudyWarning, ...]
    assumptions: tuple[str, ...]
    looks: tuple[PinLook, ...] = ()
    conclusion: str = ""

    def document(self) -> dict[str, object]:
        """What `gammacore pins --json` prints."""
        from gammacore.application.study.pin_document import pin_document

        return pin_document(self)

    def to_json(self) -> str:
        """The document as canonical JSON. Rule: ST-802."""
        return canonical(self.document())

    def columns(self) -> Columns:
        """What was seen, a row a day and mark.

        date, mark (New York, HH:MM), price, pin, close and expected_move (points), vix (VIX points).
        """
        return rows_as_columns(
            {
                "date": one.date,
                "mark": f"{one.mark:%H:%M}",
                "price": one.price,
                "pin": one.pin,
                "close": one.close,
                "expected_move": one.move,
                "vix": one.vix,
            }
            for one in self.looks
        )

    def __repr__(self) -> str:
        warned = ", ".join(one.code for one in self.warnings) or "none"
        shares = "; ".join(f"{one.mark:%H:%M} {one.toward} of {one.of}" for one in self.marks)
        return f"<PinStudy {self.underlying}, {self.days} days; toward the pin: {shares}; warnings: {warned}>"


def conclude_pins(
    underlying: Underlying,
    market: str,
    found: Iterable[PinLook | MarkOut],
    terms: PinTerms,
    draws: PinDraws,
    *,
    missing: Sequence[dt.date] = (),
    is_simulated: bool = False,
    with_sensitivity: bool = True,
) -> PinStudy:
    """The figures of all marks, and what they are worth. Rules: ST-702..706."""
    every = tuple(found)
    looks = tuple(one for one in every if isinstance(one, PinLook))
    out = tuple(one for one in every if isinstance(one, MarkOut))
    by_mark = [_days_of(mark, looks) for mark in terms.marks]
    marks = study_marks(by_mark, [draws.permutations(len(seen.dates)) for seen in by_mark])
    days = len({one.date for one in every})
    return PinStudy(
        underlying.symbol,
        market,
        days,
        tuple(missing),
        out,
        marks,
        _sensitivity(underlying, looks, terms, draws) if with_sensitivity else (),
        tuple(_warnings(days, marks, looks, out, missing, is_simulated)),
        _assumptions(terms, looks),
        looks,
        conclude(marks[0]),
    )


def _days_of(mark: dt.time, looks: Sequence[PinLook]) -> MarkDays:
    here = sorted((one for one in looks if one.mark == mark), key=lambda one: one.date)
    return MarkDays(
        mark,
        tuple(one.date for one in here),
        [float(one.price) for one in here],
        [float(one.pin) for one in here],
        [float(one.close) for one in here],
        [one.move for one in here],
        [one.by_chance for one in here],
    )


def _sensitivity(
    underlying: Underlying, looks: Sequence[PinLook], terms: PinTerms, draws: PinDraws
) -> tuple[PinSensitivity, ...]:
    """Marks of all days measured in every way, in order of time. Rule: ST-706."""
    tally = SensitivityTally(underlying)
    ordered = sorted(looks, key=lambda one: (one.date, one.mark))
    some = min(len(ordered), terms.most_moments)
    for look in (ordered[place * len(ordered) // some] for place in range(some)):
        configured, others = read_pins(look.moment, terms.configured, draws.normals(len(look.moment.chain)))
        for variant, reading in others:
            tally.count(variant, configured, reading)
    return tally.figures()


def conclude(first: PinMark) -> str:
    """What the first mark says, which was named before looking, and how much it can say. Rules: ST-704, ST-705.

    >>> from gammacore.domain.study.pin_study import study_mark
    >>> seen = MarkDays(dt.time(10), (dt.date(2026, 3, 2), dt.date(2026, 3, 3)), [1, 1], [2, 3], [2, 1], [1, 1])
    >>> print(conclude(study_mark(seen, [[0, 1], [1, 0]])))
    10:00: rank correlation of pin and close -1.00, p 1.000: nothing in these days speaks for the pin. 1 of 1 days
    closed on the pin's side; 1 days tell a share to ± 98 points, so only a pull of that size could have shown.
    """
    known = share_known_to(first.of)
    at = f"{first.mark:%H:%M}"
    if first.rho is None or first.p_rho is None or known is None:
        return f"{at}: too few days, or none that differ: nothing can be said of the pin"
    if first.p_rho > SIGNIFICANT:
        verdict = "nothing in these days speaks for the pin"
    else:
        verdict = "more than chance shows in one study of twenty; say so only if this mark was chosen before looking"
    size = f"{100 * known:.0f}"
    return (
        f"{at}: rank correlation of pin and close {first.rho:.2f}, p {first.p_rho:.3f}: {verdict}. {first.toward} of "
        f"{first.of} days closed on the pin's side; {first.of} days tell a share to ± {size} points, so only a pull of "
        "that size could have shown."
    )


SIGNIFICANT = 0.05
"""From this p on chance is explanation enough."""
FEW_DAYS = 60
"""Fewer dates than this carry no conclusion (ours). Rule: ST-312."""


def _warnings(
    days: int,
    marks: Sequence[PinMark],
    looks: Sequence[PinLook],
    out: Sequence[MarkOut],
    missing: Sequence[dt.date],
    is_simulated: bool,
) -> Iterable[StudyWarning]:
    most = max(one.days for one in marks)
    if is_simulated:
        text = "the simulated price is pulled to the pin by the model itself (pin_strength 0.4): it is no evidence"
        yield StudyWarning("simulated_edge", text)
    if most < FEW_DAYS:
        known = share_known_to(most)
        power = "no share" if known is None else f"a share only to ± {100 * known:.0f} points"
        yield StudyWarning("few_days", f"{most} days tell {power}", {"days": most})
    sided = [one for one in marks if one.one_sided]
    if sided:
        first = sided[0]
        many, side = max((first.above, "above"), (first.below, "below"))
        named = ", ".join(f"{one.mark:%H:%M}" for one in sided)
        text = (
            f"at {named} the pin lay on one side of price on more than 80 % of the days "
            f"({first.mark:%H:%M}: {many} of {first.days} {side}): 'toward' then tests the market's drift"
        )
        yield StudyWarning("one_sided_pins", text, {"days": first.days, "one_side": many})
    vix = {one.vix for one in looks}
    if len({one.date for one in looks}) > 1 and len(vix) == 1:
        yield StudyWarning("constant_vix", f"VIX is {vix.pop()} on every day: expected moves differ by price alone")
    if missing:
        named = ", ".join(str(date) for date in missing[:5]) + (" and more" if len(missing) > 5 else "")
        yield StudyWarning("missing_days", f"{len(missing)} sessions have no data: {named}", {"days": len(missing)})
    if out:
        reasons = Counter(one.reason for one in out)
        listed = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
        yield StudyWarning("partial_days", f"{len(out)} marks of {days} days are out: {listed}", dict(reasons))
    guessed = {one.date for one in looks if one.estimated}
    if guessed:
        text = f"the close of {len(guessed)} days is not an official one"
        yield StudyWarning("estimated_settlement", text, {"days": len(guessed)})


def _assumptions(terms: PinTerms, looks: Sequence[PinLook]) -> tuple[str, ...]:
    return (
        f"pin by sign {terms.sign}, greeks {terms.greeks}, {terms.rates}, of today's expiry at the mark's newest chain",
        f"a mark counts when chain and price are at most {terms.oldest_seconds:g} s old; VIX is the newest known then",
        "expected move = price × VIX/100 × √(hours to the close/(252 × 6.5))",
        "the fair comparison of 'toward' is the strike as far on the other side of price; random strikes are unfair: "
        "those near price are near the close by themselves",
        "the first mark's correlation is the one that counts; the other marks' p carry Holm's correction",
    )
