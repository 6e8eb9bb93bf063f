"""`setup` says what the desk would do, also where its strikes cannot be."""

from pathlib import Path

import pytest

from builders_cli import CommandLine, at_home

SHARE = """
[underlyings.FORD]
option_root = "F"
exercise = "american"
settlement = "physical"
"""


@pytest.fixture
def gammacore(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    at_home(monkeypatch, tmp_path)
    return CommandLine(capsys)


def test_strikes_beyond_a_tenth_of_the_price_are_a_skip_with_its_numbers(gammacore: CommandLine) -> None:
    """CS-016: a share at 12, described with the distances of an index, would be sold at 30 and at -10."""
    Path("share.toml").write_text(SHARE)
    asked = ("setup", "--config", "share.toml", "--underlying", "FORD", "--pin", "12", "--price", "12", "--vix", "16")
    document = gammacore.document(*asked)

    assert (document["strategy"], document["reason"], document["legs"]) == ("SKIP", "bad_strike", [])
    assert "skip bad_strike: call 30 > 10% from 12" in gammacore(*asked).out
