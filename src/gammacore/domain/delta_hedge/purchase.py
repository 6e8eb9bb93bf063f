"""The day's one purchase: every check with its verdict, then a straddle at a limit, or the reason for none.

Rules: DH-453, DH-1001, DH-1003, CS-339, CS-340.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from gammacore.domain.delta_hedge.straddle import Straddle, StraddleRules, nearest_straddle
from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.ledger import EntryJudged
from gammacore.domain.orders import Effect, Purpose
from gammacore.domain.risk.circuit_breaker import judge_breaker
from gammacore.domain.risk.limits import RiskLimits
from gammacore.domain.strategy import Decision, Situation, Stand, Trade
from gammacore.domain.verdicts import FilterVerdict, Verdict


def judge_purchase(rules: StraddleRules, limits: RiskLimits, situation: Situation, strategy: str) -> Iterator[Decision]:
    """Buy the straddle nearest to the price, or stand aside with the first "no". Each slot is judged once."""
    straddle = nearest_straddle(situation.underlying, situation.session, situation.market)
    verdicts = tuple(_verdicts(rules, limits, situation, straddle))
    no = next((one for one in verdicts if one.verdict.blocks), None)
    record = EntryJudged(
        at=situation.now,
        scheduled_at=rules.slot(situation.session),
        reason=None if no is None else no.verdict.reason,
        explanation=_bought(straddle, rules) if no is None else str(no.verdict),
        filters=verdicts,
        price=situation.price,
        pin=None,
        vix=situation.market.vix,
    )
    if no is not None or straddle is None:
        yield Stand(record)
        return
    yield Trade(
        inventory=f"{situation.underlying.symbol}-{situation.session.date:%Y%m%d}-straddle",
        strategy=strategy,
        underlying=situation.underlying.symbol,
        purpose=Purpose.ENTRY,
        legs=straddle.legs,
        quantity=rules.contracts,
        effect=Effect.DEBIT,
        reason="straddle",
        limit=straddle.limit(situation.underlying),
        record=record,
    )


def _verdicts(
    rules: StraddleRules, limits: RiskLimits, situation: Situation, straddle: Straddle | None
) -> Iterator[FilterVerdict]:
    book, now = situation.book, situation.now
    macro = situation.regime.macro_active and situation.regime.macro.pauses
    late = rules.is_late(situation.session, now)
    yield FilterVerdict("DH-1001", "halted", _unless(book.halted is not None, "halted", book.halted or ""))
    yield FilterVerdict("CS-630", "circuit_breaker", judge_breaker(book.breaker_tripped_at))
    yield FilterVerdict("DH-453", "macro_pause", _unless(macro, "paused", ", ".join(situation.regime.macro.actions)))
    yield FilterVerdict("DH-502", "time_left", _unless(late, "too_late", f"{now:%H:%M} UTC"))
    yield FilterVerdict("CS-339", "daily_loss", limits.judge_daily_loss(book, now))
    yield FilterVerdict("CS-340", "minimum_account", limits.judge_minimum_account(book))
    if straddle is None:
        yield FilterVerdict("DH-231", "quotes", Verdict.unknown("no_quotes", "no fresh price, call and put"))
        return
    yield FilterVerdict("DH-231", "quotes", straddle.judge_width(rules))
    yield FilterVerdict("CS-343", "buying_power", _affordable(situation.buying_power, straddle, rules))


def _unless(wrong: bool, reason: str, value: str) -> Verdict:
    return Verdict.skip(reason, value) if wrong else Verdict.ok(value)


def _affordable(power: Decimal | None, straddle: Straddle, rules: StraddleRules) -> Verdict:
    cost = straddle.ask * EQUITY_OPTION_MULTIPLIER * rules.contracts
    if power is None:
        return Verdict.unknown("buying_power_missing", "", f">= {cost:.2f}")
    if power < cost:
        return Verdict.skip("buying_power", f"{power:.2f}", f"< {cost:.2f}")
    return Verdict.ok(f"{power:.2f}", f">= {cost:.2f}")


def _bought(straddle: Straddle | None, rules: StraddleRules) -> str:
    return "" if straddle is None else f"{rules.contracts} straddle {straddle.call.strike} for {straddle.ask} or less"
