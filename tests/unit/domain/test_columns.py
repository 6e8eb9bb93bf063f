"""Chains of columns that were judged once, and the rows of a day found by one table. Rule: ST-902."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from gammacore.adapters.recorded.chain_columns import ChainColumns
from gammacore.adapters.recorded.market import ChainTape, Intake
from gammacore.domain.instruments import REGISTRY, OptionContract, Right
from gammacore.domain.market import OptionChain
from gammacore.errors import InvalidInput

DAY = dt.date(2026, 8, 19)
OPEN = dt.datetime(2026, 8, 19, 13, 30, tzinfo=dt.UTC)


def _call(strike: int) -> OptionContract:
    return REGISTRY["SPX"].contract(DAY, Right.CALL, Decimal(strike))


def _recorded(*listed: tuple[int, ...]) -> ChainTape:
    """A chain a minute of calls at these strikes, each quoted at a hundredth of its strike and the minute."""
    columns = ChainColumns("SPX")
    for minute, strikes in enumerate(listed):
        at = OPEN + dt.timedelta(minutes=minute)
        for strike in strikes:
            bid = strike / 100 + minute
            columns.append(at, columns.contract_key(DAY, "SPXW", True, float(strike)), (bid, bid + 1, 1, 0.1, 0.01, 5))
    return columns.tape(Intake())


def test_a_contract_is_found_in_every_chain_of_a_day_and_only_where_it_is_listed() -> None:
    tape = _recorded((6000, 6010), (5990, 6000, 6005, 6010), (6010,))
    chains = [tape.at(at) for at in tape.times]

    found = [
        [None if chain is None or (quote := chain.quote(_call(strike))) is None else quote.bid for chain in chains]
        for strike in (5990, 6000, 6005, 6010, 6020)
    ]

    assert found == [
        [None, Decimal("60.9"), None],
        [Decimal(60), Decimal(61), None],
        [None, Decimal("61.05"), None],
        [Decimal("60.1"), Decimal("61.1"), Decimal("62.1")],
        [None, None, None],
    ]


def _chain(bid: list[float]) -> OptionChain:
    size = len(bid)
    return OptionChain(
        "SPX", OPEN, ("SPXW",), 6000 + 5.0 * np.arange(size), [True] * size, [np.datetime64(DAY)] * size, [0] * size,
        bid, [3.0] * size, [1.0] * size, [0.1] * size, [0.01] * size, [OPEN.timestamp()] * size,
    )  # fmt: skip


def test_a_selection_is_read_only_and_counts_the_rows_without_a_quote() -> None:
    part = _chain([1.0, 4.0, np.nan, 2.0]).select(np.array([True, True, True, False]))

    assert (len(part), part.defects) == (3, {"missing": 2})
    assert not part.bid.flags.writeable


def test_new_quotes_are_judged_though_the_contracts_are_not() -> None:
    chain = _chain([1.0, 2.0])
    seen = [OPEN.timestamp()] * 2

    later = chain.requoted(OPEN, [1.0, 5.0], [2.0, 4.0], [0.1, 0.2], seen)

    assert later.defects == {"crossed": 1}
    assert later.quote(_call(6005)) is None
    assert later.quote(_call(6000)) is not None
    for bid, ask, iv in (([np.inf, 1], [2, 2], [0.1, 0.1]), ([1, 1], [2, 2], [-0.1, 0.1]), ([1], [2, 2], [0.1, 0.1])):
        with pytest.raises(InvalidInput):
            chain.requoted(OPEN, bid, ask, iv, seen)


def test_a_chain_of_one_expiry_is_its_own_selection_and_one_with_defects_is_selected_anew() -> None:
    whole, defective = _chain([1.0, 2.0]), _chain([1.0, 4.0])

    assert whole.expiring(DAY, ("SPXW",)) is whole
    assert defective.expiring(DAY, ("SPXW",)) is not defective
    assert len(whole.expiring(DAY, ("SPX",))) == 0
