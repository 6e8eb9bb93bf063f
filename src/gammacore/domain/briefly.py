"""What a value looks like at a prompt (one line: what it is, its size) and in a notebook (a table). Rule: OP-802."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import attrs

LONGEST = 300
"""Characters of a repr at most."""


def briefly(value: object, *words: object) -> str:
    """`<Name words>` on one line; empty words are left out.

    >>> briefly([], "178 contracts", "", 3)
    '<list 178 contracts 3>'
    """
    said = " ".join(text for text in (str(word) for word in words) if text)
    return _cut(f"<{type(value).__name__} {' '.join(said.split())}", ">")


def rules_briefly(rules: Any) -> str:
    """`Name(field=value)` with the figures that are not the defaults, of an attrs class of rules."""
    told = (
        f"{field.name}={getattr(rules, field.name)!r}"
        for field in attrs.fields(type(rules))
        if getattr(rules, field.name) != _default(field)
    )
    return _cut(f"{type(rules).__name__}({', '.join(told)}", ")")


def every_figure(rules: Any) -> str:
    """`Name(field=value, …)` with every field, however long: what an id may be made of."""
    told = (f"{field.name}={getattr(rules, field.name)!r}" for field in attrs.fields(type(rules)))
    return f"{type(rules).__name__}({', '.join(told)})"


def _default(field: Any) -> object:
    return field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]


def _cut(text: str, end: str) -> str:
    line = " ".join(text.split())
    return line + end if len(line) + len(end) <= LONGEST else f"{line[: LONGEST - 2 - len(end)]} …{end}"


MOST_ROWS = 60
"""Rows of a table in a notebook at most; what is left out is counted."""


def html_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table for a notebook (`_repr_html_`), escaped, below 20 kB; None and NaN are empty cells.

    >>> html_table("two", ["strike", "net"], [(6000, None)])
    '<table><caption>two</caption><tr><th>strike</th><th>net</th></tr><tr><td>6000</td><td></td></tr></table>'
    """
    shown = rows[:MOST_ROWS]
    lines = [_row("th", head), *(_row("td", row) for row in shown)]
    if len(rows) > len(shown):
        lines.append(f'<tr><td colspan="{len(head)}">… {len(rows) - len(shown)} more</td></tr>')
    return f"<table><caption>{escape(caption)}</caption>{''.join(lines)}</table>"


def _row(kind: str, cells: Sequence[object]) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(_cell(cell))}</{kind}>" for cell in cells) + "</tr>"


def _cell(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124  NaN differs from itself
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:LONGEST]
