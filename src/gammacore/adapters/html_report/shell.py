"""What every page is wrapped in: one style, no script, no request to anywhere, readable in light and dark."""

from __future__ import annotations

import os
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path

from gammacore.adapters.html_report.sections import scrolling
from gammacore.errors import StorageError


def shell(title: str, parts: Iterable[str]) -> str:
    """The whole document around the parts of a page."""
    style = files("gammacore.adapters.html_report").joinpath("style.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def picture(svg: str, caption: str) -> str:
    """A drawing in a card, with what is to be seen below it."""
    return f'<figure class="card">{scrolling(svg)}<figcaption>{escape(caption)}</figcaption></figure>'


def write_page(path: Path, html: str) -> None:
    """Write the page, all or nothing: an older page stays until the new one is whole.

    Raises:
        StorageError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(html, encoding="utf-8")
        os.replace(draft, path)
    except OSError as refusal:
        draft.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written ({refusal.strerror or refusal})") from refusal
