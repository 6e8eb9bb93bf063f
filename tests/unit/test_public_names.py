"""`import gammacore` is light, and its public names agree wherever they are listed."""

from __future__ import annotations

import ast
import subprocess
import sys

import gammacore
from conftest import ROOT

HEAVY = ("numpy", "httpx", "requests", "alpaca", "google", "pandas", "scipy", "matplotlib", "rich", "click")


def _names_for_type_checkers() -> set[str]:
    source = (ROOT / "src" / "gammacore" / "__init__.py").read_text(encoding="utf-8")
    block = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_the_type_checking_list_the_lazy_list_and_dir_agree() -> None:
    assert _names_for_type_checkers() == set(gammacore.__all__) == set(dir(gammacore))


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(gammacore, name) is not None for name in gammacore.__all__)


def test_importing_gammacore_loads_nothing_heavy() -> None:
    """P10."""
    code = f"import gammacore, sys; print([m for m in {HEAVY} if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


def test_showing_the_help_loads_nothing_heavy() -> None:
    heavy = [module for module in HEAVY if module != "click"]
    code = (
        "import sys; from gammacore_cli.main import run; run(['--help']);"
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr

    assert loaded.strip() == "[]"
