"""`import gammacore` is light, and its public names agree wherever they are listed."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import gammacore
from gammacore import wiring
from gammacore.configuration import Settings
from gammacore.domain.entries.rules import EntryRules
from gammacore.domain.instruments import REGISTRY
from gammacore.domain.sizing.policies import SizingRules

HEAVY = ("numpy", "httpx", "requests", "alpaca", "google", "pandas", "scipy", "matplotlib", "rich", "click")


LAZY = pytest.mark.parametrize("package", [gammacore, wiring], ids=lambda package: package.__name__)


def _names_for_type_checkers(package: ModuleType) -> set[str]:
    assert package.__file__ is not None
    source = Path(package.__file__).read_text(encoding="utf-8")
    block = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


@LAZY
def test_the_type_checking_list_the_lazy_list_and_dir_agree(package: ModuleType) -> None:
    assert _names_for_type_checkers(package) == set(package.__all__) == set(dir(package))


@LAZY
def test_every_public_name_can_be_had(package: ModuleType) -> None:
    assert all(getattr(package, name) is not None for name in package.__all__)


@LAZY
def test_a_name_that_is_not_public_is_no_attribute(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = package.nothing


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
