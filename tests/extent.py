"""How much of a sweep a run does: in `make test` a smoke that touches every scenario, in `make sweep` all of it.

`GAMMACORE_SWEEP=whole` asks for all. Decision 0036 says which tests are so divided, and what each half costs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import TypeVar

WHOLE = os.environ.get("GAMMACORE_SWEEP") == "whole"

First = TypeVar("First")
Second = TypeVar("Second")


def many(smoke: int, whole: int) -> int:
    """How many examples, seeds or days of one kind."""
    return whole if WHOLE else smoke


def pairs(first: Sequence[First], second: Iterable[Second]) -> Iterator[tuple[First, Second]]:
    """Every pair; in a smoke every other one, like the squares of one colour: each of both is still in some pair.

    With a single one of the first, every pair is tried.
    """
    for (row, one), (column, other) in product(enumerate(first), enumerate(second)):
        if WHOLE or len(first) == 1 or (row + column) % 2 == 0:
            yield one, other
