"""The README's library example runs as it stands, and its map is today's tree."""

from __future__ import annotations

import re
import runpy

from conftest import ROOT


def test_the_library_example_of_the_readme_runs() -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    assert examples
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})  # its assertions are the test


def test_the_example_of_an_own_strategy_trades_its_day() -> None:
    report = runpy.run_path(str(ROOT / "examples" / "own_strategy.py"))["main"]()

    assert (report.strategy, report.entries, report.ended, report.finished) == ("ten-shares", 1, 1, True)


def test_every_room_of_the_map_is_there_and_every_room_is_on_the_map() -> None:
    """A new folder of the domain gets its line."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| room | what |") : readme.index("Rules carry numbers")]
    domain = ROOT / "src" / "gammacore" / "domain"
    rooms = {room.name for room in domain.iterdir() if (room / "__init__.py").exists()}

    assert rooms == {name for name in re.findall(r"`(\w+)/`", table) if (domain / name).exists()}
    assert all((ROOT / folder).exists() for folder in re.findall(r"^\| `([\w/]+/)` \|", table, re.MULTILINE))
