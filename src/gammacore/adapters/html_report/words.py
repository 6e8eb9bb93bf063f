"""Words and tones of the page, and what is wider than a phone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from html import escape

from gammacore.domain.sessions import NEW_YORK


def tone(amount: Decimal) -> str:
    """The class of a gain or a loss."""
    return "win" if amount > 0 else "loss" if amount < 0 else ""


def words(code: str) -> str:
    """A code as words: `PROFIT_TARGET` and `profit_target` are profit target, a tag with a capital."""
    told = code.replace("_", " ")
    return escape(told if told.islower() else told.capitalize())


def time(instant: dt.datetime) -> str:
    """New York's clock, to the second only when there are seconds."""
    local = instant.astimezone(NEW_YORK)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def scrolling(content: str) -> str:
    """Content that keeps its width on a narrow screen: it scrolls, by keyboard too, and the line below points on."""
    return (
        f'<div class="scroll" tabindex="0">{content}</div>'
        '<p class="more">Scroll sideways: it goes on to the right →</p>'
    )
