"""What monitors are shown of the desk: counters, gauges, a histogram; nothing here influences a decision. DH-1007."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping

from attrs import define, field, frozen

from gammacore.domain.hedging.step import REFUSED

BUCKETS_SECONDS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1.0)
"""Upper bounds: a decision is tens of microseconds, one that waits for a document or a disk milliseconds."""


@frozen
class Sample:
    """One figure of a metric, under its labels; `kind` is counter, gauge or histogram."""

    name: str
    value: float
    labels: Mapping[str, str] = {}  # nobody writes into it
    kind: str = "gauge"


@define(eq=False)
class Histogram:
    """How often something took how long, by buckets that include their upper bound.

    >>> times = Histogram((0.1, 1.0))
    >>> for seconds in (0.1, 0.5, 7): times.observe(seconds)
    >>> times.counts, times.total
    ([1, 1, 1], 7.6)
    """

    bounds: tuple[float, ...] = BUCKETS_SECONDS
    counts: list[int] = field()
    total: float = 0.0

    @counts.default
    def _none_yet(self) -> list[int]:
        return [0] * (len(self.bounds) + 1)

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def samples(self, name: str) -> Iterator[Sample]:
        """Cumulative counts by upper bound, sum and count, as monitors read them."""
        seen = 0
        for bound, count in zip((*map(repr, self.bounds), "+Inf"), self.counts, strict=True):
            seen += count
            yield Sample(f"{name}_bucket", seen, {"le": bound}, "histogram")
        yield Sample(f"{name}_sum", self.total, kind="histogram")
        yield Sample(f"{name}_count", seen, kind="histogram")


@define(eq=False)
class HedgeCounts:
    """What happened to the inputs, why nothing came of them, and the intents by kind.

    >>> counts = HedgeCounts(inputs=3, refusals=Counter(duplicate=1, below_threshold=1))
    >>> counts.taken, counts.refused
    (2, 1)
    """

    inputs: int = 0
    refusals: Counter[str] = field(factory=Counter)
    intents: Counter[str] = field(factory=Counter)

    @property
    def refused(self) -> int:
        """Inputs that changed nothing at all. Rule: DH-704."""
        return sum(self.refusals[code] for code in REFUSED)

    @property
    def taken(self) -> int:
        return self.inputs - self.refused
