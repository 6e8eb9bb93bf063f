"""Where the dollars of a record went, and its worst and best moments while trades were held. Rules: ST-308, ST-310."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER
from gammacore.domain.study.record import ClosedTrade
from gammacore.domain.study.undefined import Codes, Undefined


@frozen
class Costs:
    """Where the dollars went: mid_pnl - spread_cost - slippage - fees = net, to the cent. Rule: ST-310.

    Of the `trades` whose mids at the fills are known; `of` is all trades. `inside` were filled better than natural.
    `unexplained` is what a record's own split leaves over: 0 in ours. Without mids only fees, gross and net are known.
    """

    trades: int
    of: int
    gross: Decimal
    fees: Decimal
    mid_pnl: Decimal | None = None
    spread_cost: Decimal | None = None
    slippage: Decimal | None = None
    inside: int | None = None

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees

    @property
    def unexplained(self) -> Decimal | None:
        if self.mid_pnl is None or self.spread_cost is None or self.slippage is None:
            return None
        return self.mid_pnl - self.spread_cost - self.slippage - self.gross

    @property
    def codes(self) -> Codes:
        names = ("mid_pnl", "spread_cost", "slippage", "inside", "unexplained")
        why = Undefined.NO_MARKS if self.of else Undefined.NO_TRADES
        return dict.fromkeys(names, why) if self.mid_pnl is None else {}


def costs_of(record: Sequence[ClosedTrade]) -> Costs:
    """The split over the trades whose mids are known; fees alone over all trades where none is."""
    priced = [
        (trade, trade.mid_pnl, trade.spread_cost, trade.slippage)
        for trade in record
        if trade.mid_pnl is not None and trade.spread_cost is not None and trade.slippage is not None
    ]
    counted = [trade for trade, *_ in priced] or list(record)
    gross = sum((trade.gross for trade in counted), Decimal(0))
    fees = sum((trade.fees for trade in counted), Decimal(0))
    if not priced:
        return Costs(0, len(record), gross, fees)
    return Costs(
        trades=len(priced),
        of=len(record),
        gross=gross,
        fees=fees,
        mid_pnl=sum((mid for _, mid, _, _ in priced), Decimal(0)),
        spread_cost=sum((spread for _, _, spread, _ in priced), Decimal(0)),
        slippage=sum((slippage for *_, slippage in priced), Decimal(0)),
        inside=sum(slippage < 0 for *_, slippage in priced),
    )


@frozen
class Excursions:
    """Open P/L at its worst and best while trades were held, dollars, mean and extreme; None without marks. ST-308.

    The parts are of the credit received, means over the trades that have one.
    """

    trades: int = 0
    mean_mae: Decimal | None = None
    mean_mfe: Decimal | None = None
    worst_mae: Decimal | None = None
    best_mfe: Decimal | None = None
    mean_mae_part: float | None = None
    mean_mfe_part: float | None = None

    @property
    def codes(self) -> Codes:
        names = ("mean_mae", "mean_mfe", "worst_mae", "best_mfe", "mean_mae_part", "mean_mfe_part")
        return {name: Undefined.NO_MARKS for name in names if getattr(self, name) is None}


def excursions_of(record: Sequence[ClosedTrade]) -> Excursions:
    """MAE and MFE over the trades that have both."""
    known = [(trade, trade.mae, trade.mfe) for trade in record if trade.mae is not None and trade.mfe is not None]
    if not known:
        return Excursions()
    maes, mfes = [mae for _, mae, _ in known], [mfe for _, _, mfe in known]
    parts = [(part_of_credit(trade, mae), part_of_credit(trade, mfe)) for trade, mae, mfe in known]
    lows, highs = ([part for part in side if part is not None] for side in zip(*parts, strict=True))
    return Excursions(
        trades=len(known),
        mean_mae=sum(maes, Decimal(0)) / len(known),
        mean_mfe=sum(mfes, Decimal(0)) / len(known),
        worst_mae=min(maes),
        best_mfe=max(mfes),
        mean_mae_part=math.fsum(lows) / len(lows) if lows else None,
        mean_mfe_part=math.fsum(highs) / len(highs) if highs else None,
    )


def part_of_credit(trade: ClosedTrade, amount: Decimal | None) -> float | None:
    """Dollars of a trade as a part of the premium it received; None without either."""
    if amount is None or trade.credit is None or trade.credit <= 0:
        return None
    return float(amount / (trade.credit * EQUITY_OPTION_MULTIPLIER * trade.contracts))
