"""The README's library example runs as it stands."""

from __future__ import annotations

import re

from conftest import ROOT


def test_the_library_example_of_the_readme_runs() -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    assert examples
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})  # its assertions are the test
