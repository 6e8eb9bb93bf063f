"""A fold copied, so that events can be tried on it before they are written."""

from __future__ import annotations

from collections import deque
from copy import copy
from typing import TypeVar

Fold = TypeVar("Fold")


def twin(fold: Fold) -> Fold:
    """A fold that goes its own way from here: its tables are copied, the immutable values in them are shared."""
    other = copy(fold)
    for name, part in vars(fold).items():
        if isinstance(part, dict):
            vars(other)[name] = {key: [*value] if isinstance(value, list) else value for key, value in part.items()}
        elif isinstance(part, deque):
            vars(other)[name] = part.copy()
        elif type(part).__module__.startswith("gammacore.domain") and hasattr(part, "__dict__"):
            vars(other)[name] = twin(part)
    return other
