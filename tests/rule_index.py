"""What each numbered rule says, which module implements it and which test holds it: written to the docs.

    python tests/rule_index.py            writes the pages of `PAGES`
    python tests/rule_index.py --check    exits 1 when a page is not what the sources say, or a rule has no sentence

A module claims a rule by naming it (CS-507, DH-301..304, R5) in a docstring or comment; so does a test. The sentences
are written by hand in docs/rules.toml.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FAMILIES = {
    "CS": "the credit-spread desk",
    "DH": "delta hedging",
    "SC": "scalping",
    "ST": "the study",
    "OP": "operations",
    "R": "order safety",
}
PAGES = {
    "credit-spread-rules.md": ("The credit-spread rules", ("CS",)),
    "delta-hedging-rules.md": ("The delta-hedging rules", ("DH",)),
    "scalping-rules.md": ("The scalping rules", ("SC",)),
    "study-rules.md": ("The rules of the study", ("ST",)),
    "operations-rules.md": ("The rules of operations", ("OP",)),
    "house-rules.md": ("The rules of order safety", ("R",)),
}
RULE = re.compile(r"\b(CS|DH|SC|ST|OP|R)(?:-(?=\d{3})|(?=\d{1,2}\b))(\d{1,4})(?:\.\.(?:[A-Z]{1,2}-?)?(\d{1,4}))?\b")
Rule = tuple[str, int]


def rules_in(text: str) -> set[Rule]:
    """Every rule a text names, ranges included.

    >>> sorted(rules_in("Rules: CS-201..203, DH-507, R5."))
    [('CS', 201), ('CS', 202), ('CS', 203), ('DH', 507), ('R', 5)]
    """
    found: set[Rule] = set()
    for family, first, last in RULE.findall(text):
        found.update((family, number) for number in range(int(first), int(last or first) + 1))
    return found


def named_in(text: str) -> set[Rule]:
    """The rules a text names by their own number: of a range its two ends.

    >>> sorted(named_in("CS-201..203"))
    [('CS', 201), ('CS', 203)]
    """
    return {(family, int(end)) for family, *ends in RULE.findall(text) for end in ends if end}


def sentences() -> dict[Rule, str]:
    """What each rule says, in the order of docs/rules.toml."""
    written = tomllib.loads((DOCS / "rules.toml").read_text(encoding="utf-8"))
    return {(family, int(number)): text for family, rules in written.items() for number, text in rules.items()}


def homes(files: Iterable[Path]) -> dict[Rule, list[str]]:
    """Rule to the files that name it."""
    found: dict[Rule, list[str]] = defaultdict(list)
    for path in sorted(files):
        for rule in rules_in(path.read_text(encoding="utf-8")):
            found[rule].append(str(path.relative_to(ROOT)))
    return found


def sources() -> list[Path]:
    return [*(ROOT / "src").rglob("*.py"), *(ROOT / "cli").rglob("*.py")]


def tests() -> list[Path]:
    return [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "tests" / "contracts").glob("*.py")]


def without_sentence(said: Mapping[Rule, str]) -> list[str]:
    """Rules that a module or test names and docs/rules.toml does not explain."""
    named = {rule for path in (*sources(), *tests()) for rule in named_in(path.read_text(encoding="utf-8"))}
    return [name_of(rule) for rule in sorted(named - said.keys())]


def name_of(rule: Rule) -> str:
    family, number = rule
    return f"R{number}" if family == "R" else f"{family}-{number:03d}"


def pages(said: Mapping[Rule, str]) -> dict[Path, str]:
    """Every page as it should stand."""
    modules, held = homes(sources()), homes(tests())
    written = {}
    for name, (title, families) in PAGES.items():
        lines = [
            f"# {title}: what each says, where it lives, and the test that holds it",
            "",
            "Written by `python tests/rule_index.py` from docs/rules.toml and the sources; `make check` refuses a page",
            "that is out of date. Figures are defaults; (ours) marks a choice of this project, and a setting.",
        ]
        for family in families:
            rules = [rule for rule in said if rule[0] == family]
            if not rules:
                continue
            lines += ["", f"## {FAMILIES[family][0].upper()}{FAMILIES[family][1:]}", ""]
            lines += ["| rule | what it says | module | test |", "|---|---|---|---|"]
            for rule in sorted(rules):
                text = said[rule].replace("|", "\\|")
                lines.append(f"| {name_of(rule)} | {text} | {_cell(modules[rule])} | {_cell(held[rule])} |")
        written[DOCS / name] = "\n".join(lines) + "\n"
    return written


def _cell(files: list[str]) -> str:
    names = [name.removeprefix("src/gammacore/").removeprefix("cli/").removeprefix("tests/") for name in files]
    shown = ", ".join(f"`{name}`" for name in names[:3])
    return f"{shown}, {len(names) - 3} more" if len(names) > 3 else shown or "–"


def main() -> int:
    said = sentences()
    if unexplained := without_sentence(said):
        print(f"docs/rules.toml says nothing of {', '.join(unexplained)}: add a sentence for each", file=sys.stderr)
        return 1
    for path, wanted in pages(said).items():
        if "--check" not in sys.argv:
            path.write_text(wanted, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
            print(f"{path.relative_to(ROOT)} is out of date: run python tests/rule_index.py", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
