"""How old records become today's: one upcaster per change of an event type, applied in order.

A field that is added to an event (or to anything inside it) with a default needs nothing here: where a record lacks it,
the default is what it means. For any other change append a function that turns the body written before into the body
written now. Records on disk are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the JSON body of one version into that of the next; it may change the body it is given."""

UPCASTERS: Mapping[str, Sequence[Upcaster]] = MappingProxyType({})
"""By event type: the first lifts version 1 to 2, the second 2 to 3. No entry: version 1 is today's."""
