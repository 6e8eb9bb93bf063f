"""Each refusal of a straddle that is to be taken over. Rules: SC-452, SC-1306."""

import datetime as dt

import pytest

from gammacore.domain.instruments import REGISTRY
from gammacore.domain.scalping.resume import AdoptedStraddle, adopt
from gammacore.domain.verdicts import Verdict

TODAY = dt.date(2026, 6, 1)
CALL, PUT = "SPY260821C00590000", "SPY260821P00590000"
HELD = {CALL: 1, PUT: 1}


def found(at_broker: dict[str, int], of_others: dict[str, int] | None = None, straddles: int = 1,
          today: dt.date = TODAY) -> AdoptedStraddle | Verdict:  # fmt: skip
    return adopt(at_broker, of_others or {}, REGISTRY["SPY"], straddles, today)


@pytest.mark.parametrize(
    ("at_broker", "reason"),
    [
        ({}, "resume_legs"),
        ({CALL: 1}, "resume_legs"),
        ({**HELD, "SPY260821C00600000": 1}, "resume_legs"),
        ({CALL: 1, "SPY260821C00600000": 1}, "resume_legs"),
        ({CALL: -1, PUT: 1}, "resume_short_leg"),
        ({CALL: -1, PUT: -1}, "resume_short_leg"),
        ({CALL: 2, PUT: 1}, "resume_quantity"),
        ({CALL: 2, PUT: 2}, "resume_quantity"),
        ({CALL: 1, "SPY260918P00590000": 1}, "resume_expiry"),
        ({CALL: 1, "SPY260821P00580000": 1}, "resume_strike"),
        ({"SPY260601C00590000": 1, "SPY260601P00590000": 1}, "resume_expired"),
        ({**HELD, "SPY": 101}, "resume_shares"),
        ({**HELD, "SPY": -101}, "resume_shares"),
    ],
)
def test_each_refusal_has_its_code(at_broker: dict[str, int], reason: str) -> None:
    refused = found(at_broker)

    assert isinstance(refused, Verdict)
    assert refused.reason == reason


@pytest.mark.parametrize("shares", [0, 100, -100, -7])
def test_shares_up_to_a_whole_delta_are_its_hedge(shares: int) -> None:
    adopted = found({**HELD, "SPY": shares})

    assert isinstance(adopted, AdoptedStraddle)
    assert (adopted.hedge_shares, adopted.straddles) == (shares, 1)
    assert (adopted.call.occ, adopted.put.occ, adopted.share) == (CALL, PUT, "SPY")


def test_what_others_hold_is_no_part_of_it() -> None:
    """Another desk's contracts and shares are taken off first."""
    others = {"SPY260821C00600000": 1, "SPY": 500, PUT: 2}
    adopted = found({CALL: 1, PUT: 3, "SPY260821C00600000": 1, "SPY": 493}, others)

    assert isinstance(adopted, AdoptedStraddle)
    assert adopted.hedge_shares == -7


def test_other_underlyings_are_none_of_its_business() -> None:
    assert isinstance(found({**HELD, "QQQ260821C00500000": -3, "AAPL": 900}), AdoptedStraddle)


def test_expiring_tomorrow_is_still_alive() -> None:
    assert isinstance(found(HELD, today=dt.date(2026, 8, 20)), AdoptedStraddle)
