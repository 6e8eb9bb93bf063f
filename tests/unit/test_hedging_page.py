"""docs/delta-hedging.md is true: its example, its profiles, its variables and its Python run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from builders_cli import at_home
from conftest import ROOT
from gammacore.configuration import configure, read_environment
from gammacore.configuration.conversion import show
from gammacore.domain.hedging.settings import PROFILES, HedgingSettings, Profile
from gammacore_cli.main import run

PAGE = (ROOT / "docs" / "delta-hedging.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def table(head: str) -> list[list[str]]:
    """The cells of the rows below a head, without the backticks."""
    _, _, below = PAGE.partition(f"| {head} |")
    rows = []
    for line in below.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_example_comes_out_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    at_home(monkeypatch, tmp_path)
    Path("day.ndjson").write_text(block("ndjson in"), encoding="utf-8")

    assert run(["hedge", "day.ndjson", "--assume-fills", "--quiet"]) == 0

    written = capfd.readouterr().out.splitlines()
    expected = [re.escape(line).replace("…", "[0-9a-f]+") for line in block("ndjson out").splitlines()]
    assert len(written) == len(expected)
    for line, pattern in zip(written, expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_the_python_example_runs() -> None:
    exec(compile(block("python"), "delta-hedging.md", "exec"), {})  # its assertions are the test


def test_the_table_of_profiles_is_the_profiles() -> None:
    """DH-002: every row that a profile sets, and no other, with its value in each."""
    rows = table("setting | `standard` | `source` | `shares_v2` | why `standard` differs")
    listed = {name.strip("`"): tuple(value.strip("`") for value in values) for name, *values, _ in rows}
    names = [field.name for field in attrs.fields(HedgingSettings) if field.name != "profile"]
    values = {name: [getattr(PROFILES[profile], name) for profile in Profile] for name in names}

    assert listed == {
        name: tuple(show(value) for value in each)
        for name, each in values.items()
        if any(value != each[0] for value in each)
    }
    assert all(row[-1] for row in rows)


def test_the_table_of_variables_is_what_they_set() -> None:
    """Section 1.5."""
    rows = table("variable | setting under `[hedging]` | default")
    samples = {"EXIT_TIME_ET": "15:45", "GEX_VALUE": "1"}

    assert len(rows) == 8
    for name, setting, default in rows:
        variable, key = name.strip("`"), setting.split("`")[1]
        assert show(getattr(HedgingSettings(), key)) == default.strip("`")
        text = samples.get(variable, default.strip("`"))
        given = configure([read_environment({variable: text})]).given
        assert list(given) == [f"hedging.{key}"]
