"""The hedging desk's counters, gauges and histogram, ready to be exported. Rule: DH-1007."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gammacore.domain.hedging.gauges import BookGauges, beta_weighted_delta, gauge_samples
from gammacore.domain.hedging.measures import HedgeCounts, Histogram, Sample
from gammacore.domain.hedging.settings import HedgingSettings


def hedge_samples(
    settings: HedgingSettings,
    counts: HedgeCounts,
    gex_reads: Counter[tuple[str, str]],
    books: tuple[BookGauges, ...],
    decision_time: Histogram,
) -> Iterator[Sample]:
    """Every metric of DH-1007; the beta-weighted total of DH-1008 where betas are set."""
    for outcome in ("taken", "refused"):
        yield Sample("events", getattr(counts, outcome), {"outcome": outcome}, "counter")
    for kind, number in sorted(counts.intents.items()):
        yield Sample("intents", number, {"kind": str(kind)}, "counter")
    for reason, number in sorted(counts.refusals.items()):
        yield Sample("refusals", number, {"reason": str(reason)}, "counter")
    for (source, status), number in sorted(gex_reads.items()):
        yield Sample("gex_reads", number, {"source": source, "status": status}, "counter")
    yield from gauge_samples(books)
    if (total := beta_weighted_delta(books, settings.book_betas)) is not None:
        yield Sample("beta_weighted_delta", float(total))
    yield from decision_time.samples("decision_seconds")
