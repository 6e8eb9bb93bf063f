"""docs/must-not-regress.md names tests that exist, and every item of both lists has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import ROOT

PAGE = (ROOT / "docs" / "must-not-regress.md").read_text(encoding="utf-8")
TESTS = ROOT / "tests"
NAMED = sorted(set(re.findall(r"`((?:\w+/)+test_\w+\.py|contracts/\w+\.py)(?:::(\w+))?`", PAGE)))
FIRST, SECOND = PAGE.split("## Scalping")


def file_of(name: str) -> Path:
    """Tests stand in `tests/unit/` unless they say otherwise."""
    elsewhere = name.startswith(("integration/", "contracts/"))
    return TESTS / name if elsewhere else TESTS / "unit" / name


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_named_test_exists(file: str, test: str) -> None:
    source = file_of(file).read_text(encoding="utf-8")

    assert not test or re.search(rf"^ *(async )?def {test}\(", source, re.MULTILINE)


@pytest.mark.parametrize(("part", "items"), [(FIRST, 40), (SECOND, 25)], ids=["desks", "scalping"])
def test_every_item_has_a_test(part: str, items: int) -> None:
    rows = re.findall(r"^\| (\d+) \|(.*)$", part, re.MULTILINE)

    assert [int(number) for number, _ in rows] == list(range(1, items + 1))
    assert all("test_" in row for _, row in rows)
