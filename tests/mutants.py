"""Which small mistakes in the domain would no unit test notice? Draws mutants, runs the tests nearest to each, resumes.

    python tests/mutants.py [--seed 1] [--count 100] [--state FILE] [--limit SECONDS] [--only TEXT]

A mutant is one change of the source: a comparison turned, + for -, `and` for `or`, a `not` removed, a returned True or
False, a number or a Decimal one more. It is made in a copy, never in this tree. It is tried by the module's own
examples and by the unit tests that import the module, or failing those what imports it: nearest first, until one fails.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "gammacore"
UNIT_TESTS = ROOT / "tests" / "unit"
TURNED = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"), ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}  # fmt: skip
NEAREST = 12
"""Test files tried at least, where there are so many: all that import the module, then those of what imports it."""
EXAMPLES = (
    "import doctest, importlib, sys; module = importlib.import_module(sys.argv[1]); "
    "flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.FAIL_FAST; "
    "sys.exit(doctest.testmod(module, optionflags=flags).failed > 0)"
)


@frozen
class Mutant:
    """One change: of the characters [start, end) of a file, which stand on `line`."""

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.old!r} -> {self.new!r} (at {self.start})"

    @property
    def module(self) -> str:
        return module_of(ROOT / self.file)


def module_of(path: Path) -> str:
    """The dotted name of a file of the library."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Sites(ast.NodeVisitor):
    """The changes that can be made in one file; annotations are left alone."""

    def __init__(self, path: Path) -> None:
        self.file, self.text, self.found = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"), list[Mutant]()
        self._lines = [0]
        for line in self.text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self.visit(ast.parse(self.text))

    def _at(self, line: int, column: int) -> int:
        """Place of a column, which `ast` counts in bytes."""
        start = self._lines[line - 1]
        written = self.text[start : self._lines[line]].encode()
        return start + len(written[:column].decode())

    def _begin(self, node: ast.expr) -> int:
        return self._at(node.lineno, node.col_offset)

    def _end(self, node: ast.expr) -> int:
        return self._at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def _add(self, start: int, old: str, new: str) -> None:
        line = self.text.count("\n", 0, start) + 1
        self.found.append(Mutant(self.file, line, start, start + len(old), old, new))

    def _turn(self, operator: ast.AST, left: ast.expr, right: ast.expr) -> None:
        if (turned := TURNED.get(type(operator))) is None:
            return
        begin, old = self._end(left), re.sub(" ", r"\\s+", re.escape(turned[0]).replace(r"\ ", " "))
        if match := re.search(rf"(?<![\w<>=!]){old}(?![\w<>=])", self.text[begin : self._begin(right)]):
            self._add(begin + match.start(), match[0], turned[1])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """Its annotation is no code."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for child in (node.args, *node.body):
            self.visit(child)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Words; Python 3.11 does not tell where in the file their values stand."""

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for operator, left, right in zip(node.ops, (node.left, *node.comparators), node.comparators, strict=False):
            self._turn(operator, left, right)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        words = any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (node.left, node.right))
        if not words:
            self._turn(node.op, node.left, node.right)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._turn(node.op, left, right)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._add(self._begin(node), "not ", "")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
            self._add(self._begin(node.value), str(node.value.value), str(not node.value.value))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        text = self.text[self._begin(node) : self._end(node)]
        if type(node.value) is int and text.isdigit():
            self._add(self._begin(node), text, str(node.value + 1))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "Decimal" and len(node.args) == 1:
            (figure,) = node.args
            if isinstance(figure, ast.Constant) and isinstance(figure.value, str):
                with_one_more = _one_more(figure.value)
                if with_one_more is not None:
                    old = self.text[self._begin(figure) : self._end(figure)]
                    self._add(self._begin(figure), old, f'"{with_one_more}"')
        self.generic_visit(node)


def _one_more(figure: str) -> Decimal | None:
    """The figure with its last digit one more; None where it is no figure."""
    try:
        exponent = Decimal(figure).as_tuple().exponent
    except InvalidOperation:
        return None
    return Decimal(figure) + Decimal(1).scaleb(exponent) if isinstance(exponent, int) else None


def mutants_of_the_domain() -> list[Mutant]:
    """Every change there is, in the order of files and places."""
    return [one for path in sorted((SOURCE / "domain").rglob("*.py")) for one in Sites(path).found]


def imported_by(path: Path) -> set[str]:
    """The modules of ours that a file names in an import; of `from package import name` both, for either may be one."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


class Tests:
    """Which unit tests to ask about a module: nearest by imports, then of its own room, then the smallest first."""

    def __init__(self) -> None:
        self._importers: dict[str, set[str]] = defaultdict(set)
        for path in SOURCE.rglob("*.py"):
            for name in imported_by(path):
                self._importers[name].add(module_of(path))
        self._tests: dict[str, set[Path]] = defaultdict(set)
        builders = {path.stem: imported_by(path) for path in (ROOT / "tests").glob("*.py")}
        for path in UNIT_TESTS.rglob("test_*.py"):
            direct = imported_by(path)
            for name in direct | {far for near in direct for far in builders.get(near, ())}:
                self._tests[name].add(path)

    def of(self, module: str) -> list[Path]:
        asked: dict[Path, None] = {}
        seen, ring, rooms = {module}, {module}, module.split(".")
        while ring and len(asked) < NEAREST:
            near = {path for name in ring for path in self._tests[name]}
            ordered = sorted(
                near,
                key=lambda path: (
                    not any(room.startswith(path.parent.name) for room in rooms), path.stat().st_size, path
                ),
            )  # fmt: skip
            asked |= dict.fromkeys(ordered[: NEAREST - len(asked)] if asked else ordered)
            ring = {importer for name in ring for importer in self._importers[name]} - seen
            seen |= ring
        return list(asked)


def verdict(mutant: Mutant, tests: Sequence[Path], copy: Path, limit: float) -> str:
    """ "killed", "survived" or "out of time", with the mutant in the copy of the library."""
    path = copy / Path(mutant.file).relative_to("src")
    whole = (ROOT / mutant.file).read_text(encoding="utf-8")
    path.write_text(whole[: mutant.start] + mutant.new + whole[mutant.end :], encoding="utf-8")
    places = os.pathsep.join(map(str, (copy, ROOT / "cli", ROOT / "tests")))
    environment = {**os.environ, "PYTHONPATH": places, "CI": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    python, ends = sys.executable, time.monotonic() + limit
    commands = [[python, "-c", EXAMPLES, mutant.module]]
    if tests:
        commands.append([python, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *map(str, tests)])
    try:
        for command in commands:
            left = max(ends - time.monotonic(), 1.0)
            ended = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=left, text=True
            )
            if ended.returncode:
                return "killed"
    except subprocess.TimeoutExpired:
        return "out of time"
    finally:
        path.write_text(whole, encoding="utf-8")
    return "survived"


def tried(mutants: Sequence[Mutant], state: Path, limit: float) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with its verdict; those of the state file are not tried again."""
    known: dict[str, str] = json.loads(state.read_text()) if state.exists() else {}
    tests = Tests()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "src")
        shutil.copytree(SOURCE, copy / SOURCE.name, ignore=shutil.ignore_patterns("__pycache__"))
        for mutant in mutants:
            if str(mutant) not in known:
                known[str(mutant)] = verdict(mutant, tests.of(mutant.module), copy, limit)
                draft = state.with_suffix(".draft")
                draft.write_text(json.dumps(known, indent=1))
                os.replace(draft, state)
            yield mutant, known[str(mutant)]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--count", type=int, default=100)
    asked.add_argument("--limit", type=float, default=300.0, help="seconds a mutant")
    asked.add_argument("--state", type=Path, default=ROOT / ".mutants.json")
    asked.add_argument("--only", default="", help="part of the file's name")
    given = asked.parse_args()
    every = [one for one in mutants_of_the_domain() if given.only in one.file]
    drawn = random.Random(given.seed).sample(every, min(given.count, len(every)))
    print(f"{len(drawn)} of {len(every)} mutants")
    counts: dict[str, int] = defaultdict(int)
    for number, (mutant, how) in enumerate(tried(drawn, given.state, given.limit), 1):
        counts[how] += 1
        print(f"{number:4d} {how:12s} {mutant}", flush=True)
    print(", ".join(f"{how} {count}" for how, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
