"""A credential among the settings is refused with its place and the fix, and is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from gammacore.configuration import configure, read_environment, read_toml
from gammacore.errors import ConfigurationError


@pytest.mark.parametrize(
    "text",
    ['TRADIER_TOKEN = "sesame"', '[tradier]\ntoken = "sesame"', '[alpaca.paper]\nsecret_key = "sesame"',
     '[broker]\ntradier_account = "sesame"'],
)  # fmt: skip
def test_a_toml_file_is_no_place_for_credentials(text: str, tmp_path: Path) -> None:
    file = tmp_path / "gammacore.toml"
    file.write_text(text)

    with pytest.raises(ConfigurationError, match=r"gammacore\.toml, line \d: .*keyring set gammacore") as refused:
        configure([read_toml(file)])

    assert "sesame" not in str(refused.value)


def test_nor_is_a_variable_of_the_settings() -> None:
    with pytest.raises(ConfigurationError, match="give TRADIER_TOKEN as an environment variable") as refused:
        configure([read_environment({"GAMMACORE_TRADIER__TOKEN": "sesame"})])

    assert "sesame" not in str(refused.value)
