"""What a source of dividends promises, whichever broker it asks. Rule: SC-425.

Inherit `DividendSourceContract` and give it a fixture `control` that is a `DividendControl`.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from decimal import Decimal
from typing import Protocol

import pytest

from counterparts.world import Asked, Trouble, WireFault, World
from gammacore.domain.pricing.rates import CashDividend
from gammacore.ports.market_data import DividendSource

SYMBOL = "SPY"
SINCE, UNTIL = dt.date(2025, 1, 5), dt.date(2026, 1, 5)
DAY = dt.timedelta(days=1)
YEAR = tuple(
    CashDividend(dt.date.fromisoformat(date), Decimal(amount))
    for date, amount in (
        ("2025-03-21", "1.695528"), ("2025-06-20", "1.761117"), ("2025-09-19", "1.831112"), ("2025-12-19", "1.993368")
    )
)  # fmt: skip
"""The last of them is paid after `UNTIL`."""

GARBLED = (
    "", "null", "[]", "{}", '"none"', "7", "true", "[[]]", "[null]", '[{"results": "null"}]', "<html>Sign in</html>",
    '{"corporate_actions": null}', '{"corporate_actions": []}', '{"corporate_actions": {"cash_dividends": null}}',
    '{"corporate_actions": {"cash_dividends": [null]}}', '[{"request": "SPY"}]', "[" * 100_000,
    '[{"request": "SPY", "results": []}]', '[{"request": "SPY", "results": [{"tables": {"cash_dividends": [null]}}]}]',
    '[{"request": "SPY", "results": [{"tables": {"cash_dividends": null}}]}]',
)  # fmt: skip
"""Bodies of a success that say nothing of the share's dividends."""


class DividendControl(Protocol):
    """The far side of a source: a broker's counterpart over `world`."""

    @property
    def source(self) -> DividendSource:
        """The adapter under test; it asks twice at most."""
        ...

    @property
    def world(self) -> World: ...

    def body(self, *rows: tuple[object, object], symbol: str = SYMBOL, currency: str = "USD") -> str:
        """The whole answer of the broker with these ex-dates and amounts, whatever they are."""
        ...


class DividendSourceContract:
    """The cases."""

    @pytest.fixture
    def control(self) -> DividendControl:
        raise TypeError(f"{type(self).__name__} gives no fixture `control`")

    @staticmethod
    def asked(control: DividendControl) -> list[CashDividend] | None:
        paid = control.source.cash_dividends(SYMBOL, SINCE, UNTIL)
        return None if paid is None else list(paid)

    def told(self, control: DividendControl, body: str) -> list[CashDividend] | None:
        control.world.faults.always(Asked.READ, WireFault(status=200, body=body, content_type="application/json"))
        return self.asked(control)

    def test_it_has_a_name(self, control: DividendControl) -> None:
        assert control.source.name

    def test_the_dividends_of_a_year_come_to_the_last_digit_oldest_first(self, control: DividendControl) -> None:
        control.world.dividends[SYMBOL] = YEAR[::-1]
        control.world.dividends["QQQ"] = (CashDividend(UNTIL, Decimal(9)),)

        assert self.asked(control) == list(YEAR)

    def test_both_ends_are_asked_for_and_what_is_announced_or_long_ago_is_not(self, control: DividendControl) -> None:
        dates = (SINCE - 400 * DAY, SINCE - DAY, SINCE, UNTIL, UNTIL + DAY, UNTIL + 60 * DAY)
        control.world.dividends[SYMBOL] = [CashDividend(date, Decimal(1)) for date in dates]

        assert self.asked(control) == [CashDividend(SINCE, Decimal(1)), CashDividend(UNTIL, Decimal(1))]

    def test_a_list_of_several_pages_is_read_to_its_end(self, control: DividendControl) -> None:
        control.world.settings["actions_a_page"] = "3"
        weekly = [CashDividend(SINCE + 7 * DAY * week, Decimal(week + 1) / 100) for week in range(52)]
        control.world.dividends[SYMBOL] = weekly

        assert self.asked(control) == weekly

    def test_a_share_that_paid_nothing_has_no_dividends_which_is_an_answer(self, control: DividendControl) -> None:
        assert self.asked(control) == []

    def test_a_payment_that_is_listed_twice_counts_once(self, control: DividendControl) -> None:
        assert self.told(control, control.body(("2025-06-20", 1.76), ("2025-06-20", 1.760), ("2025-06-20", 0.5))) == [
            CashDividend(dt.date(2025, 6, 20), Decimal("0.5")),
            CashDividend(dt.date(2025, 6, 20), Decimal("1.76")),
        ]

    @pytest.mark.parametrize(
        "fault",
        [
            WireFault(Trouble.HANG_UP),
            WireFault(Trouble.CUT),
            WireFault(status=401),
            WireFault(status=403),
            WireFault(status=404),
            WireFault(status=429),
            WireFault(status=500),
            WireFault(status=502, body="<html>Bad Gateway</html>", content_type="text/html"),
        ],
        ids=lambda fault: f"{fault.trouble}-{fault.status}",
    )
    def test_without_an_answer_they_are_unknown_and_the_log_says_so_once(
        self, control: DividendControl, fault: WireFault, caplog: pytest.LogCaptureFixture
    ) -> None:
        control.world.dividends[SYMBOL] = YEAR
        control.world.faults.always(Asked.READ, fault)

        assert self.asked(control) is None
        self.warned_once(control, caplog)

    def test_a_trouble_that_passes_costs_a_repeat(self, control: DividendControl) -> None:
        control.world.dividends[SYMBOL] = YEAR
        control.world.faults.plan(Asked.READ, WireFault(status=503))

        assert self.asked(control) == list(YEAR)

    @pytest.mark.parametrize("body", GARBLED, ids=range(len(GARBLED)))
    def test_a_body_that_says_nothing_of_dividends_is_unknown_and_never_none_paid(
        self, control: DividendControl, body: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.told(control, body) is None
        self.warned_once(control, caplog)

    @pytest.mark.parametrize("amount", [-1.76, "-1.76", 0, "0.00", "", None, "NaN", "a lot", "1e400", True, [], {}])
    def test_one_amount_that_is_no_payment_leaves_the_year_unknown(
        self, control: DividendControl, amount: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.told(control, control.body(("2025-03-21", 1.69), ("2025-06-20", amount))) is None
        self.warned_once(control, caplog)

    @pytest.mark.parametrize("ex_date", ["", None, "soon", "2025-02-30", 20250620, True, [], {}])
    def test_one_row_without_a_date_leaves_the_year_unknown(
        self, control: DividendControl, ex_date: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.told(control, control.body(("2025-03-21", 1.69), (ex_date, 1.76))) is None
        self.warned_once(control, caplog)

    def test_what_is_wrong_with_another_year_is_not_asked_about(self, control: DividendControl) -> None:
        body = control.body(("1998-03-20", None), ("2025-03-21", 1.69), ("2026-03-20", "soon"))

        assert self.told(control, body) == [CashDividend(dt.date(2025, 3, 21), Decimal("1.69"))]

    def test_amounts_in_another_currency_are_unknown(self, control: DividendControl) -> None:
        assert self.told(control, control.body(("2025-03-21", 1.69), currency="EUR")) is None

    def test_an_answer_of_another_share_is_unknown(self, control: DividendControl) -> None:
        assert self.told(control, control.body(("2025-03-21", 1.69), symbol="QQQ")) is None

    @pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
    def test_a_body_that_is_cut_is_unknown(self, control: DividendControl, kept: float) -> None:
        body = control.body(("2025-03-21", 1.69), ("2025-06-20", 1.76))
        json.loads(body)

        assert self.told(control, body[: int(kept * len(body))]) is None

    @staticmethod
    def warned_once(control: DividendControl, caplog: pytest.LogCaptureFixture) -> None:
        warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert [record.name for record in warnings] == ["gammacore.adapters.wire.dividends"]
        assert warnings[0].getMessage().startswith(f"{control.source.name}: the cash dividends of SPY are not known: ")
