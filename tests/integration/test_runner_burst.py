"""Two seconds at 1,000 quotes a second in real time, then SIGINT with shares held; a minute: make sweep. SC-1311."""

from __future__ import annotations

from quote_burst import burst


def test_at_a_thousand_quotes_a_second_nothing_queues_and_the_newest_is_decided_on() -> None:
    figures = burst(2, 1_000)

    counts = figures.counts
    assert counts.put == counts.overwritten + counts.taken
    assert 1_000 <= counts.put <= figures.sent
    assert counts.taken > 20
    age = figures.stats.quote_age_ms_p99
    assert age is not None
    assert age < 500  # 50 on a machine that is not shared: make sweep
    assert figures.ended.is_orderly
    assert (figures.ended.signal, figures.held) == ("SIGINT", 0)
    assert figures.seconds_to_end < 10  # 2 likewise
