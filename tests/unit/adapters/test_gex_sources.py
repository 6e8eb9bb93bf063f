"""The exposure a decision rests on: measured from the chain. Rules: CS-101..103, CS-111."""

from __future__ import annotations

import datetime as dt

from attrs import evolve

from builders import a_session
from builders_desk import a_situation
from gammacore.adapters.chain_exposure import ChainExposure
from gammacore.domain.instruments import REGISTRY

MARKET = a_situation().market


def test_no_contract_that_counts_is_no_exposure_rather_than_zero() -> None:
    """CS-102, CS-103: without open interest nothing counts."""
    assert MARKET.chain is not None
    empty = evolve(MARKET, chain=evolve(MARKET.chain, open_interest=[0.0] * len(MARKET.chain)))

    assert ChainExposure(REGISTRY["SPX"], a_session()).exposure(empty) is None


def test_a_stale_price_has_no_exposure() -> None:
    """CS-111: a pin is never measured at a price nobody has seen lately."""
    stale = evolve(MARKET, spot_at=MARKET.at - dt.timedelta(seconds=MARKET.quote_age_limit + 1))

    assert ChainExposure(REGISTRY["SPX"], a_session()).exposure(stale) is None
