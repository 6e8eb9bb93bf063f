"""JSON as the desk writes it: compact on the wire, canonical where it is hashed. Rules: DH-140, DH-602, DH-705."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def plain(number: Decimal) -> str:
    """A Decimal as text without an exponent, scale as it is.

    >>> plain(Decimal("1E+3")), plain(Decimal("6.50"))
    ('1000', '6.50')
    """
    return f"{number:f}"


def compact_json(value: Mapping[str, Any]) -> str:
    """One object as it goes on the wire: no spaces, text as it is, keys in the order given. Rule: DH-140.

    >>> compact_json({"symbol": "SPY", "qty": 7.0})
    '{"symbol":"SPY","qty":7.0}'
    """
    return _COMPACT.encode(value)


def canonical_json(value: Any) -> str:
    """The one text of a value: keys sorted, compact, Decimals as plain strings. Rule: DH-705.

    >>> canonical_json({"b": Decimal("1E+2"), "a": [True, None]})
    '{"a":[true,null],"b":"100"}'
    """
    return _CANONICAL.encode(_plain_values(value))


def digest(value: Any, length: int) -> str:
    """The first hex digits of the SHA-256 of a value's canonical JSON.

    >>> len(digest(["0dte_gamma_scalper", 1], 24))
    24
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def _plain_values(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain_values(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_values(part) for part in value]
    return value
