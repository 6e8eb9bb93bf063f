"""The Treasury's table: read, asked for by month, and every way in which there is none. Rule: SC-424."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from counterparts.serving import LoopbackServer, serving
from gammacore.adapters.treasury import LARGEST_BYTES, NoTable, Treasury, read_table
from gammacore.domain.pricing.rates import newest_curve

JUNE = """Date,"1 Mo","1.5 Month","2 Mo","3 Mo","1 Yr","30 Yr"
06/02/2026,4.31,4.32,4.33,4.40,4.20,4.90
06/01/2026,4.30,,4.32,4.39,4.19,4.89
"""
MAY = JUNE.replace("06/0", "05/0")
EMPTY = 'Date,"1 Mo","2 Mo"\n'


class Months:
    """A server of tables: the answer of each month, and which were asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []

    async def __call__(self, request: Request) -> Response:
        month = request.path_params["month"]
        assert request.query_params["field_tdr_date_value_month"] == month
        assert request.query_params["type"] == "daily_treasury_yield_curve"
        self.asked.append(month)
        answer = self.answers.get(month, 404)
        if isinstance(answer, int):
            return Response(status_code=answer)
        return answer if isinstance(answer, Response) else PlainTextResponse(answer, media_type="text/csv")


@pytest.fixture
def months() -> Months:
    return Months()


@pytest.fixture
def server(months: Months) -> Iterator[LoopbackServer]:
    path = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/all/{month}"
    with serving(Starlette(routes=[Route(path, months.__call__)])) as running:
        yield running


def on(day: str, server: LoopbackServer) -> Any:
    return Treasury(server.url).par_yields(dt.date.fromisoformat(day))


def test_the_rows_of_this_month_are_asked_for(months: Months, server: LoopbackServer) -> None:
    months.answers = {"202606": JUNE, "202605": MAY}
    curve = newest_curve(on("2026-06-02", server), 0.05)

    assert (curve.date, curve.rate(45).item()) == (dt.date(2026, 6, 2), 0.0432)
    assert months.asked == ["202606"]


def test_nothing_of_tomorrow_is_known(months: Months, server: LoopbackServer) -> None:
    """A study of the first sees the first: its empty cell of 1.5 months is no 0."""
    months.answers = {"202606": JUNE}
    rows = on("2026-06-01", server)

    assert list(rows) == [dt.date(2026, 6, 1)]
    assert rows[dt.date(2026, 6, 1)]["1.5m"] is None
    assert newest_curve(rows, 0.05).rate(45).item() == 0.0431


@pytest.mark.parametrize("june", [EMPTY, "<html>maintenance</html>", "", 404, 500, 429, "Date\n06/01/2026\n"])
def test_the_month_before_stands_in(june: Any, months: Months, server: LoopbackServer) -> None:
    months.answers = {"202606": june, "202605": MAY}

    assert newest_curve(on("2026-06-01", server), 0.05).date == dt.date(2026, 5, 2)
    assert months.asked == ["202606", "202605"]


def test_the_month_before_january_is_december(months: Months, server: LoopbackServer) -> None:
    on("2027-01-02", server)

    assert months.asked == ["202701", "202612"]


def test_no_answer_at_all_is_no_rate_and_raises_nothing(server: LoopbackServer) -> None:
    with server.unplugged():
        rows = on("2026-06-01", server)

    assert rows == {}
    assert newest_curve(rows, 0.05).assumed


def test_an_address_that_is_none_is_no_answer() -> None:
    assert Treasury("http://[").par_yields(dt.date(2026, 6, 1)) == {}


def test_an_endless_answer_is_cut_off(months: Months, server: LoopbackServer) -> None:
    months.answers = {"202606": JUNE + "06/03/2026,4.3\n" * (LARGEST_BYTES // 15 + 1), "202605": MAY}

    assert newest_curve(on("2026-06-03", server), 0.05).date == dt.date(2026, 5, 2)


def test_it_follows_where_the_table_has_moved(months: Months, server: LoopbackServer) -> None:
    path = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/all/202605"
    query = "?field_tdr_date_value_month=202605&type=daily_treasury_yield_curve"
    months.answers = {"202606": RedirectResponse(path + query), "202605": MAY}

    assert list(on("2026-06-01", server)) == [dt.date(2026, 5, 2), dt.date(2026, 5, 1)]


@pytest.mark.parametrize("row", ["yesterday,4.3,4.3", "06/01/2026,four,4.3", "06/01/2026,4.3,1e999999"])
def test_a_row_that_cannot_be_read_is_left_out(row: str) -> None:
    """A figure that cannot be read is unknown, never 0."""
    assert list(read_table(f'Date,"1 Mo","2 Mo"\n05/29/2026,4.3,4.4\n{row}\n')) == [dt.date(2026, 5, 29)]


def test_not_available_is_an_empty_cell() -> None:
    assert read_table('Date,"1 Mo","2 Mo"\n05/29/2026,N/A,4.4\n') == {
        dt.date(2026, 5, 29): {"1m": None, "2m": Decimal("4.4")}
    }


def test_a_page_that_is_no_table_is_refused() -> None:
    with pytest.raises(NoTable):
        read_table("<html></html>")
