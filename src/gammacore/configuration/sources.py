"""Where raw values come from: a TOML file and the environment, each value with its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen

from gammacore.adapters.hedging_environment import hedging_environment
from gammacore.adapters.scalping_environment import not_used, scalping_environment
from gammacore.configuration.settings import UNDERLYINGS, Settings, flatten
from gammacore.domain.risk.arming import says_live
from gammacore.errors import ConfigurationError

ENVIRONMENT_PREFIX = "GAMMACORE_"
SYMBOL_TABLES = (UNDERLYINGS, "hedging.gex_symbols.", "hedging.book_betas.", "broker.fees.by_root.")
"""Tables whose own keys are symbols, so that a variable's letters are capitals there."""
OWN_VARIABLES = {"GAMMACORE_HOME": "storage.home", "FIREBASE_PROJECT_ID": "firestore.project"}
"""Variables with a name of their own, besides those of the hedging desk."""
PAPER = "account.paper"
PAPER_SWITCH = "IS_PAPER_TRADING"


@frozen
class Sourced:
    """A raw value and where it was given: "gammacore.toml", "environment GAMMACORE_...", "option --vix"."""

    value: Any
    source: str


Given = Mapping[str, Sourced]


class SettingError(ConfigurationError):
    """One wrong setting: where it was given, its key, what is wrong, what to write instead.

    `left_out` are the keys without which the rest can be checked: the key itself, or all of a rule that they break
    together. `fix` is "" where `problem` says it.
    """

    def __init__(self, source: str, key: str, problem: str, fix: str = "", left_out: Iterable[str] = ()) -> None:
        super().__init__(f"{source}: {problem}" + (f"; {fix}" if fix else ""))
        self.source = source
        self.key = key
        self.problem = problem
        self.fix = fix
        self.left_out = tuple(left_out) or (key,)


def read_toml(path: Path) -> dict[str, Sourced]:
    """The dotted keys of a TOML file.

    Raises:
        ConfigurationError: not readable, or no TOML: names the file and line.
    """
    try:
        with path.open("rb") as file:
            text = file.read().decode()
        document = tomllib.loads(text, parse_float=Decimal)
    except OSError as wrong:
        raise ConfigurationError(f"{path}: cannot be read ({wrong.strerror}); give a TOML file") from wrong
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise ConfigurationError(f"{path}: cannot be read as TOML: {wrong}") from wrong
    lines = _lines(text)
    return {key: Sourced(value, f"{path}{_line_of(key, lines)}") for key, value in _dotted(document)}


def read_environment(environment: Mapping[str, str | None], source: str = "environment") -> dict[str, Sourced]:
    """Keys from variables: GAMMACORE_ENTRIES__VIX__FLOOR is entries.vix.floor; IS_PAPER_TRADING is account.paper.

    Some have a name of their own: those of the hedging desk (delta-hedging, section 1.5) and of the scalping desks
    (SC-707), FIREBASE_PROJECT_ID, GAMMACORE_HOME. An empty one counts as unset.

    Only an explicit false is not paper, set to nothing included: a mistyped switch must never trade live.

    Raises:
        ConfigurationError: a variable that is a setting but for its underscores, which would set nothing.
    """
    keys = {
        f"hedging.{setting}": Sourced(figure, f"{source} {name}")
        for name, (setting, figure) in hedging_environment(environment, source).items()
    }
    for name, (key, figure) in scalping_environment(environment, _every_key(), source).items():
        keys[key] = Sourced(figure, f"{source} {name}")
    for name, key in OWN_VARIABLES.items():
        if text := (environment.get(name) or "").strip():
            keys[key] = Sourced(text, f"{source} {name}")
    for name, value in environment.items():
        if not value or not name.startswith(ENVIRONMENT_PREFIX):
            continue
        if "__" in name:
            keys[_key_of(name[len(ENVIRONMENT_PREFIX) :])] = Sourced(value, f"{source} {name}")
        elif name not in OWN_VARIABLES and (meant := _with_one_underscore(name[len(ENVIRONMENT_PREFIX) :])):
            fix = f"write {meant}, two underscores for each dot"
            raise SettingError(f"{source} {name}", name, "sets nothing", fix)
    if PAPER_SWITCH in environment:
        live = says_live(environment[PAPER_SWITCH])
        if not live or PAPER not in keys:
            keys[PAPER] = Sourced(not live, f"{source} {PAPER_SWITCH}")
    return keys


def unused_variables(environment: Mapping[str, str | None]) -> tuple[str, ...]:
    """Variables of the older programs that are set and change nothing here: named once, at a start. Rule: SC-707."""
    return not_used(environment, _every_key())


@cache
def _every_key() -> frozenset[str]:
    return frozenset(key for key, _ in flatten(Settings()))


def _key_of(variable: str) -> str:
    """ENTRIES__VIX__FLOOR is entries.vix.floor; the symbol of UNDERLYINGS__GOOG__K stays as it is."""
    key = variable.lower().replace("__", ".")
    for table in SYMBOL_TABLES:
        if key.startswith(table):
            symbol, *rest = key[len(table) :].split(".")
            return ".".join((table.removesuffix("."), symbol.upper(), *rest))
    return key


def _with_one_underscore(variable: str) -> str:
    """The variable meant by ENTRIES_VIX_FLOOR; "" where it is no setting's."""
    keys = (key for key in _every_key() if key.replace(".", "_").upper() == variable.upper())
    return next((ENVIRONMENT_PREFIX + key.replace(".", "__").upper() for key in keys), "")


def _lines(text: str) -> dict[str, int]:
    """The line of each dotted key of a TOML text, as far as a key stands at the beginning of a line."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if (head := _TABLE.match(line)) is not None:
            table = f"{head[1].strip()}."
        elif (head := _TABLE_OF_A_LIST.match(line)) is not None:
            table = f"{head[1].strip()}[]."
            found.setdefault(head[1].strip(), number)
        elif (key := _KEY.match(line)) is not None:
            found[f"{table}{key[1].strip()}".replace('"', "").replace("'", "")] = number
    return found


def _line_of(key: str, lines: Mapping[str, int]) -> str:
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return f", line {lines[key]}" if key else ""


_TABLE = re.compile(r"\s*\[([^\[\]]+)\]")
_TABLE_OF_A_LIST = re.compile(r"\s*\[\[([^\[\]]+)\]\]")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")


def _dotted(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
