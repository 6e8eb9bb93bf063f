"""`import gammacore` is light, and its public names agree wherever they are listed."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import gammacore
from conftest import ROOT
from gammacore.configuration import Settings
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sizing.policies import SizingRules

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


def test_sizing_with_nothing_configured_loads_nothing_heavy_and_no_settings(tmp_path: Path) -> None:
    heavy = [*(module for module in HEAVY if module not in {"click", "rich"}), "gammacore.configuration"]
    code = (
        "import sys; from gammacore_cli.main import run; run(['size', '--balance', '25000', '--json', '--quiet']);"
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GAMMACORE_")}

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env=plain
    )

    assert json.loads(answer.stdout)["contracts"] == 1
    assert answer.stderr.strip() == "[]"


def test_the_defaults_of_a_rule_are_those_of_the_settings() -> None:
    """What a command takes that loads no settings."""
    assert Settings().sizing == SizingRules()
    assert Settings().entries == EntryRules()
    assert Settings().underlying("spx") is REGISTRY["SPX"]


def test_showing_the_help_loads_nothing_heavy() -> None:
    heavy = [module for module in HEAVY if module != "click"]
    code = (
        "import sys; from gammacore_cli.main import run; run(['--help']);"
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr

    assert loaded.strip() == "[]"
