"""The quirks of Tradier's JSON, each absorbed or refused, none read as zero or empty."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from attrs import frozen

from gammacore.adapters.tradier.faults import decode
from gammacore.adapters.tradier.wire import many, read, read_each, to_decimal, to_instant, to_whole
from gammacore.adapters.wire import UnreadableAnswer


@frozen
class Cells:
    """One cell of each kind."""

    price: Decimal = Decimal(0)
    size: int = 0
    figure: float = 0.0
    name: str = ""
    day: dt.date | None = None
    at: dt.datetime | None = None
    on: bool = False
    class_: str = ""
    maybe: Decimal | None = None
    parts: tuple[Cells, ...] = ()


@pytest.mark.parametrize(
    ("body", "elements"),
    [
        ({"orders": "null"}, []),
        ({"orders": None}, []),
        ({"orders": {"order": "null"}}, []),
        ({"orders": {"order": None}}, []),
        ({"orders": {"order": []}}, []),
        ({"orders": {"order": {"name": "a"}}}, ["a"]),
        ({"orders": {"order": [{"name": "a"}]}}, ["a"]),
        ({"orders": {"order": [{"name": "a"}, {"name": "b"}]}}, ["a", "b"]),
    ],
)
def test_none_one_and_many_look_different_and_are_read_alike(body: object, elements: list[str]) -> None:
    assert [cells.name for cells in read_each(Cells, body, "orders", "order")] == elements
    assert len(many(body, "orders", "order")) == len(elements)


@pytest.mark.parametrize(
    "body",
    [{}, [], None, "null", 7, {"order": []}, {"orders": 7}, {"orders": []}, {"orders": {}}, {"orders": {"fill": []}}],
    ids=str,
)
def test_what_does_not_hold_the_collection_is_never_an_empty_one(body: object) -> None:
    """Rule: CS-572."""
    with pytest.raises(UnreadableAnswer):
        read_each(Cells, body, "orders", "order")


@pytest.mark.parametrize(
    ("cell", "figure"),
    [(1, "1"), (Decimal("1.00000000"), "1"), ("1.5", "1.5"), (-2.4, "-2.4"), ("-0.05", "-0.05"), (0, "0")],
)
def test_figures_come_as_numbers_or_text(cell: object, figure: str) -> None:
    assert to_decimal(cell) == Decimal(figure)


@pytest.mark.parametrize(
    "cell",
    [None, "", "null", "NaN", "Infinity", float("nan"), float("inf"), True, [], {}, "1,5", 10**18, "1e400", "1e-400",
     Decimal("sNaN"), "9" * 5000],
    ids=lambda cell: str(cell)[:12],
)  # fmt: skip
def test_what_is_no_figure_of_a_sane_size_is_refused(cell: object) -> None:
    with pytest.raises(ValueError, match=r"no figure|bounds"):
        to_decimal(cell)


def test_a_whole_number_may_be_written_with_a_point_but_not_be_a_fraction() -> None:
    assert (to_whole(Decimal("21.00000000")), to_whole("-1.0")) == (21, -1)
    with pytest.raises(ValueError, match="not whole"):
        to_whole(Decimal("1.5"))


@pytest.mark.parametrize(
    "cell",
    [1787155200, 1787155200000, "1787155200000", Decimal("1787155200"), "2026-08-19T16:00:00.000Z",
     "2026-08-19T12:00:00", "2026-08-19 12:00:00", "2026-08-19T12:00:00-04:00"],
)  # fmt: skip
def test_an_instant_is_epoch_seconds_or_milliseconds_iso_or_new_york_wall_time(cell: object) -> None:
    assert to_instant(cell) == dt.datetime(2026, 8, 19, 16, tzinfo=dt.UTC)


@pytest.mark.parametrize("cell", [0, -1, "soon", "2026-13-01", True, [], 10**17, "9" * 40])
def test_what_is_no_time_is_refused(cell: object) -> None:
    with pytest.raises(UnreadableAnswer, match=r"it\.at"):
        read(Cells, {"at": cell})


def test_null_and_null_in_quotes_leave_a_field_as_if_it_were_not_there() -> None:
    assert read(Cells, {"maybe": "null", "name": "null", "day": None, "class": ""}) == Cells()


def test_unknown_fields_are_let_be_and_class_is_a_field_like_any_other() -> None:
    assert read(Cells, {"class": "multileg", "new": {"x": [1]}}) == Cells(class_="multileg")


def test_a_model_within_a_model_is_none_one_or_many() -> None:
    assert read(Cells, {"parts": "null"}).parts == ()
    assert [part.size for part in read(Cells, {"parts": {"size": Decimal("1.0")}}).parts] == [1]
    assert [part.size for part in read(Cells, {"parts": [{"size": 1}, {"size": 2}]}).parts] == [1, 2]


def test_a_refusal_names_the_field() -> None:
    with pytest.raises(UnreadableAnswer, match=r"Cells: .*many is no figure.*it\.parts\[1\]|Cells: .*price"):
        read(Cells, {"price": "many"})


@pytest.mark.parametrize("body", ["", "{", "[1, 2", '{"a": NaN}', '{"a": 1e99999999999999999999}', "[" * 100_000])
def test_what_is_no_json_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  json's own words
        decode(body)
