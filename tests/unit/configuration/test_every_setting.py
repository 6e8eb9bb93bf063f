"""The configuration as a careless hand writes it: each mistake is named with its place and its fix. cli.md."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from gammacore.adapters.recorded.columns import ColumnMap
from gammacore.configuration import Settings, configure, read_environment, read_toml, sample_toml
from gammacore.domain.instruments import Underlying
from gammacore.errors import ConfigurationError


def written(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "gammacore.toml"
    path.write_text(text, encoding="utf-8")
    return configure([read_toml(path)]).settings


def test_the_whole_sample_taken_at_its_word_is_what_holds_without_it(tmp_path: Path) -> None:
    """`config init`: every default, numbers as numbers."""
    lines = sample_toml().split("# Any other underlying")[0].splitlines()
    taken = [re.sub(r"^# (?=[\w.]+ = )", "", line) for line in lines]

    assert written(tmp_path, "\n".join(taken)) == Settings()
    assert "slippage = 0    # Points lost" in "\n".join(taken)


@pytest.mark.parametrize(
    "name",
    [
        *(field.name for field in attrs.fields(Underlying) if field.name not in ("symbol", "ticks")),
        *(field.name for field in attrs.fields(ColumnMap)),
    ],
)
def test_the_sample_names_every_field_of_an_underlying_and_of_a_table(name: str) -> None:
    words = sample_toml().split("# Any other underlying")[1]

    assert re.search(rf"\b{name} = ", words) or re.search(rf"\b{name}\b", words.split("market.columns")[1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[entries]\nvix = 3", r"line 2: entries\.vix is a table: write \[entries\.vix\] and under it floor, "),
        ("[[account]]\npaper = true", r"account is a table: write \[account\] and under it id, broker, paper, "),
        ('[market]\ncolumns = "foo"', r"line 2: market\.columns is a table: write .* and under it bid, ask, time"),
        ("[underlyings]\nGOOG = 3", r"line 2: underlyings\.GOOG is a table: write .* option_root"),
        (
            "[entries.schedule]\ntimes = 5",
            r"line 2: entries\.schedule\.times: 5 is not valid; give a list, each a time",
        ),
        ('[entries.schedule]\ntimes = ["10:00", "noon"]', r'times: noon is not valid; give a time like "10:00"'),
        ("[hedging]\ngex_symbols = 3", r"hedging\.gex_symbols: 3 is not valid; give a table, each value a text"),
        ("[broker.fees]\nby_root = 1", r"by_root: 1 is not valid; give a table, each value a number"),
    ],
)
def test_a_value_of_the_wrong_shape_is_reported_with_its_line_and_fix(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=words):
        written(tmp_path, text)


def test_a_variable_with_too_few_underscores_is_no_silence() -> None:
    """GAMMACORE_STOPS_PRESET would leave the preset as it is, and the trader believing otherwise."""
    with pytest.raises(
        ConfigurationError, match="environment GAMMACORE_STOPS_PRESET: sets nothing; write GAMMACORE_ST"
    ):
        read_environment({"GAMMACORE_STOPS_PRESET": "head"})

    assert read_environment({"GAMMACORE_HOME": "x", "GAMMACORE_SOMEBODY_ELSES": "1"}).keys() == {"storage.home"}


def test_a_fee_of_a_root_can_be_a_variable() -> None:
    """Roots are capitals, as in the file."""
    given = read_environment({"GAMMACORE_BROKER__FEES__BY_ROOT__NDXP": "0.90"})

    assert configure([given]).settings.broker.fees.of_root("NDXP") == Decimal("0.90")


def test_a_program_gives_plain_values_and_is_reported_like_a_file() -> None:
    assert configure([{"market.underlying": "SPY"}]).settings.market.underlying == "SPY"
    with pytest.raises(ConfigurationError, match=r"program: market\.seed: x is not valid; give a whole number"):
        configure([{"market.seed": "x"}])
