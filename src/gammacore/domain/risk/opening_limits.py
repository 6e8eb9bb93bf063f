"""Limits that may refuse an opening trade, all off by default; none blocks an exit. Rule: DH-1003."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from attrs import frozen

from gammacore.domain.parameters import parameter
from gammacore.domain.verdicts import Verdict

Figure = Decimal | int | None


@frozen
class Standing:
    """What the limits bound, as it is or as an opening would leave it; None is unknown.

    `contracts` of the symbol, signed; `net_delta` of its book, contract-deltas; `gamma` and `vega` of its book,
    Σ greek × contracts × multiplier; `day_loss` and `drawdown` from the high-water mark, dollars, positive when money
    was lost; `trades` opened today.
    """

    contracts: int | None = None
    net_delta: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    day_loss: Decimal | None = None
    drawdown: Decimal | None = None
    trades: int | None = None


@frozen
class OpeningLimits:
    """The largest an opening may leave things, each in the unit of what it bounds; none = off. Rule: DH-1003.

    What is bounded on both sides is compared without its sign, and only an opening that raises it is refused; what
    only time can mend (losses, trades) refuses from the limit on.

    >>> limits = OpeningLimits(max_contracts_per_symbol=10)
    >>> print(limits.judge(Standing(contracts=8), Standing(contracts=11)))
    skip position_limit: 11 > 10
    >>> limits.judge(Standing(contracts=-12), Standing(contracts=-11)).passed
    True
    """

    max_contracts_per_symbol: int | None = parameter(None, "Contracts of one option; none = off.", at_least=0)
    max_net_delta: Decimal | None = parameter(None, "Net delta of a book, contract-deltas; none = off.", at_least=0)
    gamma_limit: Decimal | None = parameter(None, "Gamma of a book, shares a point; none = off.", at_least=0)
    vega_limit: Decimal | None = parameter(None, "Vega of a book, dollars a vol point; none = off.", at_least=0)
    max_daily_loss: Decimal | None = parameter(None, "Today's loss that stops openings, dollars; none = off.", above=0)
    max_drawdown: Decimal | None = parameter(None, "Loss from the high-water mark, dollars; none = off.", above=0)
    max_trades_per_day: int | None = parameter(None, "Opening trades a day; none = off.", at_least=0)

    def judge(self, now: Standing, then: Standing) -> Verdict:
        """The first limit that refuses an opening which turns `now` into `then`, else ok."""
        return next((no for no in self.breaches(now, then)), Verdict.ok("within limits"))

    def breaches(self, now: Standing, then: Standing) -> Iterator[Verdict]:
        """Every refusal; a limit that is on and lacks its input refuses too."""
        bounded: tuple[tuple[str, Figure, Figure, Figure], ...] = (
            ("position_limit", self.max_contracts_per_symbol, now.contracts, then.contracts),
            ("net_delta_limit", self.max_net_delta, now.net_delta, then.net_delta),
            ("gamma_limit", self.gamma_limit, now.gamma, then.gamma),
            ("vega_limit", self.vega_limit, now.vega, then.vega),
        )
        for code, bound, before, after in bounded:
            if bound is None:
                continue
            if after is None:
                yield Verdict.unknown(code, "unknown", f"<= {bound}")
            elif is_beyond(after, bound) and (before is None or _size(after) > _size(before)):
                yield Verdict.skip(code, _size(after), f"> {bound}")
        spent: tuple[tuple[str, Figure, Figure], ...] = (
            ("daily_loss", self.max_daily_loss, now.day_loss),
            ("drawdown", self.max_drawdown, now.drawdown),
            ("trades_per_day", self.max_trades_per_day, now.trades),
        )
        for code, limit, used in spent:
            if limit is None:
                continue
            if used is None:
                yield Verdict.unknown(code, "unknown", f"< {limit}")
            elif Decimal(used) >= limit:
                yield Verdict.skip(code, used, f">= {limit}")


def is_beyond(figure: Decimal | int, limit: Decimal | int | None) -> bool:
    """Whether a figure of either sign is larger than its limit; never where there is none.

    >>> is_beyond(-11, 10), is_beyond(10, 10), is_beyond(99, None)
    (True, False, False)
    """
    return limit is not None and _size(figure) > limit


def _size(figure: Decimal | int) -> Decimal:
    return abs(Decimal(figure))
