"""A trade as figures: what was traded, how it went, what it came to, and each hedge. Rules: CS-621, DH-243, DH-611."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from attrs import evolve, frozen

from gammacore.domain.reports import words
from gammacore.domain.reports.figures import Figure, Figures, Section, Tone, Unit, code_text
from gammacore.domain.reports.scalp_views import terms_figures
from gammacore.domain.reports.trades import Hedge, Sold, Trade, recorded

fact, gain = Figure.fact, Figure.gain


@frozen
class Line:
    """One line of a trade's story; `day` names the day where it is not that of the report.

    `reason` stands out, `aside` does not.
    """

    at: dt.datetime
    text: str
    day: str = ""
    reason: str = ""
    detail: str = ""
    aside: str = ""


@frozen
class TradeView:
    """One trade: what it was, how it went, its figures, and each hedge as a row."""

    trade: Trade
    title: str
    size: str
    result: Figure
    story: tuple[Line, ...]
    figures: Figures
    hedges: Section
    doubts: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


def trade_view(trade: Trade) -> TradeView:
    """One trade, whatever was traded."""
    return TradeView(
        trade,
        words.title(trade),
        words.size(trade),
        Figure("result", "open", tone=Tone.MUTED) if trade.pnl is None else gain("result", trade.pnl),
        tuple(_story(trade)),
        trade_figures(trade),
        Section("hedges", tuple(hedge_figures(hedge) for hedge in trade.hedges)),
        trade.doubts,
        () if trade.sold is None else trade.sold.terms,
    )


def _story(trade: Trade) -> Iterator[Line]:
    if trade.sold is not None:
        day = words.day_in_words(trade.opened, trade)
        yield Line(trade.opened, f"sold for {trade.sold.credit:.2f}. {trade.sold.why}", day)
    else:
        seen = trade.judged and trade.judged.price
        for at, reported in words.story(trade):
            aside = "" if seen is None else f"with {trade.holding.underlying} at {seen}"
            yield Line(at, reported, words.day_in_words(at, trade), aside=aside)
            seen = None
    if (end := trade.end) is not None:
        closed = "closed" if trade.sold is None else f"closed for {end.value:.2f}"
        yield Line(end.at, closed, words.day_in_words(end.at, trade), code_text(end.reason), end.detail)


def trade_figures(trade: Trade) -> Figures:
    """The figures of one trade; what is not known while it is open has no value."""
    sold, end = trade.sold, trade.end
    closing = trade.debit if sold is None else None if end is None else end.value
    price = (trade.judged and trade.judged.price) if sold is None else recorded(sold.plan.price)
    return (
        fact("id", trade.id, column="Trade_ID"),
        fact("strategy", trade.strategy, column="Strategy"),
        fact("legs", trade.legs),
        fact("contracts", trade.contracts, Unit.COUNT, "Position_Size"),
        fact("credit", None if sold is None else sold.credit, Unit.POINTS, "Entry_Credit"),
        fact("debit", closing, Unit.POINTS, "Exit_Value"),
        fact("opened", trade.opened, Unit.INSTANT, "Timestamp_ET"),
        fact("closed", None if end is None else end.at, Unit.INSTANT, "Exit_Time"),
        fact("exit_reason", None if end is None else end.reason, column="Exit_Reason"),
        fact("pnl", trade.pnl, Unit.GAIN, "P/L_$"),
        fact("result", trade.result.value),
        fact("price", price, Unit.PRICE),
        fact("vix", trade.vix, Unit.PRICE),
        *(_holding_figures(trade) if sold is None else _spread_figures(trade, sold)),
        Figure("held", trade.minutes, Unit.MINUTES, column="Duration_Min"),
        Figure("fees", trade.fees, Unit.DOLLARS, key="fees"),
        gain("after fees", None if end is None else end.net),
        fact("balance", None if end is None else end.balance, Unit.DOLLARS),
    )


def _spread_figures(trade: Trade, sold: Sold) -> Figures:
    """Of a credit spread: what it risked, and what was to end it. Rules: CS-511, CS-512."""
    plan, end = sold.plan, trade.end
    distance = None if recorded(plan.price) is None else sold.distance
    return (
        fact("direction", plan.direction.value),
        fact("confidence", plan.confidence.value, column="Confidence"),
        fact("strikes", plan.spread.strikes, column="Strikes"),
        Figure("at risk", sold.maximum_risk, Unit.DOLLARS, key="max_risk"),
        Figure("target", sold.target, Unit.POINTS, key="target"),
        fact("", sold.target_part, Unit.PART, "TP%"),
        Figure("stop", sold.stop, Unit.POINTS, key="stop"),
        Figure("emergency", sold.emergency, Unit.POINTS),
        fact("", trade.return_on_credit, Unit.RETURN, "P/L_%"),
        fact("pin", recorded(plan.pin), Unit.PRICE),
        fact("distance", distance, Unit.PRICE),
        fact("exit_detail", None if end is None else end.detail),
        fact("why", sold.why),
        fact("terms", sold.terms),
        fact("settlement_price", None if end is None else end.settlement_price, Unit.PRICE),
        fact("estimated", end is not None and end.estimated),
        fact("doubts", trade.doubts),
    )


def _holding_figures(trade: Trade) -> Figures:
    """Of any other holding: where the money came from, and what hedging cost; slippage is part of what shares brought.

    Of what is still held people see what was realised so far.
    """
    held, end = trade.holding, trade.end
    options = gain("options", held.options_realised if end is None else end.options)
    shares = gain("shares", held.shares_realised if end is None else end.shares)
    so_far = "" if end is not None else "so far"
    traded = sum(abs(hedge.shares) for hedge in trade.hedges)
    return (
        fact("underlying", held.underlying),
        fact("title", words.title(trade)),
        fact("options_pnl", None if end is None else end.options, Unit.GAIN),
        fact("hedges_pnl", None if end is None else end.shares, Unit.GAIN),
        evolve(options, note=so_far),
        evolve(shares, note=so_far),
        Figure("hedges filled", f"{trade.filled_hedges} of {len(trade.hedges)}" if trade.hedges else None),
        Figure("shares traded", traded or None, Unit.COUNT),
        Figure("slippage, in shares" if trade.hedges else "", trade.slippage, Unit.DOLLARS, key="slippage"),
        *terms_figures(trade),
        fact("holdings", held.quantities),
        fact("hedges", Section("hedges", tuple(hedge_figures(hedge) for hedge in trade.hedges))),
        fact("story", tuple(Line(at, reported) for at, reported in words.story(trade))),
    )


def hedge_figures(hedge: Hedge) -> Figures:
    """One hedge: by which deltas, threshold and prices it was decided, and what was filled. Rules: DH-243, DH-611.

    Deltas and threshold are contract-deltas.
    """
    decision, ticket = hedge.decision, hedge.order.ticket
    short = decision.gex is not None and decision.gex < 0
    return (
        Figure("hedge", decision.at, Unit.INSTANT, key="at"),
        fact("symbol", decision.symbol),
        fact("side", ticket.legs[0].side.value),
        fact("shares", abs(hedge.shares), Unit.COUNT),
        fact("ordered", ticket.quantity, Unit.COUNT),
        fact("state", hedge.order.state.value),
        Figure("shares", words.hedge_in_words(hedge)),
        Figure("price", hedge.price, Unit.FILL, key="price"),
        Figure("delta before", hedge.delta_before, Unit.DELTA, key="delta_before"),
        Figure("after", hedge.delta_after, Unit.DELTA, key="delta_after"),
        Figure("threshold", decision.threshold, Unit.PRICE, key="threshold"),
        Figure("dealer gamma", words.gamma_in_words(decision), tone=Tone.LOSS if short else Tone.PLAIN),
        fact("gex", decision.gex, Unit.PRICE),
        fact("gex_status", decision.gex_status),
        fact("underlying_price", decision.underlying_price, Unit.PRICE),
        fact("hedge_price", decision.hedge_price, Unit.PRICE),
        fact("greeks", decision.greeks),
        Figure("slippage", hedge.slippage, Unit.DOLLARS, key="slippage"),
        Figure("fees", hedge.fees, Unit.DOLLARS, key="fees"),
        fact("reason", decision.reason),
    )
