"""The commented sample configuration: every key with its default and the sentence that says what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from gammacore.configuration.conversion import show
from gammacore.configuration.settings import Settings

HEAD = """\
# gammacore configuration. Every line is a default, commented out: take the # away to change it.
# Options win over environment variables (GAMMACORE_ENTRIES__VIX__FLOOR=14), those over .env, that over this file.
# `gammacore config check` validates it; `gammacore config show` says where each value came from.
"""

TAIL = """
# Any other underlying is described by the same fields as the built-in ones (SPX NDX XSP RUT SPY QQQ IWM):
# [underlyings.GOOG]
# option_root = "GOOG"
# k = "1/8"                 # scale of point distances against SPX
# strike_increment = "2.5"
# base_width = "2.5"
"""


def sample_toml() -> str:
    """A TOML file that says all there is to set and changes nothing."""
    return "\n".join((HEAD, *_section(Settings(), ""), TAIL))


def _section(instance: Any, prefix: str) -> Iterator[str]:
    plain = [a for a in attrs.fields(type(instance)) if not attrs.has(type(getattr(instance, a.name)))]
    nested = [a for a in attrs.fields(type(instance)) if attrs.has(type(getattr(instance, a.name)))]
    if prefix:
        sentence = (type(instance).__doc__ or "").strip().splitlines()[0]
        yield f"\n# {sentence}\n[{prefix}]"
    for attribute in plain:
        value = getattr(instance, attribute.name)
        if isinstance(value, Mapping):
            continue
        yield f"# {attribute.name} = {_toml(value)}    # {attribute.metadata.get('doc', '')}".rstrip(" #")
    for attribute in nested:
        name = f"{prefix}.{attribute.name}" if prefix else attribute.name
        yield from _section(getattr(instance, attribute.name), name)


def _toml(value: Any) -> str:
    if isinstance(value, bool | int):
        return show(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return f'"{show(value)}"'
