"""How busy a part of the day is. Rules: SC-003, SC-459."""

from decimal import Decimal

import pytest

from builders import a_session, at
from gammacore.domain.scalping.sessions_table import Rank, judge_session, session_part


@pytest.mark.parametrize(
    ("time", "rank", "delta"),
    [
        ("09:30", Rank.HIGH, "0.45"),
        ("10:59:59", Rank.HIGH, "0.45"),
        ("11:00", Rank.MEDIUM, "0.40"),
        ("11:30", Rank.LOW, "0.35"),
        ("13:00", Rank.VERY_LOW, "0.30"),
        ("14:30", Rank.MEDIUM, "0.40"),
        ("15:00", Rank.HIGH, "0.50"),
        ("15:45", Rank.HIGH, "0.45"),
        ("15:59:59", Rank.HIGH, "0.45"),
    ],
)
def test_the_rows_of_a_whole_day(time: str, rank: Rank, delta: str) -> None:
    part = session_part(at(time), a_session())

    assert part is not None
    assert (part.rank, part.delta) == (rank, Decimal(delta))


@pytest.mark.parametrize("time", ["09:29:59", "16:00"])
def test_outside_the_session_there_is_no_row(time: str) -> None:
    assert session_part(at(time), a_session()) is None
    assert judge_session(at(time), a_session()).reason == "session_quiet"


@pytest.mark.parametrize(
    ("time", "rank"), [("11:59:59", Rank.LOW), ("12:00", Rank.HIGH), ("12:45", Rank.HIGH), ("11:15", Rank.MEDIUM)]
)
def test_on_a_half_day_the_rows_that_moved_win(time: str, rank: Rank) -> None:
    """The last hour counts back from 13:00, and begins inside the row from 11:30."""
    part = session_part(at(time), a_session("13:00"))

    assert part is not None
    assert part.rank is rank


@pytest.mark.parametrize(
    ("time", "rank"),
    [("13:44:59", Rank.VERY_LOW), ("13:45", Rank.EXTREME), ("14:14:59", Rank.EXTREME), ("14:15", Rank.VERY_LOW)],
)
def test_a_day_of_the_fed_has_a_row_of_its_own(time: str, rank: Rank) -> None:
    part = session_part(at(time), a_session(), fed_day=True)

    assert part is not None
    assert part.rank is rank
    assert judge_session(at(time), a_session(), fed_day=True).passed is (rank is Rank.EXTREME)
