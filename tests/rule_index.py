"""Which module implements a numbered rule, and which test holds it: read from the sources, written to the docs.

    python tests/rule_index.py            writes docs/credit-spread-rules.md
    python tests/rule_index.py --check    exits 1 when the page is not what the sources say

A module claims a rule by naming it (CS-507, CS-201..207) in a docstring or comment; so does a test.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "credit-spread-rules.md"
RULE = re.compile(r"CS-(\d{3})(?:\.\.(?:CS-)?(\d{3}))?")
HEAD = """# The credit-spread rules: where each lives, and the test that holds it

Written by `python tests/rule_index.py` from the sources; `make check` refuses a page that is out of date.

| rule | module | test |
|---|---|---|
"""


def rules_in(text: str) -> set[int]:
    """Every rule a text names, ranges included.

    >>> sorted(rules_in("Rules: CS-201..203, CS-507."))
    [201, 202, 203, 507]
    """
    found: set[int] = set()
    for first, last in RULE.findall(text):
        found.update(range(int(first), int(last or first) + 1))
    return found


def index(files: list[Path]) -> dict[int, list[str]]:
    """Rule to the files that name it."""
    homes: dict[int, list[str]] = defaultdict(list)
    for path in sorted(files):
        for rule in rules_in(path.read_text(encoding="utf-8")):
            homes[rule].append(str(path.relative_to(ROOT)))
    return homes


def page() -> str:
    """The table as it should stand."""
    modules = index([*(ROOT / "src").rglob("*.py"), *(ROOT / "cli").rglob("*.py")])
    tests = index(list((ROOT / "tests").rglob("test_*.py")))
    contracts = index(list((ROOT / "tests" / "contracts").glob("*.py")))
    rows = []
    for rule in sorted(modules.keys() | tests.keys()):
        implemented = [name.removeprefix("src/gammacore/").removeprefix("cli/") for name in modules.get(rule, [])]
        held = [name.removeprefix("tests/") for name in (*tests.get(rule, []), *contracts.get(rule, []))]
        rows.append(f"| CS-{rule:03d} | {_cell(implemented)} | {_cell(held)} |")
    return HEAD + "\n".join(rows) + "\n"


def _cell(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return f"{shown}, {len(names) - 3} more" if len(names) > 3 else shown or "–"


def main() -> int:
    wanted = page()
    if "--check" in sys.argv:
        if PAGE.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is out of date: run python tests/rule_index.py", file=sys.stderr)
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
