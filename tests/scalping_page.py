"""The tables of docs/scalping.md that are read off the sources: settings, variables, switches, capital.

python tests/scalping_page.py            writes them into the page
python tests/scalping_page.py --check    exits 1 when the page has others
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from gammacore.adapters.scalping_environment import TABLE, Variable
from gammacore.configuration import Settings
from gammacore.configuration.conversion import show
from gammacore.configuration.settings import flatten
from gammacore.domain.scalping.capital import ADVICE, Asked, need_of
from gammacore_cli.scalping_options import SWITCHES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scalping.md"
BLOCK = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
KEYS = dict(flatten(Settings()))
LIMITS = ("daily_loss", "losses_in_a_row", "carry_streak", "position_share", "heat", "count_open_loss",
          "flatten_on_daily_loss", "kelly", "kelly_fraction")  # fmt: skip


def settings() -> Iterator[tuple[str, ...]]:
    yield ("setting", "default", "what it is")
    for key, value, about in _leaves(Settings().scalping, "scalping."):
        yield f"`{key}`", f"`{show(value)}`", about
    for key, value, about in _leaves(Settings().limits, "limits."):
        if key.removeprefix("limits.") in LIMITS:
            yield f"`{key}`", f"`{show(value)}`", about


def _leaves(instance: Any, prefix: str) -> Iterator[tuple[str, Any, str]]:
    for attribute in attrs.fields(type(instance)):
        value, key = getattr(instance, attribute.name), f"{prefix}{attribute.name}"
        if attrs.has(type(value)):
            yield from _leaves(value, f"{key}.")
        else:
            yield key, value, attribute.metadata.get("doc", "")


def variables() -> Iterator[tuple[str, ...]]:
    yield ("variable", "default", "sets", "what it is")
    yield ("`IS_PAPER_TRADING`", "unset", "`account.paper`",
           "Anything but an explicit false is paper, and vetoes `--live`; unset it vetoes nothing.")  # fmt: skip
    for variable in TABLE:
        sets = f"`{variable.key}`" if variable.key in KEYS else "a credential" if variable.is_credential else "nothing"
        yield f"`{variable.name}`", _default(variable), sets, variable.about


def _default(variable: Variable) -> str:
    if variable.name == "STRATEGY_MODE":
        return "unset"
    value = KEYS.get(variable.key)
    if variable.name == "MAX_DAILY_LOSS":
        value = -Decimal(str(value))
    return "none" if value in (None, "") else f"`{show(value)}`"


def switches() -> Iterator[tuple[str, ...]]:
    yield ("switch", "setting", "of", "what it does")
    for switch in SWITCHES:
        value = "" if switch.kind is not None else f" = {show(switch.value)}"
        yield f"`{switch.option}`", f"`{switch.key}`{value}", ", ".join(sorted(switch.strategies)), switch.help


def capital() -> Iterator[tuple[str, ...]]:
    yield ("strategy", "what it is", "capital advised", "risk", "what the 25 % cap needs at SPY 590")
    for row in ADVICE:
        need = need_of(row.strategy, Asked(price=Decimal(590)))
        yield f"`{row.strategy}`", row.description, row.advised, row.risk, need.words


TABLES = {"settings": settings, "variables": variables, "switches": switches, "capital": capital}


def written(rows: Iterable[tuple[str, ...]]) -> str:
    head, *body = rows
    lines = [head, ("---",) * len(head), *body]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def page(text: str) -> str:
    """The text with every table as the sources have it."""
    return BLOCK.sub(lambda found: f"{found[1]}{written(TABLES[found[2]]())}{found[3]}", text)


def main() -> str | None:
    text = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        return None if page(text) == text else f"{PAGE.name}: a table is out of date; run tests/scalping_page.py"
    PAGE.write_text(page(text), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main())
