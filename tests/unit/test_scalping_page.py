"""docs/scalping.md is true: its tables are the sources', its commands and links exist. SC-018, SC-702, SC-707."""

from __future__ import annotations

import re

import pytest

import scalping_page
from builders_cli import CommandLine, at_home
from conftest import ROOT
from gammacore.configuration.settings import StrategyName
from gammacore.domain.scalping.capital import ADVICE

PAGE = scalping_page.PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_sources() -> None:
    assert scalping_page.page(PAGE) == PAGE
    assert {name for _, name, _ in scalping_page.BLOCK.findall(PAGE)} == scalping_page.TABLES.keys()


def test_every_setting_of_the_desks_is_told_with_a_sentence() -> None:
    rows = list(scalping_page.settings())[1:]

    assert {key.strip("`") for key, *_ in rows} >= {key for key in scalping_page.KEYS if key.startswith("scalping.")}
    assert all(about for *_, about in rows)


def test_every_strategy_of_the_table_exists() -> None:
    names = re.findall(r"^\| `([a-z][a-z0-9-]+)` \|", PAGE, re.MULTILINE)

    assert names[:4] == [row.strategy for row in ADVICE]
    assert set(names) <= set(StrategyName)


def test_the_credits_name_both_sources() -> None:
    """SC-018."""
    assert "aerichmo/ST0CK" in PAGE
    assert "gamma-scalping](https://github.com/alpacahq/gamma-scalping) (MIT)" in PAGE


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https:)([^)#]+)", PAGE)

    assert links
    assert not [link for link in links if not (ROOT / "docs" / link).exists()]


@pytest.mark.parametrize("code", ["capital_low", "equity_unknown", "pattern_day_trader", "target_below_fees",
                                  "paper_sessions"])  # fmt: skip
def test_every_remark_of_the_preflight_is_explained(code: str) -> None:
    source = (ROOT / "src" / "gammacore" / "wiring" / "checks" / "preflight.py").read_text(encoding="utf-8")

    assert f"| `{code}` |" in PAGE
    assert f"{code}: " in source


def test_the_first_command_trades_a_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    at_home(monkeypatch, tmp_path)  # type: ignore[arg-type]

    assert CommandLine(capsys)("trade", "--strategy", "st0cka", "--step", "600", "--quiet").code == 0
