"""Taking over a straddle that the broker shows, whether a ledger knows it or not. Rule: SC-452."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import frozen

from gammacore.domain.instruments import EQUITY_OPTION_MULTIPLIER, OptionContract, Right, Underlying, contract_of
from gammacore.domain.verdicts import Verdict


@frozen
class AdoptedStraddle:
    """A call and a put held in equal number, and the signed shares of the stock position that count as its hedge."""

    call: OptionContract
    put: OptionContract
    straddles: int
    hedge_shares: int

    @property
    def symbols(self) -> dict[str, int]:
        """Signed contracts and shares, as a holding of them is adopted."""
        held = {self.call.occ: self.straddles, self.put.occ: self.straddles}
        return {**held, self.call.underlying: self.hedge_shares} if self.hedge_shares else held


def adopt(
    at_broker: Mapping[str, int], of_others: Mapping[str, int], underlying: Underlying, straddles: int, today: dt.date
) -> AdoptedStraddle | Verdict:
    """The straddle among signed contracts and shares at the broker, less those of other owners; or why there is none.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> held = {"SPY260821C00590000": 1, "SPY260821P00590000": 1, "SPY": 500}
    >>> adopt(held, {}, REGISTRY["SPY"], 1, dt.date(2026, 6, 1)).reason
    'resume_shares'
    >>> adopt({**held, "SPY": -7}, {}, REGISTRY["SPY"], 1, dt.date(2026, 6, 1)).hedge_shares
    -7
    """
    own = {symbol: count - of_others.get(symbol, 0) for symbol, count in at_broker.items()}
    own.update({symbol: -count for symbol, count in of_others.items() if symbol not in at_broker})
    legs = {
        contract: count
        for symbol, count in own.items()
        if count and (contract := contract_of(symbol)) is not None
        and contract.root in (underlying.option_root, underlying.symbol)
    }  # fmt: skip
    calls = [contract for contract in legs if contract.right is Right.CALL]
    puts = [contract for contract in legs if contract.right is Right.PUT]
    shown = ", ".join(f"{count:+d} {contract.occ}" for contract, count in legs.items()) or "no options"
    if len(calls) != 1 or len(puts) != 1:
        return Verdict.skip("resume_legs", shown, "is not one call and one put")
    call, put = calls[0], puts[0]
    if min(legs.values()) <= 0:
        return Verdict.skip("resume_short_leg", shown)
    if not legs[call] == legs[put] == straddles:
        return Verdict.skip("resume_quantity", shown, f"straddles = {straddles}")
    if call.expiry != put.expiry:
        return Verdict.skip("resume_expiry", shown)
    if call.strike != put.strike:
        return Verdict.skip("resume_strike", shown)
    if (call.expiry - today).days <= 0:
        return Verdict.skip("resume_expired", shown)
    shares, most = own.get(underlying.symbol, 0), EQUITY_OPTION_MULTIPLIER * straddles
    if abs(shares) > most:
        return Verdict.skip("resume_shares", f"{shares:+d} {underlying.symbol}", f"beyond {most} either way")
    return AdoptedStraddle(call, put, straddles, shares)
