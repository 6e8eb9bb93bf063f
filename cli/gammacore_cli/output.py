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

import click


def emit(document: dict[str, object], as_json: bool, render: Callable[[], object]) -> None:
    """Print the document as JSON, or what `render` makes of it for a person."""
    if as_json:
        _print(json.dumps(document, default=_plain, allow_nan=False, ensure_ascii=False, indent=2))
        return
    show(render())


def show(renderable: object) -> None:
    """Print a table, a panel or a sentence to stdout."""
    from rich.console import Console

    console = Console(soft_wrap=False)
    with console.capture() as page:
        console.print(renderable)
    _print(page.get().removesuffix("\n"))


def _print(page: str) -> None:
    """Write to stdout; a reader that has seen enough (`| head -1`) is no fault."""
    try:
        click.echo(page)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
