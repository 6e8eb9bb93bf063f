"""Follows Alpaca's page tokens to the end, and no further: alpaca-py itself would follow a repeated one for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gammacore.adapters.alpaca.bodies import Row, row_of, unreadable, words

MOST_PAGES = 50


def pages(ask: Callable[[str | None], object], what: str) -> Iterator[Row]:
    """Each page of an answer; `ask` is given the token of the page it shall bring, None for the first.

    Raises:
        WireTrouble: no object, a token that comes twice, or pages without an end.
    """
    token: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = row_of(ask(token), what)
        yield page
        token = words(page, "next_page_token")
        if not token:
            return
        if token in seen:
            raise unreadable(f"{what} repeat a page")
        seen.add(token)
    raise unreadable(f"{what} have more than {MOST_PAGES} pages")
