"""`gex --from --to --every`: exposure through a day, as a table, JSON and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders_cli import CommandLine, at_home
from gammacore.adapters.html_report.exposure_course_plot import _broken
from gammacore_cli.main import EXIT_FAILED, EXIT_USAGE

DAY = ("--date", "2026-03-03", "--seed", "57")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at_home(monkeypatch, tmp_path)


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_each_moment_is_what_a_single_look_at_it_shows(gammacore: CommandLine) -> None:
    course = gammacore.document("gex", *DAY, "--from", "10:00", "--to", "12:00", "--every", "3600")

    assert [one["as_of"][11:16] for one in course["moments"]] == ["10:00", "11:00", "12:00"]
    single = gammacore.document("gex", *DAY, "--as-of", "11:00")
    eleven = course["moments"][1]
    same = ("net", "call", "put", "flip", "flips", "spot")
    assert [eleven[key] for key in same] == [single[key] for key in same]
    assert (eleven["call_wall"], eleven["put_wall"]) == (single["call_wall"]["strike"], single["put_wall"]["strike"])
    assert eleven["pin"] == single["pin"]["strike"]
    assert course["missing"] == []


def test_a_range_of_dates_takes_every_session_in_it(gammacore: CommandLine, tmp_path: Path) -> None:
    picture = tmp_path / "course.png"
    course = gammacore.document(
        "gex", "--seed", "57", "--from", "2026-03-06", "--to", "2026-03-09", "--every", "7200", "--plot", picture
    )

    dates = [one["as_of"][:10] for one in course["moments"]]
    assert sorted(set(dates)) == ["2026-03-06", "2026-03-09"]  # the weekend has none
    assert dates.count("2026-03-06") == 4
    assert picture.stat().st_size > 10_000


def test_a_date_alone_is_that_whole_day_and_people_get_a_table(gammacore: CommandLine) -> None:
    table = gammacore("gex", "--seed", "57", "--from", "2026-03-03", "--every", "7200").out

    for word in ("New York", "09:30:00", "15:30:00", "put wall", "4 moments; the pin moved"):
        assert word in table


def test_a_recorded_chain_is_measured_once_and_holes_are_named(gammacore: CommandLine, shared_data: Path) -> None:
    table = shared_data / "replay_spy_0dte" / "SPY_2026-07-23.csv.gz"

    course = gammacore.document("gex", table, "--underlying", "SPY", "--from", "2026-07-23", "--every", "60")

    times = [one["as_of"] for one in course["moments"]]
    assert len(times) == len(set(times)) == 7
    assert course["missing"][0] == {"at": "2026-07-23T09:30:00-04:00", "reason": "no chain"}


def test_a_line_is_broken_where_nothing_was_measured_and_over_night() -> None:
    minutes = np.array([0.0, 5, 10, 60, 65, 390, 395])

    at, values = _broken(minutes, np.arange(7.0))

    assert np.flatnonzero(np.isnan(at)).tolist() == [3, 6] == np.flatnonzero(np.isnan(values)).tolist()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--to", "11:00"), EXIT_USAGE, "--to is the end of --from; give --from too"),
        (("--from", "soon"), EXIT_USAGE, "'soon' is not a date or a time; write it like 2026-08-19"),
        (("--from", "11:00", "--as-of", "10:00"), EXIT_USAGE, "leave --publish, --as-of and --spot out"),
        (("--from", "11:00", "--to", "10:00"), EXIT_USAGE, "give an end after --from"),
        (("--from", "2026-03-07", "--to", "2026-03-08"), EXIT_FAILED, "give a range with a session"),
        (("--from", "11:00", "--every", "1"), EXIT_USAGE, "give more seconds"),
        (("--from", "11:00", "--plot", "x.doc"), EXIT_USAGE, "end the name in one of .png, .svg, .pdf"),
    ],
)
def test_bad_ranges_are_one_sentence(
    gammacore: CommandLine, words: tuple[str, ...], code: int, sentence: str
) -> None:  # fmt: skip
    refusal = gammacore.refusal("gex", *DAY, *words)

    assert refusal.code == code
    assert sentence in " ".join(refusal.err.split())


def test_one_page_of_cboe_and_a_broker_have_no_course(gammacore: CommandLine, shared_data: Path) -> None:
    page = shared_data / "gex" / "SPY_2023-09-14_1631EDT.csv"

    assert "shows one moment" in gammacore.refusal("gex", page, "--from", "2023-09-14").err
    assert "only as it is now" in gammacore.refusal("gex", "--market", "tradier", "--from", "10:00").err
