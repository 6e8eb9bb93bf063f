"""Names of a package that are imported from their modules when first asked for: `import gammacore` is light."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def finder(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's `__getattr__`; `homes` has the module of each public name, without "gammacore." in front.

    >>> finder("gammacore", {"InvalidInput": "errors"})("nothing")
    Traceback (most recent call last):
    AttributeError: module 'gammacore' has no attribute 'nothing'
    """

    def find(name: str) -> Any:
        if (home := homes.get(name)) is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"gammacore.{home}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
