"""The pin studied on simulated and real days: what is looked at, what is out and why. Rules: ST-701, ST-702, ST-706."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import gammacore
from builders_cli import CommandLine, at_home
from conftest import ROOT
from gammacore.application.study.pins import MARKS, PinStudy, PinTerms
from gammacore.configuration import Configuration, configure, read_toml
from gammacore.domain.gex.units import TODAY, ExposureUnit, GreeksSource, Rates, SignModel
from gammacore.errors import ConfigurationError, InvalidInput, MissingData
from gammacore.wiring import ExposureTerms, view_exposure
from gammacore.wiring.study.pins import DrawnPins
from gammacore_cli.main import EXIT_DONE, EXIT_FAILED, EXIT_USAGE

MONDAY, FRIDAY = dt.date(2026, 3, 2), dt.date(2026, 3, 6)
SPY_DAY = dt.date(2026, 8, 19)


def week(**other: Any) -> PinStudy:
    figures = {"permutations": 200, "sensitivity": False, **other}
    return gammacore.study_pins(configure([]), MONDAY, FRIDAY, **figures)


@pytest.fixture(scope="module")
def spy(shared_data: Path) -> Configuration:
    folder = shared_data / "replay_spy_0dte"
    recorded = {
        "market.source": f"csv:{folder / f'SPY_{SPY_DAY}.csv.gz'}",
        "market.underlying": "SPY",
        "market.vix_file": folder / "vix_daily.csv",
        "market.closes_file": folder / "spy_close.csv",
    }
    return configure([read_toml(ROOT / "examples" / "spy-0dte.toml"), recorded])


def test_a_week_of_five_days_says_how_little_it_can() -> None:
    study = week()

    assert (study.days, [mark.days for mark in study.marks]) == (5, [5] * 6)
    codes = [warning.code for warning in study.warnings]
    assert codes[:2] == ["simulated_edge", "few_days"]
    assert "a share only to ± 44 points" in study.warnings[1].text
    assert "nothing in these days speaks for the pin" in study.conclusion
    assert study.marks[0].p_holm is None
    assert all(mark.p_holm is not None for mark in study.marks[1:])
    assert "simulated_edge" in repr(study)


def test_the_figures_are_those_of_what_was_seen() -> None:
    study = week(at=[dt.time(14)])
    (mark,) = study.marks
    toward = [(look.close - look.price) * (look.pin - look.price) for look in study.looks]

    assert (mark.toward, mark.of) == (sum(one > 0 for one in toward), sum(one != 0 for one in toward))
    moves = [abs(look.close - look.pin) / Decimal(look.move) for look in study.looks]
    assert mark.nearness == pytest.approx(float(sum(moves) / 5), rel=1e-12)
    first = study.looks[0]
    assert [len(study.to_frame(name)) for name in ("pandas", "polars")] == [5, 5]
    assert first.move == pytest.approx(float(first.price) * float(first.vix) / 100 * (2 / (252 * 6.5)) ** 0.5)


def test_the_same_seed_deals_the_same_and_the_draws_are_those_of_the_rule() -> None:
    import numpy as np

    assert week().to_json() == week().to_json()
    generator = np.random.Generator(np.random.PCG64(7))
    dealt = DrawnPins(7, times=3).permutations(5)
    assert dealt.tolist() == [generator.permutation(5).tolist() for _ in range(3)]
    assert DrawnPins(7, times=3).permutations(5).tolist() == dealt.tolist()


def test_a_mark_after_the_close_of_a_half_day_is_out() -> None:
    day = dt.date(2026, 11, 27)
    study = gammacore.study_pins(configure([]), day, day, permutations=10, sensitivity=False)

    assert {(out.mark.hour, out.reason) for out in study.out} == {(hour, "after_close") for hour in (13, 14, 15)}
    assert [mark.days for mark in study.marks] == [1, 1, 1, 0, 0, 0]
    assert study.marks[-1].undefined["nearness"] == "no_days"
    assert "partial_days" in [warning.code for warning in study.warnings]


def test_a_real_day_has_the_pins_of_gex(spy: Configuration) -> None:
    study = gammacore.study_pins(spy, SPY_DAY, SPY_DAY, permutations=10, sensitivity=False)
    terms = ExposureTerms(SignModel.NAIVE, TODAY, ExposureUnit.PER_100PCT, GreeksSource.MODEL, Rates())

    assert len(study.looks) == 6
    for look in study.looks:
        view = view_exposure(spy, None, terms, as_of=look.mark)
        assert view.pin is not None
        assert (look.pin, look.price) == (view.pin.strike, view.survey.exposure.spot)
    assert {look.vix for look in study.looks} == {Decimal("15.92")}
    assert "estimated_settlement" in [warning.code for warning in study.warnings]


def test_a_chain_older_than_ten_minutes_says_nothing(spy: Configuration, shared_data: Path) -> None:
    """07-23 has seven snapshots and two holes."""
    day = dt.date(2026, 7, 23)
    source = {"market.source": f"csv:{shared_data / 'replay_spy_0dte' / 'SPY_2026-07-23.csv.gz'}"}
    holes = configure([spy.given, source])
    study = gammacore.study_pins(holes, day, day, permutations=10, sensitivity=False)

    assert {out.reason for out in study.out} == {"chain_old"}
    assert sum(mark.days for mark in study.marks) + len(study.out) == len(MARKS)


def test_sensitivity_measures_the_same_moments_in_other_ways(spy: Configuration) -> None:
    study = gammacore.study_pins(spy, SPY_DAY, SPY_DAY, permutations=10, draws=5)
    rows = {
        (row.variant.sign, row.variant.greeks, row.variant.rates, row.variant.drawn): row for row in study.sensitivity
    }

    assert len(rows) == 23  # 24 ways less the configured one
    other_rates = rows[SignModel.NAIVE, GreeksSource.MODEL, Rates(rate=0.0), False]
    inverted = rows[SignModel.INVERTED, GreeksSource.MODEL, Rates(), False]
    drawn = rows[SignModel.NAIVE, GreeksSource.MODEL, Rates(), True]
    assert (other_rates.moments, drawn.moments) == (6, 30)
    assert (other_rates.same_pin, inverted.same_pin) == (1.0, 0.0)
    assert inverted.flip_shift_points == 0.0  # the same curve, turned over
    assert 0.2 < drawn.same_pin < 1.0
    assert rows[SignModel.UNSIGNED, GreeksSource.MODEL, Rates(), False].flip_lost == 1.0


def test_a_chain_without_gamma_of_its_feed_is_not_measured_by_it() -> None:
    study = gammacore.study_pins(configure([]), MONDAY, MONDAY, at=[dt.time(12)], permutations=10, draws=1)

    assert {row.variant.greeks for row in study.sensitivity} == {GreeksSource.MODEL}


def test_the_command_has_the_keys_of_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home(monkeypatch, tmp_path)
    command, days = CommandLine(capsys), ("--from", str(MONDAY), "--to", str(MONDAY))

    document = command.document("pins", *days, "--at", "15:00,10:00", "--draws", "1", "--permutations", "50")
    assert list(document["marks"]) == ["10:00", "15:00"]
    assert {"days", "toward", "of", "interval", "nearness", "p_nearness", "rho", "p_rho"} <= document["marks"][
        "10:00"
    ].keys()
    assert document["sensitivity"]
    shown = command("pins", *days, "--no-sensitivity")
    assert shown.code == EXIT_DONE
    assert shown.out.index("few_days") < shown.out.index("mark")
    assert "unfair" in shown.out


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (
            ["--from", "2026-03-06", "--to", "2026-03-02"],
            EXIT_USAGE,
            "from: 2026-03-06 is after 2026-03-02; give --from",
        ),
        (["--from", "2026-03-07", "--to", "2026-03-08"], EXIT_USAGE, "holds no session"),
        (["--from", "2026-03-06", "--to", "2026-03-06", "--at", "10"], EXIT_DONE, ""),
        (["--from", "2026-03-06", "--to", "2026-03-06", "--at", "noon"], EXIT_USAGE, "'noon' is not a list of times"),
        (["--from", "2026-03-06", "--to", "2026-03-06", "--at", "10:00,10:00"], EXIT_FAILED, "give each time once"),
        (["--from", "2026-03-06", "--to", "2026-03-06", "--permutations", "0"], EXIT_USAGE, "--permutations"),
        (["--from", "2026-03-06", "--to", "2026-03-06", "--market", "tradier"], EXIT_USAGE, "only this moment"),
        (["--from", "2026-03-06", "--to", "2026-03-06", "--market", "csv:none.csv"], EXIT_FAILED, "none.csv"),
    ],
)
def test_bad_input_is_one_sentence(
    options: list[str], code: int, says: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    at_home(monkeypatch, tmp_path)
    answer = CommandLine(capsys)("pins", *options, "--no-sensitivity", "--quiet")

    assert (answer.code, says in answer.err, "Traceback" in answer.err) == (code, True, False)


def test_bad_figures_are_refused() -> None:
    with pytest.raises(InvalidInput, match="permutations"):
        week(permutations=0)
    with pytest.raises(InvalidInput, match="no time"):
        PinTerms(())
    with pytest.raises(ConfigurationError, match="is after"):
        gammacore.study_pins(configure([]), FRIDAY, MONDAY)
    with pytest.raises((MissingData, ConfigurationError)):
        gammacore.study_pins(configure([{"market.source": "csv:none.csv"}]), MONDAY, MONDAY)
