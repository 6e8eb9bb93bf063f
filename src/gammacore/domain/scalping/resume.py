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
    share: str
    hedge_shares: int


def options_of(holdings: Mapping[str, int], underlying: Underlying) -> dict[OptionContract, int]:
    """Signed contracts of an underlying among holdings by symbol; what is flat is left out.

    >>> from gammacore.domain.instruments import REGISTRY
    >>> [str(one.right) for one in options_of({"SPY260821C00590000": 1, "SPY": 5}, REGISTRY["SPY"])]
    ['C']
    """
    roots = (underlying.option_root, underlying.symbol)
    found = {contract_of(symbol): count for symbol, count in holdings.items() if count}
    return {contract: count for contract, count in found.items() if contract is not None and contract.root in roots}


def besides(at_broker: Mapping[str, int], of_others: Mapping[str, int]) -> dict[str, int]:
    """What the broker shows, signed by symbol, less what other owners hold."""
    return {s: at_broker.get(s, 0) - of_others.get(s, 0) for s in (*at_broker, *(of_others.keys() - at_broker.keys()))}


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
    own = besides(at_broker, of_others)
    legs = options_of(own, underlying)
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
    share, most = underlying.hedge_share or underlying.symbol, EQUITY_OPTION_MULTIPLIER * straddles
    shares = own.get(share, 0)
    if abs(shares) > most:
        return Verdict.skip("resume_shares", f"{shares:+d} {share}", f"beyond {most} either way")
    return AdoptedStraddle(call, put, straddles, share, shares)
