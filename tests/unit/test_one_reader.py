"""Everything that comes from outside is read by one rule: people's files as people write, programs' bodies plainly."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gammacore import configure
from gammacore.adapters.alpaca.bodies import figure
from gammacore.adapters.alpaca.faults import WireTrouble
from gammacore.adapters.study_files import read_pl_history
from gammacore.adapters.tradier.wire import to_decimal
from gammacore.domain.regime.documents import finite_number
from gammacore.errors import ConfigurationError, InvalidInput


@pytest.mark.parametrize("written", ["20,000", "$20,000.00", "20_000", "20 000", "2E4"])
def test_a_setting_is_read_as_people_write_figures(written: str) -> None:
    assert configure([{"sizing.starting_capital": written}]).settings.sizing.starting_capital == 20_000


@pytest.mark.parametrize("written", ["20,00", "0,5", "50%", "nan", "1E99", "\u20ac20000"])
def test_a_setting_that_could_be_two_figures_is_refused(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sizing\.starting_capital"):
        configure([{"sizing.starting_capital": written}])


def test_a_date_of_the_configuration_is_never_guessed() -> None:
    assert str(configure([{"market.date": "260720"}]).settings.market.date) == "2026-07-20"
    with pytest.raises(ConfigurationError, match=r"market\.date"):
        configure([{"market.date": "03/04/2026"}])


def test_profits_are_read_as_spreadsheets_write_them(tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text('pl_per_contract\n"$1,320.00"\n(34.62)\n-5\n')

    assert read_pl_history(history) == [Decimal("1320.00"), Decimal("-34.62"), Decimal(-5)]

    history.write_text('pl_per_contract\n"1,32"\n')
    with pytest.raises(InvalidInput, match="line 2"):
        read_pl_history(history)


@pytest.mark.parametrize("written", ["2,500", "$5", "(5)", "2_500", "5%", "NaN", "1E99", "\u0661"])
def test_a_program_s_body_is_read_plainly(written: str) -> None:
    with pytest.raises(WireTrouble):
        figure({"qty": written}, "qty")
    with pytest.raises(ValueError, match="no figure"):
        to_decimal(written)
    assert finite_number(written) is None
