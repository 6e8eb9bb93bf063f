"""Printing: one JSON document for programs, tables for people."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

IN_ASCII = str.maketrans({
    **dict.fromkeys("─━", "-"), **dict.fromkeys("│┃", "|"), **dict.fromkeys("┏┓┗┛┡┩┳┻╇┼╭╮╰╯├┤┬┴┌┐└┘", "+"),
    "✓": "y", "✗": "x", "·": "-", "–": "-", "…": "~", "→": ">", "×": "x", "∞": "inf",
})  # fmt: skip
"""What our tables are drawn with, for terminals of another encoding."""
UNCUT = 80
"""Columns every table of ours fits into."""


class Written:
    """Whether the document of this command line stands on stdout already: there is one, answer or error."""

    document = False


def emit(document: dict[str, object], as_json: bool, render: Callable[[], object]) -> None:
    """Print the document as JSON, or what `render` makes of it for a person."""
    if as_json:
        Written.document = True
        page = partial(json.dumps, document, default=_plain, allow_nan=False, indent=2)
        _print(written if _can_say(written := page(ensure_ascii=False)) else page())
        return
    show(render())


def emit_error(kind: str, exit_code: int, message: str, *, as_line: bool) -> None:
    """Print a failure as JSON, unless the document of the command tells it already; a stream gets it as a last line.

    Decision 0022.
    """
    document: dict[str, object] = {"error": {"kind": kind, "exit_code": exit_code, "message": message}}
    if as_line:
        emit_line(document, as_json=True, line="")
    elif not Written.document:
        emit(document, as_json=True, render=lambda: None)


def emit_line(document: dict[str, object], as_json: bool, line: str) -> bool:
    """Print one of many as it comes, as a line of ndjson or for a person; whether anybody still reads."""
    return _print(json.dumps(document, default=_plain, allow_nan=False, ensure_ascii=False) if as_json else line)


def show(renderable: object) -> None:
    """Print a table or a panel to stdout, or a sentence: in one line and letter by letter, for a path may have [x].

    A table that a narrow terminal cuts short is printed wider than that: better broken lines than half a number.
    """
    from rich.console import Console

    console = Console(highlight=False)
    page = _page(console, renderable)
    if console.width < UNCUT and "…" in page:
        console.width = UNCUT
        page = _page(console, renderable)
    _print(page)


def show_aside(line: object) -> None:
    """Print one line to stderr, where stdout is read by a program."""
    from rich.console import Console

    Console(stderr=True, highlight=False).print(line, soft_wrap=True)


def _page(console: Console, renderable: object) -> str:
    from rich.text import Text

    sentence = isinstance(renderable, str)
    with console.capture() as page:
        console.print(renderable, markup=not sentence, soft_wrap=sentence or isinstance(renderable, Text))
    return page.get().removesuffix("\n")


def _print(page: str) -> bool:
    """Write to stdout; False when the reader has seen enough (`| head -1`). A locale without our lines gets others."""
    if not _can_say(page):
        page = page.translate(IN_ASCII).encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding)
    try:
        click.echo(page)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _can_say(text: str) -> bool:
    """Whether stdout has all these letters."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} is not JSON")
