"""Reads the source of the domain and the use cases: no clock, randomness, environment or file in it. Rule: R15.

Run by `make check`; exits 1 and names every line that breaks the rule.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "gammacore"
ROOMS = ("domain", "application")
MODULES = {
    "asyncio", "httpx", "io", "logging", "os", "pathlib", "random", "requests", "secrets", "shutil", "socket",
    "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "uuid",
}  # fmt: skip
CALLS = {"open", "print", "input", "exec", "eval"}
METHODS = {"now", "utcnow", "today"}
CLOCKS = {"datetime", "date", "dt"}


def offences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and reason of everything impure."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, f"imports {a.name}") for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield node.lineno, f"imports from {node.module}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.random", "numpy.random"):
            yield node.lineno, "reads randomness"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield node.lineno, f"calls {node.func.id}()"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            holder = ast.unparse(node.func.value).split(".")[-1]
            if holder in CLOCKS:
                yield node.lineno, f"reads the clock: {holder}.{node.func.attr}()"


def main() -> int:
    found = [
        f"{path.relative_to(SOURCE.parent)}:{line}: {reason}"
        for room in ROOMS
        for path in sorted((SOURCE / room).rglob("*.py"))
        for line, reason in offences(ast.parse(path.read_text(encoding="utf-8")))
    ]
    print("\n".join(found) if found else f"pure: {' and '.join(ROOMS)} read no clock, randomness, environment or file")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
