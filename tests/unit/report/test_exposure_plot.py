"""The profile of dealer gamma: what its axis, its marks and its legend show is what was measured."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from attrs import evolve
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from builders_gex import Row, a_chain
from extent import pairs
from gammacore.adapters.html_report import exposure_plot
from gammacore.adapters.html_report.canvas import PAGE, PRINT, blank
from gammacore.adapters.html_report.exposure_plot import save_exposure_plot, tick_step
from gammacore.domain.gex.flips import Flips
from gammacore.domain.gex.pin import Pin, PinPolarity
from gammacore.domain.gex.survey import GammaSurvey, survey_gamma
from gammacore.domain.gex.units import ExposureUnit, SignModel


def a_survey(
    spot: str, spacing: float, *, strikes: int = 41, heavy_call: float = 0, heavy_put: float = 0,
    flips: tuple[float, ...] = (), sign: SignModel = SignModel.NAIVE, unit: ExposureUnit = ExposureUnit.PER_1PCT,
) -> GammaSurvey:  # fmt: skip
    """Strikes around the spot, calls above it and puts below; the heavy ones are the walls."""
    middle = round(float(spot) / spacing)
    ladder = {spacing * (middle + number) for number in range(-(strikes // 2), strikes // 2 + 1)}
    listed = np.array(sorted({strike for strike in ladder if strike > 0} | ({heavy_call, heavy_put} - {0})))
    survey = survey_gamma(a_chain([Row(float(spot), True, iv=0.5)]), Decimal(spot), sign=sign, unit=unit)
    is_call = listed >= float(spot)
    exposure = evolve(
        survey.exposure,
        strikes=listed,
        call=sign.call * (np.where(is_call, 2e6, 0.0) + np.where(listed == heavy_call, 9e6, 0)),
        put=sign.put * (np.where(is_call, 0.0, 2e6) + np.where(listed == heavy_put, 9e6, 0)),
    )
    return evolve(survey, exposure=exposure, flips=Flips(flips, flips[0] if flips else None, survey.flips.profile))


def texts(survey: GammaSurvey, path: Path, pin: str | None = None) -> list[str]:
    """Every word of the saved picture."""
    at_pin = None if pin is None else Pin(Decimal(pin), PinPolarity.POSITIVE, competing=False, candidates=())
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        save_exposure_plot(path / "gex.svg", survey, at_pin)
    found = re.findall(r"<text[^>]*>(?:<tspan[^>]*>)?(.*?)<", (path / "gex.svg").read_text(encoding="utf-8"))
    return [text for text in found if text]


def ticks(words: list[str]) -> list[float]:
    """Labels of the strike axis: the numbers that stand without a unit before the name of the axis."""
    axis = words[: next(number for number, word in enumerate(words) if word.startswith("strike"))]
    return [float(word.replace(",", "")) for word in axis]


def bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


@pytest.mark.parametrize(
    ("spot", "spacing"),
    [("22.13", 0.5), ("450.51", 1), ("174.30", 2.5), ("4505.10", 5), ("15480.25", 25), ("0.93", 0.05)],
)
def test_every_tick_is_labelled_with_the_strike_it_stands_at(spot: str, spacing: float, tmp_path: Path) -> None:
    labels = ticks(texts(a_survey(spot, spacing), tmp_path))

    assert len(labels) >= 3
    assert len(labels) == len(set(labels))
    steps = {round(right - left, 6) for left, right in pairwise(labels)}
    assert len(steps) == 1, labels
    for label in labels:
        assert label / spacing == pytest.approx(round(label / spacing)), label


@pytest.mark.parametrize("spacing", [0.05, 0.5, 1, 2.5, 5, 10, 25, 100])
@pytest.mark.parametrize("strikes", [5, 12, 40, 130])
def test_the_axis_has_a_few_ticks_whatever_the_spacing(spacing: float, strikes: int) -> None:
    step = tick_step(spacing * strikes, spacing)

    assert 1 <= spacing * strikes / step <= exposure_plot.TICKS
    assert step / spacing == pytest.approx(round(step / spacing)) or step < spacing


def test_spot_and_a_flip_beside_it_have_labels_of_their_own(tmp_path: Path) -> None:
    words = texts(a_survey("450.81", 1, flips=(450.76,)), tmp_path)

    assert {"spot 450.81", "flip 450.76"} <= set(words)


def test_flips_and_walls_beyond_two_percent_widen_the_view(tmp_path: Path) -> None:
    words = texts(a_survey("450.51", 1, heavy_put=435, heavy_call=460, flips=(455.05, 470.5)), tmp_path)

    assert {"put wall 435", "call wall 460", "flip 455.05", "flip 470.50"} <= set(words)
    assert min(ticks(words)) <= 435
    assert max(ticks(words)) >= 470


def test_flips_and_walls_beyond_the_view_are_named_at_its_edge(tmp_path: Path) -> None:
    survey = a_survey("4505.10", 5, heavy_put=4000, heavy_call=5000, flips=(3900.0, 4510.0, 5300.25))

    words = texts(survey, tmp_path, pin="4510")
    assert {"← put wall 4,000", "call wall 5,000 →", "← flip 3,900.00", "flip 5,300.25 →"} <= set(words)
    assert {"flip, pin 4,510.00", "spot 4,505.10"} <= set(words)
    assert min(ticks(words)) > 4200
    assert any(re.fullmatch(r"strike, \d+ of 43 shown", word) for word in words)


def test_a_strike_that_is_both_walls_and_the_pin_is_named_once(tmp_path: Path) -> None:
    words = texts(a_survey("174.30", 2.5, strikes=5, heavy_call=175, heavy_put=175), tmp_path, pin="175")

    assert "call wall, put wall, pin 175" in words


@pytest.mark.parametrize(("unit", "sign"), list(pairs(list(ExposureUnit), SignModel)))
def test_unit_and_sign_model_are_named(unit: ExposureUnit, sign: SignModel, tmp_path: Path) -> None:
    words = texts(a_survey("450.51", 1, unit=unit, sign=sign), tmp_path)

    assert any(word.endswith(f"gamma exposure, {unit.label}") for word in words)
    assert any(f"sign {sign}: " in word for word in words)


def test_the_legend_names_both_signs_and_every_kind_of_mark(tmp_path: Path) -> None:
    words = texts(a_survey("450.51", 1, flips=(451.0,)), tmp_path, pin="450")

    legend = ["positive: dealers long gamma", "negative: dealers short gamma", "spot", "flip", "call wall", "put wall"]
    assert words[-7:] == [*legend, "pin"]


def test_without_a_sign_the_legend_claims_no_side_of_dealers(tmp_path: Path) -> None:
    words = texts(a_survey("450.51", 1, sign=SignModel.UNSIGNED), tmp_path)

    assert not any("dealers" in word for word in words)


def test_positive_gamma_is_blue_and_negative_red() -> None:
    survey = a_survey("450.51", 1, strikes=9)
    figure, axes = blank(8, 5, PRINT)
    exposure_plot._draw(figure, axes, survey.exposure, None, (), PRINT, size=10)

    drawn = {bar.get_height() > 0: to_hex(bar.get_facecolor()) for bar in bars(axes)}
    assert drawn == {True: PRINT.positive, False: PRINT.negative}
    assert int(PRINT.positive[5:], 16) > int(PRINT.positive[1:3], 16)
    assert int(PRINT.negative[1:3], 16) > int(PRINT.negative[5:], 16)


def test_no_label_covers_another_and_no_bar_is_cut() -> None:
    survey = a_survey("450.51", 1, heavy_call=450, heavy_put=449, flips=(448.2, 450.9, 451.4, 459.9, 470.1, 300.0))
    figure, axes = blank(5.6, 3.9)
    exposure_plot._draw(figure, axes, survey.exposure, Decimal(452), survey.flips.roots, PAGE, size=8.5)
    figure.draw_without_rendering()

    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 10
    assert not [one for number, one in enumerate(boxes) for other in boxes[:number] if one.overlaps(other)]
    low, high = axes.get_xlim()
    assert all(low <= bar.get_x() and bar.get_x() + bar.get_width() <= high for bar in bars(axes))
    frame = axes.get_window_extent()
    assert all(frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1 for box in boxes)
    top = axes.transData.transform((0, max(bar.get_y() + bar.get_height() for bar in bars(axes))))[1]
    assert min(box.y0 for box in boxes) >= top - 1


def test_few_strikes_are_shown_however_far_they_are(tmp_path: Path) -> None:
    assert {"spot 450.51", "call wall 451"} <= set(texts(a_survey("450.51", 1, strikes=1), tmp_path))
    assert {"spot 450.51", "call wall 900"} <= set(texts(a_survey("450.51", 900, strikes=3), tmp_path))
